// Where in a conversation one was reading, for coming back to it during this visit. At its end, nothing needs to be remembered.
import type { Id } from '$core/api';

export const positions = new Map<Id, number>();
