//! Markdown to HTML that is safe by construction: the Markdown parser's events are filtered before anything is written.
//! Raw HTML becomes text, addresses need an allowed scheme, images become links, and every text is escaped by the
//! writer. No tag or attribute can come from a message that is not named here.

use pulldown_cmark::{
    CowStr, Event, Options, Parser, Tag, TagEnd, TextMergeStream, TextMergeWithOffset, html,
};

use super::shallow::{shallow, thinned};
use super::{Mention, names};

/// Bytes of HTML for each byte of a body, beyond some that every body may have. What people write needs a third of it;
/// references to one long address and tables of empty cells would need a thousand times as much.
const LARGEST: usize = 12;
const LARGEST_OF_ALL: usize = 4096;
/// Pieces of HTML for each byte of a body.
const MOST_PIECES: usize = 4;

/// Renders a body. Names after `@` are marked when they are among the message's mentions. Depth and size are bounded;
/// a body whose HTML would be out of proportion is shown as it was typed.
pub fn render(text: &str, mentions: &[Mention]) -> String {
    let text = &*thinned(text);
    marked_up(text, mentions).unwrap_or_else(|| as_typed(text))
}

/// The lines of a text and nothing else.
fn as_typed(text: &str) -> String {
    let mut out = String::from("<p>");
    for (at, line) in text.trim_end().lines().enumerate() {
        if at > 0 {
            out.push_str("<br />\n");
        }
        escape(line, &mut out);
    }
    out.push_str("</p>");
    out
}

/// `None` when it would be too large.
fn marked_up(text: &str, mentions: &[Mention]) -> Option<String> {
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    let mut in_link = false;
    let mut in_code = false;
    let found = TextMergeWithOffset::new(Parser::new_ext(text, options).into_offset_iter());
    let events = shallow(text, found).flat_map(|event| {
        match &event {
            Event::Start(Tag::Link { .. }) => in_link = true,
            Event::End(TagEnd::Link) => in_link = false,
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            _ => {}
        }
        safe(event, in_link || in_code, mentions)
    });
    let mut out = String::with_capacity(text.len() * 3 / 2 + 16);
    let mut pieces = MOST_PIECES * text.len() + LARGEST_OF_ALL;
    html::push_html(
        &mut out,
        events.map_while(|event| {
            pieces = pieces.saturating_sub(1);
            (pieces > 0).then_some(event)
        }),
    );
    out.truncate(out.trim_end().len());
    (pieces > 0 && out.len() <= LARGEST * text.len() + LARGEST_OF_ALL).then_some(out)
}

/// The words of a text that are in no code.
pub(crate) fn outside_code(text: &str) -> String {
    let mut in_code = false;
    let mut out = String::new();
    for event in TextMergeStream::new(Parser::new(text)) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(words) if !in_code => out.push_str(&words),
            _ => out.push(' '),
        }
    }
    out
}

fn safe<'a>(event: Event<'a>, literal: bool, mentions: &[Mention]) -> Vec<Event<'a>> {
    match event {
        Event::Html(html) | Event::InlineHtml(html) => vec![Event::Text(html)],
        Event::Start(Tag::HtmlBlock) => vec![Event::Start(Tag::Paragraph)],
        Event::End(TagEnd::HtmlBlock) => vec![Event::End(TagEnd::Paragraph)],
        Event::Start(Tag::Image { dest_url, .. } | Tag::Link { dest_url, .. }) => {
            vec![Event::InlineHtml(open_link(&dest_url))]
        }
        Event::End(TagEnd::Image | TagEnd::Link) => vec![Event::InlineHtml("</a>".into())],
        Event::Start(Tag::Heading { .. }) => {
            vec![Event::Start(Tag::Paragraph), Event::Start(Tag::Strong)]
        }
        Event::End(TagEnd::Heading(_)) => vec![Event::End(TagEnd::Strong), Event::End(TagEnd::Paragraph)],
        Event::Start(Tag::CodeBlock(_)) => {
            vec![Event::Start(Tag::CodeBlock(pulldown_cmark::CodeBlockKind::Indented))]
        }
        Event::SoftBreak => vec![Event::HardBreak],
        Event::Text(text) if !literal => decorate(text, mentions),
        Event::FootnoteReference(_) | Event::InlineMath(_) | Event::DisplayMath(_) => Vec::new(),
        other => vec![other],
    }
}

/// `<a>` with an address that may be followed, else without one.
fn open_link(address: &str) -> CowStr<'static> {
    let address: String = address.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    if !is_allowed(&address) {
        return "<a>".into();
    }
    let address = without_token(&address);
    let mut out = String::from("<a href=\"");
    escape(address, &mut out);
    out.push_str("\" rel=\"noopener noreferrer nofollow ugc\" target=\"_blank\">");
    out.into()
}

/// A fragment with a token signs in whoever follows it: no message carries that.
fn without_token(address: &str) -> &str {
    let Some((page, fragment)) = address.split_once('#') else { return address };
    let signs_in = fragment.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        unescaped(name).eq_ignore_ascii_case("token") && pair.contains('=')
    });
    if signs_in { page } else { address }
}

/// Letters that were written as `%74`.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let letter = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match letter {
            Some(letter) => {
                out.push(char::from(letter));
                out.push_str(part.get(2..).unwrap_or_default());
            }
            None => out.push_str(part),
        }
    }
    out
}

fn is_allowed(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    let local = address.starts_with('/') && !address.starts_with("//") && !address.starts_with("/\\");
    local || ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| lower.starts_with(scheme))
}

fn escape(text: &str, out: &mut String) {
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
}

/// Text with mentions marked and bare addresses made links.
fn decorate<'a>(text: CowStr<'a>, mentions: &[Mention]) -> Vec<Event<'a>> {
    if !text.contains('@') && !text.contains("://") {
        return vec![Event::Text(text)];
    }
    let mut events = Vec::new();
    let mut plain = String::new();
    let mut rest: &str = &text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        if !before.is_alphanumeric()
            && let Some((event, length)) = special(rest, c, mentions)
        {
            events.push(Event::Text(std::mem::take(&mut plain).into()));
            events.push(event);
            rest = &rest[length..];
            before = ' ';
            continue;
        }
        plain.push(c);
        before = c;
        rest = &rest[c.len_utf8()..];
    }
    events.push(Event::Text(plain.into()));
    events
}

fn special(rest: &str, first: char, mentions: &[Mention]) -> Option<(Event<'static>, usize)> {
    if first == '@' {
        let (name, length) = names::name(&rest[1..])?;
        let lower = name.to_lowercase();
        let is_named = |mention: &&Mention| {
            let full = mention.name.to_lowercase();
            full == lower || full.split(' ').next() == Some(lower.as_str())
        };
        let Some(mention) = mentions.iter().find(is_named) else {
            return Some((Event::Text(format!("@{name}").into()), length + 1));
        };
        let mut out = format!("<span class=\"mention\" data-user-id=\"{}\">@", mention.user_id);
        escape(&name, &mut out);
        out.push_str("</span>");
        return Some((Event::InlineHtml(out.into()), length + 1));
    }
    if first == 'h' && (rest.starts_with("https://") || rest.starts_with("http://")) {
        let end = rest
            .find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"'))
            .unwrap_or(rest.len());
        let address = rest[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'']);
        if address.len() > "https://".len() {
            let mut out = open_link(address).into_string();
            escape(address, &mut out);
            out.push_str("</a>");
            return Some((Event::InlineHtml(out.into()), address.len()));
        }
    }
    None
}

/// The text of a body without its markup, in one line of at most `most` characters.
pub fn preview(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut space = false;
    let text = plain_names(&thinned(text));
    let options = Options::ENABLE_STRIKETHROUGH;
    for event in Parser::new_ext(&text, options) {
        let piece = match event {
            Event::Text(piece) | Event::Code(piece) | Event::Html(piece) | Event::InlineHtml(piece) => piece,
            Event::SoftBreak | Event::HardBreak | Event::End(_) => {
                space = true;
                continue;
            }
            _ => continue,
        };
        for c in piece.chars() {
            if c.is_whitespace() || c.is_control() {
                space = true;
                continue;
            }
            if space && !out.is_empty() && !matches!(c, '.' | ',' | '!' | '?' | ':' | ';' | ')') {
                out.push(' ');
            }
            space = false;
            out.push(c);
        }
    }
    if out.chars().count() > most {
        out = out.chars().take(most.saturating_sub(1)).collect();
        out.push('…');
    }
    out
}

/// The text with `@[Full Name]` as it is shown: `@Full Name`.
fn plain_names(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("@[") {
        out.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        if let Some((name, length)) = names::name(rest) {
            out.push_str(&name);
            rest = &rest[length..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_carry_no_tokens() {
        let cases = [
            ("/app/#token=abc", "/app/"),
            ("https://a.example/app/c/1#x=1&token=abc", "https://a.example/app/c/1"),
            ("https://a.example/app/#%74ok%65N=abc", "https://a.example/app/"),
            ("https://a.example/page#token", "https://a.example/page#token"),
            ("https://a.example/page#section-2", "https://a.example/page#section-2"),
            ("/app/invite#abc.def", "/app/invite#abc.def"),
        ];
        for (address, expected) in cases {
            assert_eq!(without_token(address), expected, "{address}");
        }
    }

    #[test]
    fn renders_what_people_write() {
        let id = |number| crate::ids::PersonId(uuid::Uuid::from_u128(number));
        let mentions = [
            Mention { user_id: id(1), name: "Bruno da Silva".to_owned() },
            Mention { user_id: id(2), name: "Ana Lima".to_owned() },
        ];
        let cases = [
            ("plain", "<p>plain</p>"),
            ("*a* **b** ~~c~~ `d<`", "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d&lt;</code></p>"),
            ("one\ntwo", "<p>one<br />\ntwo</p>"),
            ("# big", "<p><strong>big</strong></p>"),
            (
                "hi @[Bruno da Silva] and @ana.",
                "<p>hi <span class=\"mention\" data-user-id=\"00000000-0000-0000-0000-000000000001\">@Bruno da Silva</span> and <span class=\"mention\" data-user-id=\"00000000-0000-0000-0000-000000000002\">@ana</span>.</p>",
            ),
            ("@nobody @[Not Here]", "<p>@nobody @Not Here</p>"),
            (
                "**@[Ana Lima]**",
                "<p><strong><span class=\"mention\" data-user-id=\"00000000-0000-0000-0000-000000000002\">@Ana Lima</span></strong></p>",
            ),
            ("`@ana`", "<p><code>@ana</code></p>"),
            ("ana@example.com", "<p>ana@example.com</p>"),
            (
                "see https://example.com/a?b=c&d, ok",
                "<p>see <a href=\"https://example.com/a?b=c&amp;d\" rel=\"noopener noreferrer nofollow ugc\" target=\"_blank\">https://example.com/a?b=c&amp;d</a>, ok</p>",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(render(text, &mentions), expected, "{text}");
        }
    }

    #[test]
    fn lets_nothing_active_through() {
        let hostile = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](java\nscript:alert(1))",
            "[x](&#106;avascript:alert(1))",
            "[x](data:text/html,<script>alert(1)</script>)",
            "[x](vbscript:x)",
            "[x](//evil.example)",
            "[x](/\\evil.example)",
            "![x](javascript:alert(1))",
            "<javascript:alert(1)>",
            "[x](https://a\" onmouseover=\"alert(1))",
            "@[<img src=x onerror=alert(1)>]",
            "```\"><script>\nx\n```",
            "https://a/\"onmouseover=alert(1)",
        ];
        for text in hostile {
            let html = render(text, &[]);
            let lower = html.to_lowercase();
            assert!(!lower.contains("<script") && !lower.contains("<img"), "{text} -> {html}");
            for part in html.split('<').skip(1) {
                let tag = part.split('>').next().unwrap_or("");
                assert!(!tag.contains(" on") && !tag.to_lowercase().contains("script:"), "{text} -> {html}");
                let address = tag.split("href=\"").nth(1).unwrap_or("https://");
                assert!(is_allowed(address), "{text} -> {html}");
            }
        }
    }

    #[test]
    fn previews_are_one_line() {
        assert_eq!(preview("# Hi\n\n**you** there\n- a\n- b", 100), "Hi you there a b");
        assert_eq!(preview("<b>x</b>", 100), "<b>x</b>");
        assert_eq!(preview("hi **@[Ana Lima]**, @[", 100), "hi @Ana Lima, @[");
        assert_eq!(preview(&"é".repeat(50), 10), format!("{}…", "é".repeat(9)));
    }
}
