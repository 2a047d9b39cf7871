//! Owns: matching a text against a sequence of steps, in time proportional to both, whatever the input: selectors come
//! from strangers. Must not know: where the steps come from.

/// A character, or a percent-encoded one taken as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Char(char),
    Encoded(u8, u8),
}

/// Characters that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// What URI templates leave unencoded, the comma between values, percent-encoded characters, and these.
    Plain(&'static str),
    /// Everything but these.
    Except(&'static str),
}

/// One step; steps follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Exactly this.
    One(Token),
    /// One of these.
    Of(Class),
    /// Any number of these.
    Many(Class),
    /// This many of the following steps may be left out.
    Optional(usize),
}

/// More steps than this are refused.
pub(super) const MAX_STEPS: usize = 4096;

impl Class {
    fn admits(self, token: Token) -> bool {
        match (self, token) {
            (Self::Plain(_), Token::Encoded(..)) | (Self::Except(_), Token::Encoded(..)) => true,
            (Self::Plain(more), Token::Char(c)) => {
                c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | ',') || has(more, c)
            }
            (Self::Except(these), Token::Char(c)) => !has(these, c),
        }
    }
}

/// The classes' characters are all ASCII.
fn has(these: &str, c: char) -> bool {
    u8::try_from(c).is_ok_and(|c| these.as_bytes().contains(&c))
}

/// Cuts a text into tokens.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Token> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if let [b'%', high, low, ..] = rest.as_bytes()
            && high.is_ascii_hexdigit()
            && low.is_ascii_hexdigit()
        {
            let token = Token::Encoded(*high, *low);
            rest = &rest[3..];
            return Some(token);
        }
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        Some(Token::Char(c))
    })
}

/// Whether the whole text takes the steps from the first to behind the last.
pub(super) fn matches(steps: &[Step], text: &str) -> bool {
    // Most selectors are one long literal and a little behind it.
    let fixed = steps.iter().take_while(|step| matches!(step, Step::One(_))).count();
    let (fixed, steps) = steps.split_at(fixed);
    let mut found = tokens(text);
    if !fixed.iter().all(|step| found.next().is_some_and(|token| *step == Step::One(token))) {
        return false;
    }
    match steps {
        [Step::Optional(1), Step::Many(class)] => found.all(|token| class.admits(token)),
        _ if steps.len() < 64 => few(steps, found),
        _ => many(steps, found),
    }
}

/// The places that can be reached, as the bits of a number.
fn few(steps: &[Step], tokens: impl Iterator<Item = Token>) -> bool {
    let mut here = spread_bits(steps, 1);
    for token in tokens {
        let (mut next, mut rest) = (0_u64, here);
        while rest != 0 {
            let at = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            next |= match steps.get(at) {
                Some(Step::One(wanted)) if *wanted == token => 2 << at,
                Some(Step::Of(class)) if class.admits(token) => 2 << at,
                Some(Step::Many(class)) if class.admits(token) => 1 << at,
                _ => 0,
            };
        }
        here = spread_bits(steps, next);
        if here == 0 {
            return false;
        }
    }
    here & (1 << steps.len()) != 0
}

/// Goes on to wherever no character is needed.
fn spread_bits(steps: &[Step], mut here: u64) -> u64 {
    let mut rest = here;
    while rest != 0 {
        let at = rest.trailing_zeros() as usize;
        let further = match steps.get(at) {
            Some(Step::Many(_)) => 2 << at,
            Some(Step::Optional(count)) => 2 << at | 2 << (at + count).min(steps.len() - 1),
            _ => 0,
        };
        here |= further;
        rest = (rest | further) & !(1 << at);
    }
    here
}

/// The same for any number of steps.
fn many(steps: &[Step], tokens: impl Iterator<Item = Token>) -> bool {
    let mut here = vec![false; steps.len() + 1];
    let mut next = here.clone();
    here[0] = true;
    spread(steps, &mut here);
    for token in tokens {
        next.fill(false);
        for (at, step) in steps.iter().enumerate().filter(|(at, _)| here[*at]) {
            match step {
                Step::One(wanted) => next[at + 1] |= *wanted == token,
                Step::Of(class) => next[at + 1] |= class.admits(token),
                Step::Many(class) => next[at] |= class.admits(token),
                Step::Optional(_) => {}
            }
        }
        spread(steps, &mut next);
        if !next.contains(&true) {
            return false;
        }
        std::mem::swap(&mut here, &mut next);
    }
    here[steps.len()]
}

fn spread(steps: &[Step], here: &mut [bool]) {
    for (at, step) in steps.iter().enumerate() {
        if !here[at] {
            continue;
        }
        match step {
            Step::Many(_) => here[at + 1] = true,
            Step::Optional(count) => {
                here[at + 1] = true;
                here[(at + 1 + count).min(steps.len())] = true;
            }
            Step::One(_) | Step::Of(_) => {}
        }
    }
}
