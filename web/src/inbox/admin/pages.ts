// The pages of the administration in their order, with icons and what loads them. Rights: entries.ts.
import Activity from '@lucide/svelte/icons/activity';
import Building2 from '@lucide/svelte/icons/building-2';
import Eraser from '@lucide/svelte/icons/eraser';
import Grid3x3 from '@lucide/svelte/icons/grid-3x3';
import KeyRound from '@lucide/svelte/icons/key-round';
import LogIn from '@lucide/svelte/icons/log-in';
import Radio from '@lucide/svelte/icons/radio';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import ShieldCheck from '@lucide/svelte/icons/shield-check';
import SlidersHorizontal from '@lucide/svelte/icons/sliders-horizontal';
import Store from '@lucide/svelte/icons/store';
import Users from '@lucide/svelte/icons/users';
import type { Component } from 'svelte';
import type { AdminGroup, AdminPage } from './entries';

type Screen = Promise<{ default: Component }>;
export interface Entry { id: AdminPage; group: AdminGroup; icon: Component<{ size?: number }>; load: () => Screen }

export const GROUPS: AdminGroup[] = ['people', 'rules', 'developers', 'system'];
export const PAGES: Entry[] = [
  { id: 'users', group: 'people', icon: Users, load: () => import('./users/UsersPage.svelte') },
  { id: 'roles', group: 'people', icon: ShieldCheck, load: () => import('./roles/RolesPage.svelte') },
  { id: 'matrix', group: 'people', icon: Grid3x3, load: () => import('./roles/MatrixPage.svelte') },
  { id: 'teams', group: 'people', icon: Building2, load: () => import('./groups/TeamsPage.svelte') },
  { id: 'stores', group: 'people', icon: Store, load: () => import('./groups/StoresPage.svelte') },
  { id: 'settings', group: 'rules', icon: SlidersHorizontal, load: () => import('./settings/SettingsPage.svelte') },
  { id: 'retention', group: 'rules', icon: Eraser, load: () => import('./retention/RetentionPage.svelte') },
  { id: 'audit', group: 'rules', icon: ScrollText, load: () => import('./audit/AuditPage.svelte') },
  { id: 'api-keys', group: 'developers', icon: KeyRound, load: () => import('./keys/ApiKeysPage.svelte') },
  { id: 'host-keys', group: 'developers', icon: LogIn, load: () => import('./keys/HostKeysPage.svelte') },
  { id: 'realtime', group: 'developers', icon: Radio, load: () => import('./realtime/RealtimePage.svelte') },
  { id: 'health', group: 'system', icon: Activity, load: () => import('./health/HealthPage.svelte') },
];

export const pageOf = (id: string | undefined): Entry | undefined => PAGES.find((entry) => entry.id === id);
