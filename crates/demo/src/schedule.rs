//! Owns: when everything of the demo happens: scripts in, a list of steps in the order of time out. Must not know: the
//! database. The order matters: the log of events, and everything sorted by number, must look as if it had been lived.

use parlor_chat::Time;

use super::script::{Line, Mark, Say, read};
use super::talks::Talk;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Something to be done at a time.
pub(super) struct Step<'a> {
    pub at: Time,
    /// Which conversation.
    pub talk: usize,
    pub action: Action<'a>,
}

/// What is to be done.
pub(super) enum Action<'a> {
    /// Open the conversation, with its first message.
    Open(Option<Say<'a>>),
    Say(Say<'a>),
    /// To the message with this number among those said in the conversation.
    Mark(usize, Mark<'a>),
    Change {
        who: &'a str,
        what: &'a str,
        value: &'a str,
    },
    Read(&'a str),
    Delivered(&'a str),
    Acknowledge(&'a str),
    Draft {
        who: &'a str,
        mode: &'a str,
        text: &'a str,
    },
}

/// Turns "three working days ago" and "forty minutes ago" into times.
#[derive(Clone, Copy)]
pub(super) struct Calendar {
    now: i64,
}

impl Calendar {
    pub fn new(now: Time) -> Self {
        Self { now: now.micros() }
    }

    fn day(self, ago: i64, minute: i64) -> i64 {
        let mut day = self.now.div_euclid(DAY);
        let mut left = ago;
        while left > 0 {
            day -= 1;
            left -= i64::from(is_working_day(day));
        }
        day * DAY + minute * 60 * SECOND
    }

    fn before(self, minutes: i64) -> i64 {
        self.now - minutes * 60 * SECOND
    }
}

/// The first of January 1970 was a Thursday.
fn is_working_day(day: i64) -> bool {
    !matches!((day + 4).rem_euclid(7), 0 | 6)
}

/// A pause of a person, always the same for the same seed, conversation and line.
fn pause(seed: u64, talk: usize, line: usize, from: i64, to: i64) -> i64 {
    let place = (talk as u64).wrapping_mul(0x9E37_79B9).wrapping_add(line as u64);
    let mut mixed = seed.wrapping_add(place.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let spread = u64::try_from(to - from).unwrap_or(0) + 1;
    from + i64::try_from((mixed ^ (mixed >> 31)) % spread).unwrap_or(0)
}

/// Every step of all conversations, in the order of time.
pub(super) fn steps(talks: &[Talk], now: Time, seed: u64) -> Result<Vec<Step<'_>>, String> {
    let mut steps = Vec::new();
    for (index, talk) in talks.iter().enumerate() {
        let lines = read(&talk.script).map_err(|error| format!("{}: {error}", talk.key))?;
        let mut scene =
            Scene { talk: index, steps: Vec::new(), at: now.micros(), said: Vec::new(), seed, now };
        for (number, line) in lines.into_iter().enumerate() {
            scene.line(talk, number, line);
        }
        scene.end(talk);
        steps.append(&mut scene.steps);
    }
    steps.sort_by_key(|step| step.at);
    Ok(steps)
}

/// One conversation while it is being written down.
struct Scene<'a> {
    talk: usize,
    steps: Vec<Step<'a>>,
    at: i64,
    /// When each message was said.
    said: Vec<i64>,
    seed: u64,
    now: Time,
}

impl<'a> Scene<'a> {
    fn push(&mut self, at: i64, action: Action<'a>) {
        // Nothing may happen in the future, however short the pauses are that were asked for.
        let at = Time(at.min(self.now.micros() - SECOND));
        self.steps.push(Step { at, talk: self.talk, action });
    }

    fn wait(&mut self, line: usize, from: i64, to: i64) -> i64 {
        self.at += pause(self.seed, self.talk, line, from, to) * SECOND;
        self.at
    }

    fn line(&mut self, talk: &'a Talk, number: usize, line: Line<'a>) {
        let calendar = Calendar::new(self.now);
        match line {
            Line::Day { ago, minute } => self.at = calendar.day(ago, minute),
            Line::Before { minutes } => self.at = calendar.before(minutes),
            Line::Say(say) => self.say(talk, number, say),
            Line::Mark(mark) => self.mark(number, mark),
            Line::Change { who, what, value } => {
                let at = self.wait(number, 8, 30);
                self.push(at, Action::Change { who, what, value });
            }
        }
    }

    /// People react one after the other; the rest takes its author a moment.
    fn mark(&mut self, number: usize, mark: Mark<'a>) {
        let last = self.said.len().saturating_sub(1);
        let Mark::React { emoji, people } = mark else {
            let at = self.wait(number, 20, 50);
            return self.push(at, Action::Mark(last, mark));
        };
        for (place, who) in people.into_iter().enumerate() {
            let at = self.wait(number + 3000 * place, 2, 19);
            self.push(at, Action::Mark(last, Mark::React { emoji, people: vec![who] }));
        }
    }

    fn say(&mut self, talk: &'a Talk, number: usize, say: Say<'a>) {
        let typing = i64::try_from(say.text.chars().count()).unwrap_or(0) / 6;
        match say.minutes {
            Some(minutes) => self.at += minutes * 60 * SECOND,
            None => {
                self.wait(number, 12 + typing, 70 + typing);
            }
        }
        let first = self.said.is_empty();
        self.said.push(self.at);
        match (first, say.who == talk.by) {
            (true, true) => self.push(self.at, Action::Open(Some(say))),
            (true, false) => {
                self.push(self.at - 30 * SECOND, Action::Open(None));
                self.push(self.at, Action::Say(say));
            }
            // Whoever answers has read what was said before.
            (false, _) => {
                self.push(self.at - SECOND, Action::Read(say.who));
                self.push(self.at, Action::Say(say));
            }
        }
    }

    /// Who reads how far, who acknowledges, who has begun to write.
    fn end(&mut self, talk: &'a Talk) {
        let mut readers: Vec<&str> = vec![&talk.by];
        readers.extend(talk.with.iter().chain(&talk.readers).map(String::as_str));
        readers.extend(Some(talk.contact.as_str()).filter(|contact| !contact.is_empty()));
        for (place, who) in readers.iter().copied().enumerate() {
            match talk.unread.iter().find(|(name, _)| name == who) {
                None => {
                    let later = pause(self.seed, self.talk, 1000 + place, 40, 1500);
                    self.push(self.at + later * SECOND, Action::Read(who));
                }
                Some((_, unread)) => {
                    if let Some(last_read) = self.said.len().checked_sub(unread + 1) {
                        self.push(self.said[last_read], Action::Read(who));
                    }
                    self.push(self.at + 2 * SECOND, Action::Delivered(who));
                }
            }
        }
        for (place, who) in talk.acks.iter().enumerate() {
            let later = pause(self.seed, self.talk, 2000 + place, 1600, 9000);
            self.push(
                self.said.first().copied().unwrap_or(self.at) + later * SECOND,
                Action::Acknowledge(who),
            );
        }
        for (who, mode, text) in &talk.drafts {
            self.push(self.at + 90 * SECOND, Action::Draft { who, mode, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_days_pass_over_weekends() {
        let monday = Time::parse("2026-11-23T08:00:00Z").unwrap();
        let at = |ago| Time(Calendar::new(monday).day(ago, 9 * 60)).rfc3339();
        assert_eq!(at(1), "2026-11-20T09:00:00Z");
        assert_eq!(at(5), "2026-11-16T09:00:00Z");
        assert_eq!(at(6), "2026-11-13T09:00:00Z");
    }

    #[test]
    fn pauses_are_in_range_and_repeat() {
        for line in 0..200 {
            let one = pause(7, 3, line, 10, 20);
            assert!((10..=20).contains(&one));
            assert_eq!(one, pause(7, 3, line, 10, 20));
        }
    }
}
