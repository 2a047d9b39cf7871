// Emoji by the names that people type after a colon. The names are the usual short ones, the same in every language.
import { fitting, named, type Emoji } from './emojiSearch';

const NAMES = `
👍 thumbsup +1 yes|👎 thumbsdown -1 no|❤️ heart love|😂 joy laugh|🎉 tada party|😮 open_mouth wow|😢 cry sad|🙏 pray thanks|👀 eyes|✅ check done|❌ cross x|🔥 fire|💯 hundred 100|
👏 clap|🙌 raised_hands hooray|💪 muscle strong|🤝 handshake deal|🤔 thinking|😅 sweat_smile|😊 blush|😍 heart_eyes|😎 sunglasses cool|🥳 partying_face|😴 sleeping|😡 rage angry|🤷 shrug|🫡 salute|
💡 bulb idea|⚠️ warning|🚀 rocket ship|⭐ star|☕ coffee|🍕 pizza|🎂 cake birthday|📌 pushpin pin|📅 calendar date|🕐 clock time|➕ plus add|➖ minus|❓ question|❗ exclamation|
🙂 slight_smile smile|😀 grinning|😁 grin|😄 smile_eyes happy|😆 laughing|🤣 rofl|😇 innocent|😉 wink|😋 yum|😜 tongue|🤓 nerd|🤩 star_struck|😏 smirk|😐 neutral|🙄 roll_eyes|😬 grimace|😔 pensive|
😕 confused|🙁 frown|😞 disappointed|😟 worried|😤 triumph|😭 sob|😱 scream|😳 flushed|🥺 pleading|😷 mask|🤒 sick|🤯 mind_blown|🤗 hug|🤫 shush|🤐 zipper|😈 imp|👻 ghost|💀 skull|🤖 robot|🐛 bug|
👋 wave hello bye|🤞 fingers_crossed|✌️ victory peace|👌 ok_hand ok|🤙 call_me|👉 point_right|👈 point_left|👆 point_up|👇 point_down|✍️ writing|🫶 heart_hands|🧠 brain|👶 baby|🙋 raising_hand|🙅 no_good|🤦 facepalm|
🏃 running|🚶 walking|💼 briefcase work|🏠 house home|🏢 office|🏖️ beach holiday|✈️ airplane flight|🚗 car|🚲 bike|🚚 truck delivery|📦 package parcel|🛒 cart|💶 euro|💵 dollar|💰 money|🧾 receipt|📈 chart_up|📉 chart_down|
📊 bar_chart|📎 paperclip|📷 camera|📞 phone call|📧 email|📣 megaphone|🔔 bell|🔕 no_bell|🔒 lock|🔓 unlock|🔑 key|🔗 link|🔍 search|🛠️ tools|⚙️ gear settings|🧪 test_tube|💻 laptop|🖨️ printer|📱 mobile|🗑️ trash|
📝 memo note|📖 book|📁 folder|🗓️ planner|⏰ alarm|⏳ hourglass|🚧 construction|🚨 siren alert|🛑 stop|🟢 green_circle|🟡 yellow_circle|🔴 red_circle|🔵 blue_circle|⬆️ arrow_up|⬇️ arrow_down|➡️ arrow_right|⬅️ arrow_left|🔄 refresh|
☀️ sun|🌧️ rain|❄️ snow|🌈 rainbow|🌙 moon|🌍 earth|🌱 seedling|🌹 rose|🐶 dog|🐱 cat|🦄 unicorn|🐢 turtle|🦆 duck|🍎 apple|🍺 beer|🍷 wine|🍾 champagne|🥐 croissant|🍰 dessert|🍫 chocolate|⚽ football|🏆 trophy|🥇 gold first|
🎯 target|🎵 music|🎁 gift|🎄 christmas|💎 gem|💔 broken_heart|💙 blue_heart|💚 green_heart|💛 yellow_heart|🖤 black_heart|✨ sparkles|💥 boom|💤 zzz|💬 speech|🆗 ok_button|🆕 new|🔜 soon|™️ tm|©️ copyright`;

export const EMOJI: Emoji[] = named(NAMES);

export const findEmoji = (query: string, most: number): Emoji[] => fitting(EMOJI, query, most);
