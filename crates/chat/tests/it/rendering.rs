//! Bodies that would stop a reader's browser: whatever is sent, its HTML is neither deep nor out of proportion, and
//! every word of it is there.

use parlor_chat::messages::render;
use proptest::prelude::*;

/// Elements in each other at most: sixteen levels, and what a heading or a block of code adds inside.
const DEEPEST: usize = 20;
const LARGEST: usize = 12;
const LARGEST_OF_ALL: usize = 4096;

/// The deepest nesting of a document; panics when its tags do not match.
fn depth(html: &str) -> usize {
    let (mut open, mut deepest) = (Vec::new(), 0);
    for part in html.split('<').skip(1) {
        let tag = part.split('>').next().unwrap();
        let name = tag.trim_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
        } else if !tag.ends_with('/') {
            open.push(name);
            deepest = deepest.max(open.len());
        }
    }
    assert!(open.is_empty(), "{open:?} are not closed");
    deepest
}

/// The text of a document.
fn words(html: &str) -> String {
    let texts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    let text: String = texts.collect::<Vec<_>>().concat();
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text, |text, (entity, plain)| text.replace(entity, plain))
}

fn check(body: &str) -> String {
    let html = render(body, &[]);
    let shown: String = body.chars().take(60).collect();
    assert!(depth(&html) <= DEEPEST, "{} levels: {shown}", depth(&html));
    assert!(html.len() <= LARGEST * body.len() + LARGEST_OF_ALL, "{} of {}: {shown}", html.len(), body.len());
    html
}

/// What is repeated until a message is full.
const PIECES: &[&str] = &[
    ">",
    "> ",
    "1. ",
    "- ",
    "* ",
    "+ ",
    "> - ",
    "> 1. ",
    "- > 1. ",
    "*a",
    "**a",
    "*a **b ",
    "~~a *b ",
    "~a ",
    "_a ",
    "[",
    "![",
    "[a](",
    "![a",
    "[a](/)",
    "[](/)",
    "<",
    "<b>",
    "`",
    "```\n",
    "#",
    "# > ",
    "- # ",
    "|",
    "a|",
    "|a\n|-\n",
    "- [ ] ",
    "> > ",
    "<ab:>",
    "&",
    "\"",
    "\n\n",
    "\\",
    "@",
    "@[",
    "@[a] ",
    "@[]",
    "@a ",
    "http://a ",
    "a\u{301}",
    "\u{301}",
    "\u{301}\u{200d}",
    "\u{20dd}",
    "    ",
    "\t",
    "- a\n",
    "> a\n",
    "1. a\n",
];

#[test]
fn hostile_bodies_become_neither_deep_nor_large() {
    let many = |text: &str| text.repeat(20_000 / text.chars().count());
    let mut bodies: Vec<String> = PIECES.iter().map(|text| many(text)).collect();
    // Deeper from line to line, and back.
    let stairs = |mark: &str| (0..180).map(|n| format!("{}x{n}\n", mark.repeat(n))).collect::<String>();
    bodies.extend([stairs("> "), stairs(">"), stairs("  "), stairs("1. "), stairs("- ")]);
    bodies.push((0..180).map(|n| format!("{}- x{n}\n", "  ".repeat(n))).collect());
    bodies.push((0..140).map(|n| format!("{}1. x{n}\n", "   ".repeat(n))).collect());
    // Emphasis and links in each other, closed again.
    for (open, close) in
        [("*a ", " b*"), ("**a ", " b**"), ("*a **b ", " c** d*"), ("[a ", " b](/)"), ("![", "](/)")]
    {
        let times = 20_000 / (open.len() + close.len());
        bodies.push(format!("{}x{}", open.repeat(times), close.repeat(times)));
    }
    // One long address, many references to it; many columns, many rows with one cell.
    bodies.push(format!("[r]: http://a/{}\n\n{}", "b".repeat(9_000), "[r] ".repeat(2_500)));
    bodies.push(format!("{}\n{}\n{}", "a|".repeat(3_000), "-|".repeat(3_000), "b|\n".repeat(2_500)));
    bodies.push(format!("> {}\n> {}\n{}", "a|".repeat(900), "-|".repeat(900), "> b|\n".repeat(2_500)));
    for body in bodies {
        check(&body);
    }
}

#[test]
fn what_is_too_deep_is_shown_as_it_was_typed() {
    let quoted = check(&format!("{}the end", "> ".repeat(40)));
    assert!(words(&quoted).contains("> > > > the end"), "{quoted}");
    let listed = check(&format!("{}the end", "7. ".repeat(40)));
    assert!(words(&listed).contains("7. 7. 7. the end"), "{listed}");
    let lines = check(&format!("{0}one\n{0}two", "> ".repeat(20)));
    assert!(words(&lines).contains("one") && words(&lines).contains("two"), "{lines}");
    // What people do is untouched.
    let usual = check("> > > - **bold** and *`code`*\n> > >   1. [link](/x)");
    assert!(usual.contains("<strong>bold</strong>") && usual.contains("<a href=\"/x\""), "{usual}");
}

#[test]
fn no_letter_has_more_marks_than_any_script() {
    let marks = |html: &str| html.chars().filter(|c| *c == '\u{301}').count();
    assert_eq!(marks(&check(&format!("a{}", "\u{301}".repeat(20_000)))), 16);
    assert_eq!(marks(&check(&format!("`a{}`", "\u{301}\u{200b}".repeat(5_000)))), 16);
    assert_eq!(marks(&check(&"a\u{301}".repeat(500))), 500);
    for text in ["שָׁלוֹם", "हिन्दी", "ཧཱུྃ", "Zürich", "กี่", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
    {
        assert_eq!(words(&check(text)), text);
    }
}

proptest! {
    #[test]
    fn whatever_is_mixed(
        pieces in prop::collection::vec((prop::sample::select(vec![
            ">", "> ", "1. ", "- ", "* ", "  ", "    ", "*", "**", "_", "~~", "[", "](/)", "![", "`", "```\n", "# ",
            "|", "\n", "\n\n", "a|b\n-|-\n", "word ", "<i>", "@a", "http://a/b ", "\u{301}", "\\", "&amp;", "- [x] ",
        ]), 1_usize..60), 0..60),
    ) {
        let body: String = pieces.iter().map(|(piece, times)| piece.repeat(*times)).collect();
        let html = check(&body);
        // The first line of a fence, and cells beyond a table's columns, are Markdown's to leave out.
        if !["~~~", "```", "|"].iter().any(|mark| body.contains(mark)) {
            let count = |text: &str| text.matches("word").count();
            prop_assert_eq!(count(&words(&html)), count(&body), "{}\n{}", body, html);
        }
    }
}
