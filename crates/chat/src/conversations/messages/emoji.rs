//! The one form in which an emoji is stored and compared: programs write the same one with and without U+FE0F. Must not
//! know: who reacts, or to what.

use super::Reaction;

/// Of how many people a summary names.
pub(super) const MOST_USERS: usize = 20;

/// The form of an emoji that Unicode calls fully qualified; none for what is no emoji, or several.
pub(super) fn one_form(emoji: &str) -> Option<&'static str> {
    let found = emojis::get(emoji).or_else(|| emojis::get(&emoji.replace(['\u{FE0E}', '\u{FE0F}'], "")));
    found.map(emojis::Emoji::as_str)
}

/// A summary in which no emoji is twice: older ones have those that differ in form.
pub(super) fn in_one_form(summary: Vec<Reaction>) -> Vec<Reaction> {
    let mut merged: Vec<Reaction> = Vec::with_capacity(summary.len());
    for mut reaction in summary {
        if let Some(form) = one_form(&reaction.emoji) {
            form.clone_into(&mut reaction.emoji);
        }
        match merged.iter_mut().find(|known| known.emoji == reaction.emoji) {
            Some(known) => {
                let twice = reaction.users.iter().filter(|user| known.users.contains(user)).count();
                known.count += reaction.count - i64::try_from(twice).unwrap_or(0);
                let more = reaction.users.into_iter().filter(|user| !known.users.contains(user));
                let more: Vec<_> = more.take(MOST_USERS.saturating_sub(known.users.len())).collect();
                known.users.extend(more);
            }
            None => merged.push(reaction),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_have_one_form() {
        let cases = [
            ("❤", "❤\u{FE0F}"),
            ("❤\u{FE0F}", "❤\u{FE0F}"),
            ("❤\u{FE0E}", "❤\u{FE0F}"),
            ("👍", "👍"),
            ("👍\u{FE0F}", "👍"),
            ("👍🏽", "👍🏽"),
            ("1\u{20E3}", "1\u{FE0F}\u{20E3}"),
            ("👁\u{200D}🗨", "👁\u{FE0F}\u{200D}🗨\u{FE0F}"),
            ("🏳\u{200D}🌈", "🏳\u{FE0F}\u{200D}🌈"),
            ("🇩🇪", "🇩🇪"),
            ("👨\u{200D}👩\u{200D}👧", "👨\u{200D}👩\u{200D}👧"),
        ];
        for (emoji, form) in cases {
            assert_eq!(one_form(emoji), Some(form), "{emoji:?}");
        }
        let no_emoji = "\u{200D} \u{FE0F} \u{1F1E9} \u{1F3FD} \u{20E3} a 1 # :+1: 👍👍 👍a ❤\u{200D} ★ + \u{1F1E9}\u{1F1E9}";
        for none in no_emoji.split(' ').chain(["", " ", "👍 "]) {
            assert_eq!(one_form(none), None, "{none:?}");
        }
    }
}
