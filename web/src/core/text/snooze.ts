// Until when a conversation can be put off, from now.

export type SnoozeChoice = 'hour' | 'evening' | 'tomorrow' | 'monday';
const MORNING = 9;
const EVENING = 18;

function at(day: Date, hour: number, days: number): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days, hour);
}

/** Only moments that are still to come, each once. */
export function snoozeChoices(now: Date = new Date()): { choice: SnoozeChoice; at: Date }[] {
  const toMonday = (8 - now.getDay()) % 7 || 7;
  const choices: { choice: SnoozeChoice; at: Date }[] = [
    { choice: 'hour', at: new Date(now.getTime() + 3_600_000) },
    { choice: 'evening', at: at(now, EVENING, 0) },
    { choice: 'tomorrow', at: at(now, MORNING, 1) },
    { choice: 'monday', at: at(now, MORNING, toMonday) },
  ];
  return choices.filter((one) => one.at.getTime() - now.getTime() >= 1_800_000 && (one.choice !== 'monday' || toMonday > 1));
}
