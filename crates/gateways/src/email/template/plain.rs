//! A letter as text.
//!
//! Must not know: HTML.

use super::{
    letter::Letter,
    shorten::Shown,
    texts::{Common, common},
    wording::Said,
};

/// The whole text.
pub fn text(said: &Said, letter: &Letter<'_>, blocks: &[Shown<'_>]) -> String {
    let words = common(letter.language);
    let mut paragraphs = Vec::new();
    if letter.answerable {
        paragraphs.push(format!("-- {} --", words.above));
    }
    paragraphs.extend([said.heading.clone(), said.intro.clone()]);
    paragraphs.extend(blocks.iter().map(|block| paragraph(block, letter, words)));
    paragraphs.push(format!("{}:\n{}", said.button, letter.link));
    paragraphs.push(said.reason.clone());
    let links = [(words.preferences, &letter.preferences), (words.unsubscribe, &letter.unsubscribe)];
    paragraphs.extend(links.iter().filter_map(|(name, link)| Some(format!("{name}:\n{}", link.as_ref()?))));
    paragraphs.join("\n\n") + "\n"
}

fn paragraph(block: &Shown<'_>, letter: &Letter<'_>, words: &Common) -> String {
    match block {
        Shown::Earlier(count) => words.earlier(letter.language, *count),
        Shown::Message { author, when, private, text, .. } => {
            let note = if *private { format!(" [{}]", words.private) } else { String::new() };
            let quoted: Vec<String> =
                text.lines().map(|line| format!("> {line}").trim_end().to_owned()).collect();
            format!("{author}, {when}{note}:\n{}", quoted.join("\n"))
        }
        Shown::Fact(label, value) => format!("{label}: {value}"),
        Shown::Section(section) => format!("* {} *", words.section(*section)),
        Shown::Row(title, detail, link) => format!("{title}\n{detail}\n{link}"),
    }
}
