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

/// What people write, and the HTML of it without the paragraph around it.
#[test]
fn messages_are_no_documents() {
    let cases = [
        // Nothing is a definition.
        ("[Answer]: yes", "[Answer]: yes"),
        ("[^1]: foot", "[^1]: foot"),
        ("[x]: done", "[x]: done"),
        // Numbers are facts.
        ("18. september: one\n2. oktober: two", "18. september: one<br />\n2. oktober: two"),
        ("2018.", "2018."),
        ("1. alone", "1. alone"),
        ("1) a\n2) b", "1) a<br />\n2) b"),
        // Signs that people mean.
        (r"\\files\share\_Documentation", r"\\files\share\_Documentation"),
        (r"HKEY_CLASSES_ROOT\CLSID\{53BE}", r"HKEY_CLASSES_ROOT\CLSID\{53BE}"),
        (r"del C:\temp\*.txt D:\*", r"del C:\temp\*.txt D:\*"),
        (r"\*not slanted\* \`code\`", "*not slanted* `code`"),
        (r"C:\*\*.log a\*b\*", r"C:\*\*.log a\*b\*"),
        (r"s/\*/\+/ and 1\.\*", r"s/\*/\+/ and 1\.\*"),
        ("(*) one (*) two", "(*) one (*) two"),
        ("**done :)** *great ;-)*", "<strong>done :)</strong> <em>great ;-)</em>"),
        (
            "**Vraiment ?** **-> do this** **$ 100**",
            "<strong>Vraiment ?</strong> <strong>-&gt; do this</strong> <strong>$ 100</strong>",
        ),
        ("/** doc */ f() /** doc */", "/** doc */ f() /** doc */"),
        ("name: ______name______ ____ *_* hi *_*", "name: ______name______ ____ *_* hi *_*"),
        ("What is 100*100/400*56?", "What is 100*100/400*56?"),
        ("a*b*c, src/**/*.rs, **/*.md, *.txt and *.doc", "a*b*c, src/**/*.rs, **/*.md, *.txt and *.doc"),
        ("__init__.py and obj.__class__.__name__", "__init__.py and obj.__class__.__name__"),
        ("Thanks for the call\n-", "Thanks for the call<br />\n-"),
        ("one\n+ 3", "one<br />\n+ 3"),
        ("&lt;b&gt; &copy;", "&amp;lt;b&amp;gt; &amp;copy;"),
        (">50 people >_<", "&gt;50 people &gt;_&lt;"),
        ("line\\\nend", "line\\<br />\nend"),
        ("# ", "#"),
        ("[x](javascript:alert)", "[x](javascript:alert)"),
        ("a[]() b", "a[]() b"),
        // Scripts without spaces.
        ("**我想做的事。**所以继续", "<strong>我想做的事。</strong>所以继续"),
        ("**마크다운(Markdown)**을", "<strong>마크다운(Markdown)</strong>을"),
        ("これは*強調*です", "これは<em>強調</em>です"),
        ("文件_名称_表", "文件_名称_表"),
        // Emphasis as ever.
        (
            "*a* _b_ **c** __d__ ~~e~~",
            "<em>a</em> <em>b</em> <strong>c</strong> <strong>d</strong> <del>e</del>",
        ),
        ("***a*** **a *b* c**", "<em><strong>a</strong></em> <strong>a <em>b</em> c</strong>"),
        ("**\"a\"**, (*b*) *c*.", "<strong>&quot;a&quot;</strong>, (<em>b</em>) <em>c</em>."),
        ("`` a`b `` `<i>`", "<code>a`b</code> <code>&lt;i&gt;</code>"),
    ];
    for (body, expected) in cases {
        assert_eq!(check(body), format!("<p>{expected}</p>"), "{body}");
    }
    let link = |address: &str, text: &str| {
        format!("<a href=\"{address}\" rel=\"noopener noreferrer nofollow ugc\" target=\"_blank\">{text}</a>")
    };
    let linked = [
        (
            "(see https://a.example/GT_(game))",
            format!("(see {})", link("https://a.example/GT_(game)", "https://a.example/GT_(game)")),
        ),
        (
            "**https://a.example/a*b**",
            format!("<strong>{}</strong>", link("https://a.example/a*b", "https://a.example/a*b")),
        ),
        (
            "你好Https://a.example/a。好",
            format!("你好{}。好", link("Https://a.example/a", "Https://a.example/a")),
        ),
        (
            "[*a* https://b.example](https://c.example/(d))",
            link("https://c.example/(d)", "<em>a</em> https://b.example"),
        ),
        (
            "![a](/files/1) [](mailto:a@b.c)",
            format!("{} {}", link("/files/1", "a"), link("mailto:a@b.c", "mailto:a@b.c")),
        ),
    ];
    for (body, expected) in linked {
        assert_eq!(check(body), format!("<p>{expected}</p>"), "{body}");
    }
}

#[test]
fn blocks_end_with_their_lines() {
    let cases = [
        ("> quoted\n> more\nanswer", "<blockquote>\n<p>quoted<br />\nmore</p>\n</blockquote>\n<p>answer</p>"),
        ("- milk\n- eggs\nThanks!", "<ul>\n<li>milk</li>\n<li>eggs</li>\n</ul>\n<p>Thanks!</p>"),
        (
            "todo:\n- [ ] a\n- [x] b",
            "<p>todo:</p>\n<ul>\n<li><input disabled=\"\" type=\"checkbox\"/>\na</li>\n<li><input disabled=\"\" type=\"checkbox\" checked=\"\"/>\nb</li>\n</ul>",
        ),
        (
            "3. a\n\n4. b\n   - c\n\n   d",
            "<ol start=\"3\">\n<li>a</li>\n<li>b\n<ul>\n<li>c</li>\n</ul>\n<p>d</p></li>\n</ol>",
        ),
        ("a\n---\nb", "<p>a</p>\n<hr />\n<p>b</p>"),
        ("```rust\nlet a = 1;\n```\nb", "<pre><code>let a = 1;\n</code></pre>\n<p>b</p>"),
        ("```this is text\nand this```\nb", "<pre><code>this is text\nand this\n</code></pre>\n<p>b</p>"),
        ("    @ana\n\tx", "<pre><code>@ana\nx\n</code></pre>"),
        (
            "a|b\n-|:-:\n1|2|3 \\| 4",
            "<table><thead><tr><th>a</th><th align=\"center\">b</th></tr></thead><tbody>\n<tr><td>1</td><td align=\"center\">2</td><td>3 | 4</td></tr>\n</tbody></table>",
        ),
        ("# Plan #1 #", "<p><strong>Plan #1 #</strong></p>"),
    ];
    for (body, expected) in cases {
        assert_eq!(check(body), expected, "{body}");
    }
}

/// Signs that may be marks. All others are in the text of the HTML, and as often as in the body.
const MARKS: &str = "*_~`#>-|[]()!\\:";

proptest! {
    #[test]
    fn every_other_sign_is_shown(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "word", "ein", "字", "。", "（x）", "é", "7", "18. ", "2. ", "3. ", "1) ", "+ ", "- ", "* ", "> ", ">", "    ", "\t", " ", "\n", "\n\n",
            "*", "**", "_", "__", "~~", "`", "```", "```\n", "~~~\n", "# ", "---", "|", "a|b\n-|-\n", "[", "](/)", "](", ")", "![", "[x]: ", "[ ] ",
            "http://a.b/(c)_d", "&amp;", "&#65;", "<i>", "</b>", "\"", "'", "$5", "%", "\\", "\\*", "\\_", "C:\\a\\", "@ana", "@[Ana Lima]", "🙂", ",", ".", "=", "===\n",
        ]), 0..40),
    ) {
        let body = pieces.concat();
        let html = words(&check(&body));
        // An item of a list shows its number by the browser, a task its box; the marks of lists, code and links are left out.
        let count = |text: &str, sign: char| text.chars().filter(|c| *c == sign).count();
        let lists = html_numbers(&body);
        for sign in body.chars().filter(|c| !c.is_whitespace() && !MARKS.contains(*c)) {
            let numbers = if lists && (sign.is_ascii_digit() || sign == '.') { usize::MAX } else { 0 };
            let of_link = body.contains("](/") && sign == '/' || body.contains("](http") && "http://a.b/(c)_d".contains(sign);
            let address = if of_link { usize::MAX } else { 0 };
            let boxes = if sign == 'x' && body.contains("[x]") { usize::MAX } else { 0 };
            let missing = count(&body, sign).saturating_sub(count(&html, sign));
            prop_assert!(missing <= numbers.max(address).max(boxes), "{} of {:?} missing: {:?}\n{}", missing, sign, body, html);
        }
    }
}

fn html_numbers(body: &str) -> bool {
    render(body, &[]).contains("<ol")
}
