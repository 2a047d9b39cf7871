//! A letter as HTML: tables and styles in attributes, which is what programs for mail understand, 600 pixels wide, and
//! readable in light and dark, also where a program turns the colours round by itself.
//!
//! Must not know: where words and values come from.

use super::{
    super::line::clean_line,
    letter::Letter,
    shorten::Shown,
    texts::{Common, common},
    wording::Said,
};

/// What programs show of a letter beside its subject.
const PREHEADER: usize = 110;
/// Gmail cuts what has more than 102 kB.
const MOST_BYTES: usize = 100_000;

/// No pure black and white: some programs invert those alone. `data-ogsc` is what Outlook sets in its dark mode.
const STYLE: &str = "\
:root{color-scheme:light dark;supported-color-schemes:light dark}\
.said p,.said pre{margin:0 0 8px}.said pre{white-space:pre-wrap}.said a{color:#2457b8}.said img{max-width:100%}\
@media(max-width:620px){.card{padding:20px 16px!important}}\
@media(prefers-color-scheme:dark){\
.page{background:#16181d!important}.card{background:#1f2228!important}\
.strong{color:#f0f1f3!important}.soft{color:#a9b0ba!important}.quote{background:#292d35!important}\
.note{background:#3a3120!important}.link,.said a{color:#8db4ff!important}}\
[data-ogsc] .strong{color:#f0f1f3!important}[data-ogsc] .soft{color:#a9b0ba!important}[data-ogsc] .link,[data-ogsc] .said a{color:#8db4ff!important}\
[data-ogsb] .page{background:#16181d!important}[data-ogsb] .card{background:#1f2228!important}\
[data-ogsb] .quote{background:#292d35!important}[data-ogsb] .note{background:#3a3120!important}";

const FONT: &str = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const TABLE: &str = "role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"";

/// The whole document. Pieces that would make it too large are left out at its end; the button leads to them.
pub fn document(said: &Said, letter: &Letter<'_>, blocks: &[Shown<'_>]) -> String {
    let words = common(letter.language);
    let mut html = before(said, letter, words, &preheader(said, blocks));
    let after = after(said, letter, words);
    for block in blocks {
        let piece = piece(block, letter, words);
        if html.len() + piece.len() + after.len() > MOST_BYTES {
            break;
        }
        html.push_str(&piece);
    }
    html + &after
}

fn before(said: &Said, letter: &Letter<'_>, words: &Common, preheader: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
        <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
        <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"supported-color-schemes\" content=\"light dark\">\
        <title>{subject}</title><style>{STYLE}</style></head>\n\
        <body class=\"page\" style=\"margin:0;padding:0;background:#f2f3f5\">\
        <div style=\"display:none;max-height:0;overflow:hidden;opacity:0\">{preheader}</div>\n\
        <table {TABLE} class=\"page\" style=\"background:#f2f3f5\"><tr><td align=\"center\" style=\"padding:16px 8px\">\
        <table role=\"presentation\" width=\"600\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"width:100%;max-width:600px\">\
        <tr><td class=\"card\" style=\"background:#fdfdfd;border-radius:8px;padding:28px 32px;{FONT};font-size:16px;line-height:1.5\">\n\
        {above}<h1 class=\"strong\" style=\"margin:0 0 8px;font-size:20px;line-height:1.3;color:#1d2128\">{heading}</h1>\
        <p class=\"soft\" style=\"margin:0 0 16px;color:#5a626d\">{intro}</p>\n",
        lang = letter.language.tag(),
        subject = escaped(&said.subject),
        preheader = escaped(preheader),
        above = if letter.answerable { small(words.above) } else { String::new() },
        heading = escaped(&said.heading),
        intro = escaped(&said.intro),
    )
}

fn after(said: &Said, letter: &Letter<'_>, words: &Common) -> String {
    format!(
        "{button}\n</td></tr><tr><td style=\"padding:16px 32px;{FONT}\">{reason}{links}</td></tr></table></td></tr></table></body></html>\n",
        button = button(&said.button, &letter.link.to_string()),
        reason = small(&said.reason),
        links = links(letter, words),
    )
}

fn piece(block: &Shown<'_>, letter: &Letter<'_>, words: &Common) -> String {
    match block {
        Shown::Earlier(count) => small(&words.earlier(letter.language, *count)),
        Shown::Message { author, when, private, html, text } => {
            let said = html.map_or_else(|| escaped(text).replace('\n', "<br>"), str::to_owned);
            let note =
                format!(" · <b class=\"strong\" style=\"color:#1d2128\">{}</b>", escaped(words.private));
            let (class, ground, note) =
                if *private { ("note", "#fbf0d6", note.as_str()) } else { ("quote", "#f2f3f5", "") };
            format!(
                "<table {TABLE} style=\"margin:0 0 12px\"><tr><td class=\"{class}\" style=\"background:{ground};border-radius:6px;padding:12px 16px\">\
                <p class=\"soft\" style=\"margin:0 0 4px;font-size:14px;color:#5a626d\">\
                <b class=\"strong\" style=\"color:#1d2128\">{}</b> · {}{note}</p>\
                <div class=\"said strong\" style=\"color:#1d2128;word-break:break-word\">{said}</div></td></tr></table>\n",
                escaped(author),
                escaped(when),
            )
        }
        Shown::Fact(label, value) => format!(
            "<p class=\"strong\" style=\"margin:0 0 8px;color:#1d2128\"><span class=\"soft\" style=\"color:#5a626d\">{}:</span> {}</p>\n",
            escaped(label),
            escaped(value)
        ),
        Shown::Section(section) => format!(
            "<h2 class=\"strong\" style=\"margin:20px 0 8px;font-size:16px;color:#1d2128\">{}</h2>\n",
            escaped(words.section(*section))
        ),
        Shown::Row(title, detail, link) => format!(
            "<p class=\"soft\" style=\"margin:0 0 10px;color:#5a626d\">{}<br>{}</p>\n",
            anchor(title, &link.to_string()),
            escaped(detail)
        ),
    }
}

/// The ground is a cell of a table: Outlook paints none behind a link.
fn button(name: &str, link: &str) -> String {
    format!(
        "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"margin:20px 0 4px\"><tr>\
        <td style=\"background:#2457b8;border-radius:6px\"><a href=\"{}\" style=\"display:inline-block;padding:12px 24px;\
        color:#fdfdfd;text-decoration:none;font-weight:600\">{}</a></td></tr></table>",
        escaped(link),
        escaped(name)
    )
}

fn links(letter: &Letter<'_>, words: &Common) -> String {
    let links = [(words.preferences, &letter.preferences), (words.unsubscribe, &letter.unsubscribe)];
    let anchors: Vec<_> =
        links.iter().filter_map(|(name, link)| Some(anchor(name, &link.as_ref()?.to_string()))).collect();
    format!("<p class=\"soft\" style=\"margin:0;font-size:13px;color:#5a626d\">{}</p>", anchors.join(" · "))
}

fn anchor(name: &str, link: &str) -> String {
    format!("<a class=\"link\" href=\"{}\" style=\"color:#2457b8\">{}</a>", escaped(link), escaped(name))
}

fn small(text: &str) -> String {
    format!("<p class=\"soft\" style=\"margin:0 0 8px;font-size:13px;color:#5a626d\">{}</p>\n", escaped(text))
}

/// What was written first, else what the letter is about.
fn preheader(said: &Said, blocks: &[Shown<'_>]) -> String {
    let written = blocks.iter().find_map(|block| match block {
        Shown::Message { text, .. } if !text.is_empty() => Some(text.as_str()),
        _ => None,
    });
    clean_line(written.unwrap_or(&said.intro), PREHEADER)
}

/// As text between tags and within the quotes of an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
