// Something that is fetched when a page opens: what came, what went wrong, and fetching again. What is shown stays while
// it is fetched anew.
export interface Resource<T> {
  value: T | undefined;
  readonly error: unknown;
  readonly busy: boolean;
  reload: () => Promise<void>;
}

export function resource<T>(fetchIt: () => Promise<T>): Resource<T> {
  const state = $state<{ value: T | undefined; error: unknown; busy: boolean }>({ value: undefined, error: null, busy: false });
  let run = 0;
  const reload = async (): Promise<void> => {
    const mine = ++run;
    state.busy = true;
    try {
      const value = await fetchIt();
      if (mine !== run) return;
      state.value = value;
      state.error = null;
    } catch (error) {
      if (mine === run) state.error = error;
    }
    if (mine === run) state.busy = false;
  };
  void reload();
  return {
    get value() { return state.value; },
    set value(value) { state.value = value; },
    get error() { return state.error; },
    get busy() { return state.busy; },
    reload,
  };
}
