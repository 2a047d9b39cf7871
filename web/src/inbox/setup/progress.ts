// How far the first run is. Kept in the browser, so that a reload goes on where it was.
export const STEPS = ['admin', 'company', 'channel', 'people', 'embed'] as const;
export type Step = (typeof STEPS)[number];
export interface Progress { step: Step; channel: string | null }

const KEY = 'parlor.setup';

export function read(): Progress | null {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Partial<Progress> | null;
    return kept && STEPS.includes(kept.step as Step) ? { step: kept.step as Step, channel: kept.channel ?? null } : null;
  } catch {
    return null;
  }
}

export function write(progress: Progress | null): void {
  try {
    if (progress) localStorage.setItem(KEY, JSON.stringify(progress));
    else localStorage.removeItem(KEY);
  } catch {
    // private window: a reload leads to the inbox, where everything can be done as well
  }
}

export const next = (step: Step): Step | null => STEPS[STEPS.indexOf(step) + 1] ?? null;
/** The administrator is made once: there is no way back to that. */
export const previous = (step: Step): Step | null => (STEPS.indexOf(step) > 1 ? STEPS[STEPS.indexOf(step) - 1]! : null);
