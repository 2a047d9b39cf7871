// The time zone that times are shown in: the device's own, or one that was chosen in this browser. The server is told which.
import { updateMe } from '$core/api';
import { useTimeZone } from '$core/text/time';
import { client } from '../live';

const KEY = 'parlor.zone';
const state = $state({ name: '' });

const device = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

function use(name: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name || undefined });
  } catch {
    return; // a name that this browser does not know
  }
  state.name = name;
  useTimeZone(name);
}

export const zone = {
  /** Empty where the device's own holds. */
  get name() { return state.name; },
  start(): void {
    try {
      use(localStorage.getItem(KEY) ?? '');
    } catch {
      // private window
    }
  },
  /** Colleagues see what time it is where one works: the first client tells. */
  adopt(known: string): void {
    if (!known) void updateMe(client, { time_zone: device() }).catch(() => {});
  },
  async choose(name: string): Promise<void> {
    await updateMe(client, { time_zone: name || device() });
    use(name);
    try {
      localStorage.setItem(KEY, name);
    } catch {
      // it lasts as long as the page
    }
  },
};
