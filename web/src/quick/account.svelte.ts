// What a person has set in the inbox and holds here too: which key sends, and how strong the colours are.
import { live, maybeSession } from './live';

interface Held { enter_sends?: boolean; contrast?: string }
const strong = matchMedia('(prefers-contrast: more)');
const system = $state({ strong: strong.matches });
strong.addEventListener('change', () => (system.strong = strong.matches));

const held = (): Held => (maybeSession() && (live.me().preferences['inbox'] as Held | undefined)) || {};

export const account = {
  get enterSends(): boolean { return held().enter_sends !== false; },
  get highContrast(): boolean {
    const { contrast } = held();
    return contrast === 'high' || (contrast !== 'normal' && system.strong);
  },
};
