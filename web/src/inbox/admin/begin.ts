// The way into the administration: first its texts, then its screens.
import type { Component } from 'svelte';
import { i18n } from '$ui/i18n.svelte';
import { texts } from './texts';

let ready: Promise<void> | null = null;

export async function begin(): Promise<Component> {
  ready ??= i18n.extend(texts).catch((error: unknown) => {
    ready = null;
    throw error;
  });
  const [{ default: Admin }] = await Promise.all([import('./Admin.svelte'), ready]);
  return Admin;
}
