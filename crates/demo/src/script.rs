//! Owns: the small language in which the demo's conversations are written down, and its reading. Must not know: the
//! database, or what an operation is called.
//!
//! A script is a text of lines:
//!
//! ```text
//! = -3 09:15              the clock: three working days ago at 09:15
//! = now-40                the clock: forty minutes before the demo was filled
//! ines: Good morning      she says so, half a minute to some minutes after the line before
//! hugo +20: Sorry, late   the same, twenty minutes later
//! hugo #offer: 1 290 €    the message can be named later on
//! clara >offer: Fine      a reply in the thread of that message
//! clara note: He is upset a private note
//! clara &AR-2041: This    with the card of a record
//! * 👍 ines hugo          they react to the message before
//! * pin ines              she pins it
//! * edit Good morning!    its author changes it
//! * delete                its author deletes it
//! ! ines status=resolved  she changes the conversation; also add, leave, join, mute, assignee, team, snooze, labels …
//! ```

/// A line of a script.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// So many working days ago, at this minute of the day.
    Day {
        ago: i64,
        minute: i64,
    },
    /// So many minutes before now.
    Before {
        minutes: i64,
    },
    Say(Say<'a>),
    Mark(Mark<'a>),
    Change {
        who: &'a str,
        what: &'a str,
        value: &'a str,
    },
}

/// Somebody says something.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Say<'a> {
    pub who: &'a str,
    pub minutes: Option<i64>,
    pub label: Option<&'a str>,
    pub thread: Option<&'a str>,
    pub note: bool,
    pub record: Option<&'a str>,
    pub text: &'a str,
}

/// Something happens to the message before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mark<'a> {
    React { emoji: &'a str, people: Vec<&'a str> },
    Pin { by: &'a str },
    Edit { text: &'a str },
    Delete,
}

/// Reads a script. A line that is none is told with its number.
pub(super) fn read(script: &str) -> Result<Vec<Line<'_>>, String> {
    let lines = script.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, text)| line(text).ok_or_else(|| format!("line {number} is no line: {text}")))
        .collect()
}

fn line(text: &str) -> Option<Line<'_>> {
    if let Some(rest) = text.strip_prefix("= ") {
        return clock(rest);
    }
    if let Some(rest) = text.strip_prefix("* ") {
        return mark(rest).map(Line::Mark);
    }
    if let Some(rest) = text.strip_prefix("! ") {
        let (who, rest) = rest.split_once(' ')?;
        let (what, value) = rest.split_once('=').unwrap_or((rest, ""));
        return Some(Line::Change { who, what, value });
    }
    say(text).map(Line::Say)
}

fn clock(text: &str) -> Option<Line<'_>> {
    if let Some(minutes) = text.strip_prefix("now-") {
        return minutes.parse().ok().map(|minutes| Line::Before { minutes });
    }
    let (ago, time) = text.strip_prefix('-')?.split_once(' ')?;
    let (hour, minute) = time.split_once(':')?;
    let minute = hour.parse::<i64>().ok()? * 60 + minute.parse::<i64>().ok()?;
    Some(Line::Day { ago: ago.parse().ok()?, minute })
}

fn mark(text: &str) -> Option<Mark<'_>> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    Some(match word {
        "delete" => Mark::Delete,
        "edit" => Mark::Edit { text: rest },
        "pin" => Mark::Pin { by: rest },
        emoji => Mark::React { emoji, people: rest.split_whitespace().collect() },
    })
}

fn say(text: &str) -> Option<Say<'_>> {
    let (head, text) = text.split_once(": ")?;
    let mut words = head.split(' ');
    let mut say = Say { who: words.next()?, text, ..Say::default() };
    for word in words {
        match word.split_at_checked(1)? {
            ("+", minutes) => say.minutes = Some(minutes.parse().ok()?),
            ("#", label) => say.label = Some(label),
            (">", label) => say.thread = Some(label),
            ("&", record) => say.record = Some(record),
            _ if word == "note" => say.note = true,
            _ => return None,
        }
    }
    Some(say)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_of_line() {
        let read = read(
            "= -3 09:15\n\n ana +20 #a &r: Hi: you\nbo >a note: No\n* 👍 ana bo\n* edit x y\n! ana status=open\n= now-5",
        );
        let expected = vec![
            Line::Day { ago: 3, minute: 555 },
            Line::Say(Say {
                who: "ana",
                minutes: Some(20),
                label: Some("a"),
                record: Some("r"),
                text: "Hi: you",
                ..Say::default()
            }),
            Line::Say(Say { who: "bo", thread: Some("a"), note: true, text: "No", ..Say::default() }),
            Line::Mark(Mark::React { emoji: "👍", people: vec!["ana", "bo"] }),
            Line::Mark(Mark::Edit { text: "x y" }),
            Line::Change { who: "ana", what: "status", value: "open" },
            Line::Before { minutes: 5 },
        ];
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn tells_which_line_is_wrong() {
        assert_eq!(read("ana: x\nnothing"), Err("line 2 is no line: nothing".to_owned()));
        assert!(read("ana sometimes: x").is_err());
        assert!(read("= tomorrow").is_err());
    }
}
