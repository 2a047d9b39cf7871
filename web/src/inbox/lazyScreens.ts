// The parts of the signed-in inbox whose scripts are fetched apart. Soon after the start all are: what is opened by a key must be there when the
// next key is pressed, and what is opened without a connection must be there at all.
export const lazyScreens = {
  search: () => import('./SearchScreen.svelte'),
  drafts: () => import('./DraftsScreen.svelte'),
  me: () => import('./MeScreen.svelte'),
  newConversation: () => import('./dialogs/NewConversation.svelte'),
  browse: () => import('./dialogs/BrowseChannels.svelte'),
  palette: () => import('./dialogs/Palette.svelte'),
  pick: () => import('./dialogs/Pick.svelte'),
  shortcuts: () => import('./dialogs/Shortcuts.svelte'),
  lightbox: () => import('./thread/Lightbox.svelte'),
  collision: () => import('./thread/Collision.svelte'),
  uploads: () => import('$thread/UploadStrip.svelte'),
  completion: () => import('./thread/Completion.svelte'),
  threadPanel: () => import('./thread/ThreadPanel.svelte'),
  details: () => import('./panel/DetailsPanel.svelte'),
};

export const prefetchScreens = (): void => void Promise.allSettled(Object.values(lazyScreens).map((load) => load()));
