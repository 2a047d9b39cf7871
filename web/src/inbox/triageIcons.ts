// The sign of each thing that is done with a conversation, the same in the header, its menu and the palette.
import AlarmClock from '@lucide/svelte/icons/alarm-clock';
import Bell from '@lucide/svelte/icons/bell';
import CircleCheck from '@lucide/svelte/icons/circle-check';
import Flag from '@lucide/svelte/icons/flag';
import Tag from '@lucide/svelte/icons/tag';
import Ticket from '@lucide/svelte/icons/ticket';
import UserCheck from '@lucide/svelte/icons/user-check';
import Users from '@lucide/svelte/icons/users';
import type { Component } from 'svelte';
import type { TriageId } from './triage';

export const TRIAGE_ICONS: Record<TriageId, Component<{ size?: number }>> = {
  resolve: CircleCheck, snooze: AlarmClock, assign: UserCheck, label: Tag, team: Users, priority: Flag, ticket: Ticket, mute: Bell,
};
