// A question before something that cannot be undone: `if (await ask({…})) …`.
export interface Question {
  title: string;
  text: string;
  yes: string;
  /** Nothing is lost by a yes. */
  calm?: boolean;
}
const state = $state<{ open: (Question & { answer: (yes: boolean) => void }) | null }>({ open: null });

export const question = {
  get open() {
    return state.open;
  },
};

export function ask(about: Question): Promise<boolean> {
  return new Promise((resolve) => {
    state.open = {
      ...about,
      answer: (yes) => {
        state.open = null;
        resolve(yes);
      },
    };
  });
}
