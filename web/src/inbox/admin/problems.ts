// A refusal of the server as the form shows it: at its field where it names one, else above the buttons.
import { ApiError } from '$core/api';
import { reasonOf } from '$ui/errors';

export interface Wrong { field: string | null; text: string }

export function wrongOf(error: unknown): Wrong {
  const field = error instanceof ApiError ? (error.field ?? (error.code === 'conflict' ? (error.rule ?? null) : null)) : null;
  const words = error instanceof ApiError && error.code === 'conflict' && error.message ? error.message : reasonOf(error);
  return { field, text: words };
}

export const at = (wrong: Wrong | null, field: string): string | null => (wrong?.field === field ? wrong.text : null);
/** What belongs to no field of this form. */
export const elsewhere = (wrong: Wrong | null, fields: string[]): string | null => (wrong && !fields.includes(wrong.field ?? '') ? wrong.text : null);
