// One colour of the host's choice -> the colours that the messenger makes of it, each readable where it stands.

type Rgb = [number, number, number];
const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];
const READABLE = 4.5;
const VISIBLE = 3;
const SURFACES: Record<'light' | 'dark', Rgb> = { light: [255, 255, 255], dark: [29, 33, 41] };

export function parse(hex: string): Rgb {
  const digits = hex.slice(1);
  const full = digits.length === 3 ? [...digits].map((digit) => digit + digit).join('') : digits;
  return [0, 2, 4].map((at) => Number.parseInt(full.slice(at, at + 2), 16)) as Rgb;
}

const text = (colour: Rgb) => `#${colour.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
const mix = (a: Rgb, b: Rgb, share: number): Rgb => a.map((part, index) => Math.round(part + (b[index]! - part) * share)) as Rgb;

function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** The colour itself, or as much nearer to `end` as it must be to be read on each of `grounds`. */
function readable(colour: Rgb, end: Rgb, grounds: Rgb[]): Rgb {
  for (let share = 0; share <= 1; share += 0.04) {
    const found = mix(colour, end, share);
    if (grounds.every((ground) => contrast(found, ground) >= READABLE)) return found;
  }
  return end;
}

export function accentColours(hex: string, theme: 'light' | 'dark'): Record<string, string> {
  const accent = parse(hex);
  const surface = SURFACES[theme];
  const on = contrast(WHITE, accent) >= READABLE ? WHITE : BLACK;
  // Away from the letters on it, so that they stay readable while the pointer is there.
  const hover = mix(accent, on === WHITE ? BLACK : WHITE, 0.14);
  const selected = mix(surface, accent, theme === 'light' ? 0.12 : 0.26);
  const letters = readable(accent, theme === 'light' ? BLACK : WHITE, [surface, selected]);
  return {
    '--c-accent': text(accent),
    '--c-accent-hover': text(hover),
    '--c-on-accent': text(on),
    '--c-bubble-out': text(accent),
    '--c-selected': text(selected),
    '--c-accent-text': text(letters),
    '--c-focus': text(letters),
    '--rim': contrast(accent, surface) < VISIBLE ? 'var(--c-line-strong)' : 'transparent',
  };
}
