// The actions of the palette: what can be done with the open conversation, where one can go, and how the app looks.
import Hash from '@lucide/svelte/icons/hash';
import Keyboard from '@lucide/svelte/icons/keyboard';
import Languages from '@lucide/svelte/icons/languages';
import LogOut from '@lucide/svelte/icons/log-out';
import Megaphone from '@lucide/svelte/icons/megaphone';
import Moon from '@lucide/svelte/icons/moon';
import PanelRight from '@lucide/svelte/icons/panel-right';
import Pencil from '@lucide/svelte/icons/pencil';
import Rows3 from '@lucide/svelte/icons/rows-3';
import Search from '@lucide/svelte/icons/search';
import Settings from '@lucide/svelte/icons/settings';
import SquarePen from '@lucide/svelte/icons/square-pen';
import Sun from '@lucide/svelte/icons/sun';
import UserCog from '@lucide/svelte/icons/user-cog';
import type { Component } from 'svelte';
import type { Conversation, Kind, Person } from '$core/api';
import { LOCALES, LOCALE_NAMES } from '$core/text/i18n';
import { missingRight } from '$core/store/kinds';
import { t } from '$ui/i18n.svelte';
import { live } from '../live';
import { prefs } from '../prefs.svelte';
import { router } from '$ui/router.svelte';
import { allowed } from '../admin/entries';
import { app, openConversation } from '../app.svelte';
import { nameOf } from '../list/list.svelte';
import { askSignOut } from '../signout';
import { labelOf, may, run, type TriageId } from '../triage';
import { TRIAGE_ICONS } from '../triageIcons';

export interface Item {
  key: string;
  text: string;
  hint?: string;
  keys?: string;
  run: () => void;
  conversation?: Conversation;
  person?: Person;
  icon?: Component<{ size?: number }>;
}

const TRIAGE: TriageId[] = ['resolve', 'snooze', 'assign', 'label', 'team', 'priority', 'ticket', 'mute'];
const KINDS: Kind[] = ['direct', 'group', 'channel', 'ticket', 'broadcast', 'announcement', 'support'];

function here(): Item[] {
  const open = openConversation();
  if (!open) return [];
  const items: Item[] = TRIAGE.filter((id) => may[id](open)).map((id) => ({ key: id, text: t(labelOf(id, open)), hint: nameOf(open), keys: id, icon: TRIAGE_ICONS[id], run: () => run(id, open) }));
  return [...items, { key: 'details', text: app.details ? t('thread.hide_details') : t('thread.details'), icon: PanelRight, keys: 'details', run: () => (app.details = !app.details) }];
}

function looks(): Item[] {
  const dark = document.documentElement.dataset['theme'] === 'dark';
  const compact = prefs.density === 'compact';
  return [
    { key: 'theme', text: `${t('me.theme')}: ${dark ? t('me.theme_light') : t('me.theme_dark')}`, icon: dark ? Sun : Moon, run: () => (prefs.theme = dark ? 'light' : 'dark') },
    { key: 'density', text: `${t('me.density')}: ${compact ? t('me.comfortable') : t('me.compact')}`, icon: Rows3, run: () => (prefs.density = compact ? 'comfortable' : 'compact') },
    ...LOCALES.filter((one) => one !== prefs.locale).map((one): Item => ({ key: `locale-${one}`, text: `${t('me.language')}: ${LOCALE_NAMES[one]}`, icon: Languages, run: () => void prefs.setLocale(one) })),
  ];
}

export function paletteActions(query: string): Item[] {
  const me = live.me();
  return [
    ...here(),
    { key: 'new', text: t('nav.new'), icon: SquarePen, keys: 'new', run: () => app.show('new') },
    ...(query ? KINDS.filter((kind) => !missingRight(me, kind)).map((kind): Item => ({ key: `new-${kind}`, text: t('palette.new', { kind: t(`kind.${kind}`) }), icon: kind === 'announcement' ? Megaphone : SquarePen, run: () => app.show('new', kind) })) : []),
    { key: 'browse', text: t('browse.title'), icon: Hash, run: () => app.show('browse') },
    { key: 'search', text: query.length > 1 ? t('palette.search_for', { query }) : t('search.title'), icon: Search, keys: 'search', run: () => router.go({ name: 'search', query }) },
    { key: 'drafts', text: t('drafts.title'), icon: Pencil, keys: 'drafts', run: () => router.go({ name: 'drafts' }) },
    { key: 'me', text: t('me.title'), icon: UserCog, run: () => router.go({ name: 'me' }) },
    ...(query ? allowed(me).map((page): Item => ({ key: `admin-${page}`, text: `${t('admin.title')}: ${t(`admin.${page}`)}`, icon: Settings, run: () => router.go({ name: 'admin', page }) })) : []),
    ...looks(),
    { key: 'keys', text: t('nav.shortcuts'), icon: Keyboard, keys: 'help', run: () => app.show('keys') },
    { key: 'out', text: t('me.sign_out'), icon: LogOut, run: askSignOut },
  ];
}
