//! Extracts of found messages with the found words marked. Everything else is escaped.

use unicode_segmentation::UnicodeSegmentation;

use super::terms::{self, QueryTerm};

const LENGTH: usize = 160;
const BEFORE: usize = 50;

/// An extract around the first found word.
pub(super) fn of(body: &str, words: &[QueryTerm]) -> String {
    let pieces: Vec<(&str, bool)> = body.split_word_bounds().flat_map(|piece| marked(piece, words)).collect();
    let first = pieces.iter().position(|(_, found)| *found).unwrap_or(0);
    let mut start = first;
    let mut before = 0;
    while start > 0 && before < BEFORE {
        start -= 1;
        before += pieces[start].0.chars().count();
    }
    let mut out = String::new();
    if start > 0 {
        out.push('…');
    }
    let mut length = 0;
    for (piece, found) in &pieces[start..] {
        if length > LENGTH {
            out.push('…');
            break;
        }
        length += piece.chars().count();
        if *found {
            out.push_str("<mark>");
            escape(piece, &mut out);
            out.push_str("</mark>");
        } else {
            escape(piece, &mut out);
        }
    }
    out.replace("</mark><mark>", "")
}

/// A piece that was found as a whole, or what it is made of: of `l'équipe` only `équipe` may have been asked for.
fn marked<'t>(piece: &'t str, words: &[QueryTerm]) -> Vec<(&'t str, bool)> {
    if is_found(piece, words) {
        return vec![(piece, true)];
    }
    let mut pieces = Vec::new();
    for part in piece.split_inclusive(terms::is_separator) {
        let (part, separator) = part.split_at(part.trim_end_matches(terms::is_separator).len());
        pieces.push((part, is_found(part, words)));
        pieces.push((separator, false));
    }
    pieces
}

fn is_found(piece: &str, words: &[QueryTerm]) -> bool {
    terms::of_whole(piece).iter().any(|own| {
        words.iter().any(|word| {
            word.ways().any(|way| *own == way || (word.prefix && own.starts_with(way)))
                || (own.chars().count() == 1 && !own.is_ascii() && word.text.contains(own.as_str()))
        })
    })
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_what_was_found() {
        let cases = [
            ("The <b>quick</b> fox", "quick", "The &lt;b&gt;<mark>quick</mark>&lt;/b&gt; fox"),
            ("Réunion demain", "reun", "<mark>Réunion</mark> demain"),
            ("l’équipe d'accord", "équipe", "l’<mark>équipe</mark> d'accord"),
            ("l’équipe d'accord", "d’accord", "l’équipe <mark>d'accord</mark>"),
            ("a v2.pdf_x", "pdf ", "a v2.<mark>pdf</mark>_x"),
            ("Frau Mueller", "müller", "Frau <mark>Mueller</mark>"),
            ("Herr Müller", "mueller", "Herr <mark>Müller</mark>"),
            ("مُحَمَّد أحمد", "محمد", "<mark>مُحَمَّد</mark> أحمد"),
            ("我们明天在北京开会", "北京", "我们明天在<mark>北京</mark>开会"),
        ];
        for (body, asked, expected) in cases {
            assert_eq!(of(body, &terms::query(asked)), expected);
        }
    }
}
