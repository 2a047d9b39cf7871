//! A body's Markdown as HTML that is safe by construction: only what is named here is written, and every text and
//! address is escaped. Depth and size are bounded: thousands of levels would stop every reader's browser. What is nested
//! too deeply is shown as it was typed.

use super::Mention;
use super::markdown::{
    Block, DEEPEST, Item, List, Name, Piece, Seen, Side, Style, Table, addresses::without_token, parse,
    pieces, thinned, visit,
};

/// Bytes of HTML for each byte of a body, beyond some that every body may have. What people write needs a third of it.
const LARGEST: usize = 12;
const LARGEST_OF_ALL: usize = 4096;

/// Renders a body. Names after `@` are marked when they are among the message's mentions. A body whose HTML would be out
/// of proportion is shown as it was typed.
pub fn render(text: &str, mentions: &[Mention]) -> String {
    let text = &*thinned(text);
    let most = LARGEST * text.len() + LARGEST_OF_ALL;
    let mut writer = Writer { out: String::with_capacity(text.len() * 3 / 2 + 16), mentions, depth: 0 };
    writer.blocks(&parse(text));
    if writer.out.len() > most {
        writer.out.clear();
        writer.typed(&text.trim_end().split('\n').collect::<Vec<_>>());
    }
    writer.out
}

struct Writer<'a> {
    out: String,
    mentions: &'a [Mention],
    /// Elements that are open.
    depth: usize,
}

impl Writer<'_> {
    fn blocks(&mut self, blocks: &[Block<'_>]) {
        for (at, block) in blocks.iter().enumerate() {
            if at > 0 {
                self.out.push('\n');
            }
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block<'_>) {
        match block {
            Block::Paragraph(text) => self.within("<p>", "</p>", |writer| writer.text(text)),
            Block::Heading(text) => self.within("<p><strong>", "</strong></p>", |writer| writer.text(text)),
            Block::Quote(inner) => {
                self.within("<blockquote>\n", "\n</blockquote>", |writer| writer.blocks(inner));
            }
            Block::List(list) => self.list(list),
            Block::Code(lines) => self.within("<pre><code>", "</code></pre>", |writer| writer.code(lines)),
            Block::Table(table) => self.table(table),
            Block::Rule => self.out.push_str("<hr />"),
            Block::Typed(lines) | Block::Hollow(lines) => self.typed(lines),
        }
    }

    fn within(&mut self, open: &str, close: &str, write: impl FnOnce(&mut Self)) {
        let levels = open.matches('<').count();
        self.out.push_str(open);
        self.depth += levels;
        write(self);
        self.depth -= levels;
        self.out.push_str(close);
    }

    /// Lines and nothing else.
    fn typed(&mut self, lines: &[&str]) {
        self.out.push_str("<p>");
        for (at, line) in lines.iter().enumerate() {
            if at > 0 {
                self.out.push_str("<br />\n");
            }
            escape(line, &mut self.out);
        }
        self.out.push_str("</p>");
    }

    fn code(&mut self, lines: &[&str]) {
        for line in lines {
            escape(line, &mut self.out);
            self.out.push('\n');
        }
    }

    fn list(&mut self, list: &List<'_>) {
        let (open, close) = match list.first {
            None => ("<ul>\n".to_owned(), "</ul>"),
            Some(1) => ("<ol>\n".to_owned(), "</ol>"),
            Some(first) => (format!("<ol start=\"{first}\">\n"), "</ol>"),
        };
        self.within(&open, close, |writer| {
            for item in &list.items {
                writer.within("<li>", "</li>\n", |writer| writer.item(item));
            }
        });
    }

    /// The first paragraph of an item stands beside its mark.
    fn item(&mut self, item: &Item<'_>) {
        if let Some(done) = item.task {
            let checked = if done { " checked=\"\"" } else { "" };
            self.out.push_str(&format!("<input disabled=\"\" type=\"checkbox\"{checked}/>\n"));
        }
        match item.blocks.split_first() {
            Some((Block::Paragraph(text), rest)) => {
                self.text(text);
                if !rest.is_empty() {
                    self.out.push('\n');
                }
                self.blocks(rest);
            }
            _ => self.blocks(&item.blocks),
        }
    }

    fn table(&mut self, table: &Table<'_>) {
        let row = |writer: &mut Self, row: &[std::borrow::Cow<'_, str>], name: &str| {
            writer.out.push_str("<tr>");
            for (at, cell) in row.iter().enumerate() {
                let side = match table.sides.get(at) {
                    Some(Side::Left) => " align=\"left\"",
                    Some(Side::Center) => " align=\"center\"",
                    Some(Side::Right) => " align=\"right\"",
                    Some(Side::Start) | None => "",
                };
                writer.out.push_str(&format!("<{name}{side}>"));
                writer.text(cell);
                writer.out.push_str(&format!("</{name}>"));
            }
            writer.out.push_str("</tr>");
        };
        self.depth += 4;
        self.out.push_str("<table><thead>");
        for (at, cells) in table.rows.iter().enumerate() {
            row(self, cells, if at == 0 { "th" } else { "td" });
            self.out.push_str(if at == 0 { "</thead><tbody>\n" } else { "\n" });
        }
        self.out.push_str("</tbody></table>");
        self.depth -= 4;
    }

    fn text(&mut self, text: &str) {
        // Emphasis that would be too deep keeps its signs. Pieces open and close in order.
        let mut shown: Vec<bool> = Vec::new();
        for piece in pieces(text) {
            match piece {
                Piece::Open(style, signs) => {
                    let fits = self.depth < DEEPEST;
                    shown.push(fits);
                    self.depth += usize::from(fits);
                    self.out.push_str(if fits { open(style) } else { signs });
                }
                Piece::Close(style, signs) => {
                    let fits = shown.pop().unwrap_or(false);
                    self.depth -= usize::from(fits);
                    self.out.push_str(if fits { close(style) } else { signs });
                }
                piece => self.piece(&piece),
            }
        }
    }

    fn piece(&mut self, piece: &Piece<'_>) {
        match piece {
            Piece::Text(text) | Piece::Hollow(text) => escape(text, &mut self.out),
            Piece::Break => self.out.push_str("<br />\n"),
            Piece::Code(code) => {
                self.out.push_str("<code>");
                escape(&code.replace('\n', " "), &mut self.out);
                self.out.push_str("</code>");
            }
            Piece::Link(address) => {
                self.out.push_str("<a href=\"");
                escape(without_token(address), &mut self.out);
                self.out.push_str("\" rel=\"noopener noreferrer nofollow ugc\" target=\"_blank\">");
            }
            Piece::LinkEnd => self.out.push_str("</a>"),
            Piece::Mention(name) => self.mention(name),
            Piece::Open(..) | Piece::Close(..) => {}
        }
    }

    fn mention(&mut self, name: &Name) {
        // Two people may have one name: the id says which of them.
        let by_id = self.mentions.iter().find(|mention| Some(mention.user_id) == name.id);
        let found = by_id.or_else(|| name.whose(self.mentions, |mention| &mention.name));
        if let Some(mention) = found {
            self.out.push_str(&format!("<span class=\"mention\" data-user-id=\"{}\">", mention.user_id));
        }
        self.out.push('@');
        escape(&name.name, &mut self.out);
        if found.is_some() {
            self.out.push_str("</span>");
        }
    }
}

fn open(style: Style) -> &'static str {
    match style {
        Style::Emphasis => "<em>",
        Style::Strong => "<strong>",
        Style::Strike => "<del>",
    }
}

fn close(style: Style) -> &'static str {
    match style {
        Style::Emphasis => "</em>",
        Style::Strong => "</strong>",
        Style::Strike => "</del>",
    }
}

fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// The text of a body without its markup, in one line of at most `most` characters.
pub fn preview(text: &str, most: usize) -> String {
    let mut line = Line::default();
    visit(&parse(&thinned(text)), &mut |seen| match seen {
        Seen::Text(text) | Seen::Hollow(text) => line.push(text),
        Seen::Mention(name) => {
            line.push("@");
            line.push(&name.name);
        }
        Seen::Number(number) => line.push(&format!("{number}. ")),
        Seen::End => line.space = true,
    });
    let mut out = line.text;
    if out.chars().count() > most {
        out = out.chars().take(most.saturating_sub(1)).collect();
        out.push('…');
    }
    out
}

/// Words with one space between them.
#[derive(Default)]
struct Line {
    text: String,
    space: bool,
}

impl Line {
    fn push(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_whitespace() || c.is_control() {
                self.space = true;
                continue;
            }
            if std::mem::take(&mut self.space) && !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::markdown::addresses::is_allowed;

    #[test]
    fn renders_what_people_write() {
        let id = |number| crate::ids::PersonId(uuid::Uuid::from_u128(number));
        let mentions = [
            Mention { user_id: id(1), name: "Bruno da Silva".to_owned() },
            Mention { user_id: id(2), name: "Ana Lima".to_owned() },
            Mention { user_id: id(3), name: "Ana Lima".to_owned() },
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
                "@[Ana Lima|00000000-0000-0000-0000-000000000003] @[Ana Lima|00000000-0000-0000-0000-000000000002]",
                "<p><span class=\"mention\" data-user-id=\"00000000-0000-0000-0000-000000000003\">@Ana Lima</span> <span class=\"mention\" data-user-id=\"00000000-0000-0000-0000-000000000002\">@Ana Lima</span></p>",
            ),
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
