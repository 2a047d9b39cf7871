// Lucide's icons as plain pictures. The package draws each one by a component that spreads attributes over elements made one by one, which is
// most of what a screen full of buttons costs; here the drawing is written into the component when the app is built.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ICON = /@lucide\/svelte\/dist\/icons\/[\w-]+\.svelte$/;

const drawing = (code, id) => {
  const data = /const iconData = (\{.*\});/.exec(code);
  if (!data) throw new Error(`${id} is not written as expected`);
  return shapesOf(JSON.parse(data[1]).node);
};

const shapesOf = (node) => node.map(([tag, attributes]) => `<${tag} ${Object.entries(attributes).map(([name, value]) => `${name}="${value}"`).join(' ')} />`).join('');

/** In the quick messenger, where bytes count for more than a moment, all icons share one frame: src/quick/icon.ts. */
export function framedIcons(frame) {
  return {
    name: 'framed-icons',
    enforce: 'pre',
    async resolveId(source, importer) {
      if (!source.startsWith('@lucide/svelte/icons/')) return null;
      const found = await this.resolve(source, importer, { skipSelf: true });
      return `\0${found.id}.framed`;
    },
    load(id) {
      const entry = /^\0(.*)\.framed$/.exec(id)?.[1];
      if (!entry) return null;
      // A renamed icon leads to the file of its new name.
      const file = join(dirname(entry), /"\.\/([\w-]+\.svelte)"/.exec(readFileSync(entry, 'utf8'))[1]);
      const code = `import { icon } from ${JSON.stringify(frame)};\nexport default /* @__PURE__ */ icon(${JSON.stringify(drawing(readFileSync(file, 'utf8'), file))});`;
      return { code, moduleType: 'js' };
    },
  };
}

export function plainIcons() {
  return {
    name: 'plain-icons',
    enforce: 'pre',
    transform(code, id) {
      if (!ICON.test(id)) return null;
      return { code: component(drawing(code, id)), map: null };
    },
  };
}

/** What the inbox uses of an icon's properties, and no more. */
function component(shapes) {
  return `<script lang="ts">
  let { size = 24, class: classes, 'aria-label': label }: { size?: number; class?: string; 'aria-label'?: string; 'aria-hidden'?: string | boolean } = $props();
</script>

<svg xmlns="http://www.w3.org/2000/svg" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" class={classes} role={label ? 'img' : undefined} aria-label={label} aria-hidden={label ? undefined : 'true'}>${shapes}</svg>
`;
}
