// What a browser says of itself, in two words. Pure.
const BROWSERS: [RegExp, string][] = [
  [/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/SamsungBrowser\//, 'Samsung Internet'], [/Firefox\/|FxiOS\//, 'Firefox'], [/HeadlessChrome\/|Chrome\/|CriOS\//, 'Chrome'], [/Safari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/iPhone|iPad/, 'iOS'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/CrOS/, 'ChromeOS'], [/Mac OS X|Macintosh/, 'macOS'], [/Linux/, 'Linux'],
];
const first = (list: [RegExp, string][], text: string) => list.find(([shape]) => shape.test(text))?.[1] ?? null;

export interface Named { browser: string | null; system: string | null }
export function nameOf(agent: string | null): Named {
  return { browser: first(BROWSERS, agent ?? ''), system: first(SYSTEMS, agent ?? '') };
}
