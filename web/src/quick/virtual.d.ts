// The stylesheet of the messenger as text: build.mjs puts it in place.
declare module 'virtual:quick-styles' {
  const css: string;
  export default css;
}
