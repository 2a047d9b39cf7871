/** The reactions offered at once, and those in the picker. */
export const QUICK = ['👍', '❤️', '😂', '🎉', '😮', '😢', '🙏', '👀'];
export const EMOJI = [
  ...QUICK, '✅', '❌', '🔥', '💯', '👏', '🙌', '💪', '🤝', '🤔', '😅', '😊', '😍', '😎', '🥳', '😴', '😡', '🤷', '🫡', '💡', '⚠️', '🚀', '⭐', '☕', '🍕', '🎂', '📌', '📅', '🕐',
  '➕', '➖', '❓', '❗',
];
