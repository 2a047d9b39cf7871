// Lucide's icons as plain pictures. The package draws each one by a component that spreads attributes over elements made one by one, which is
// most of what a screen full of buttons costs; here the drawing is written into the component when the app is built.
const ICON = /@lucide\/svelte\/dist\/icons\/[\w-]+\.svelte$/;

export function plainIcons() {
  return {
    name: 'plain-icons',
    enforce: 'pre',
    transform(code, id) {
      if (!ICON.test(id)) return null;
      const data = /const iconData = (\{.*\});/.exec(code);
      if (!data) throw new Error(`${id} is not written as expected`);
      return { code: component(JSON.parse(data[1]).node), map: null };
    },
  };
}

/** What the inbox uses of an icon's properties, and no more. */
function component(node) {
  const shapes = node.map(([tag, attributes]) => `<${tag} ${Object.entries(attributes).map(([name, value]) => `${name}="${value}"`).join(' ')} />`).join('');
  return `<script lang="ts">
  let { size = 24, class: classes, 'aria-label': label }: { size?: number; class?: string; 'aria-label'?: string; 'aria-hidden'?: string | boolean } = $props();
</script>

<svg xmlns="http://www.w3.org/2000/svg" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" class={classes} role={label ? 'img' : undefined} aria-label={label} aria-hidden={label ? undefined : 'true'}>${shapes}</svg>
`;
}
