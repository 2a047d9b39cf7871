// A component for each icon out of its shapes. Only the built file has these; see icons.mjs.
import type { Component, ComponentProps } from 'svelte';
import Icon from './Icon.svelte';

type Given = Omit<ComponentProps<typeof Icon>, 'shapes'>;

export const icon = (shapes: string): Component<Given> => ((anchor, given) => Icon(anchor, Object.setPrototypeOf({ shapes }, given))) as Component<Given>;
