//! Letters: in every language and of every kind, with whatever people write.

use mail_parser::MessageParser;
use parlor_gateways::email::{
    compose::{Body, Html, Mail, compose},
    template::{
        Block, Content, Field, Forms, Kind, Language, Letter, Link, Reason, Rendered, Section, Texts, Values,
        Wording, built_in, render,
    },
};
use proptest::prelude::*;

fn link(text: &str) -> Link {
    text.parse().unwrap()
}

fn values() -> Values<'static> {
    Values { sender: "Ann Lee", tenant: "Acme", conversation: "Order 7", number: "DEV-042", count: 2 }
}

fn message<'a>(content: Content<'a>) -> Block<'a> {
    Block::Message { author: "Ann Lee", when: "Monday, 9:00", private: false, content }
}

fn letter<'a>(language: Language, blocks: Vec<Block<'a>>) -> Letter<'a> {
    Letter {
        language,
        values: values(),
        blocks,
        link: link("https://acme.example/c/1?m=2&x=3"),
        preferences: Some(link("https://acme.example/me")),
        unsubscribe: Some(link("https://acme.example/u/abc")),
        answerable: true,
    }
}

fn wording(kind: Kind, language: Language) -> Wording {
    Wording::parse(kind, &built_in(kind, language)).unwrap()
}

/// Opening and closing tags that belong together, and only tags that the layout has.
fn well_formed(html: &str) {
    let mut open: Vec<&str> = Vec::new();
    for piece in html.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').unwrap_or_else(|| panic!("a tag without end: {piece}"));
        let name = tag.split([' ', '\n']).next().unwrap();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{html}"),
            None if ["!DOCTYPE", "meta", "br", "img"].contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn every_kind_speaks_every_language() {
    for language in Language::ALL {
        for kind in Kind::ALL {
            let blocks = vec![
                message(Content::Text("hello")),
                Block::Fact { label: "Status", value: "solved" },
                Block::Section(Section::Waiting),
                Block::Row { title: "Order 7", detail: "2 hours", link: link("https://acme.example/c/1") },
            ];
            for count in [0, 1, 2] {
                let letter =
                    Letter { values: Values { count, ..values() }, ..letter(language, blocks.clone()) };
                let Rendered { subject, text, html } = render(&wording(kind, language), &letter);
                assert!(subject.starts_with("[Acme] "), "{subject}");
                assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())));
                for shown in [&text, &html] {
                    assert!(!shown.contains(['{', '}']) || shown.contains("color-scheme"), "{shown}");
                    for part in ["hello", "solved", "Order 7", "https://acme.example/u/abc"] {
                        assert!(shown.contains(part), "{part}\n{shown}");
                    }
                }
                assert!(
                    html.contains("https://acme.example/c/1?m=2&amp;x=3")
                        && text.contains("https://acme.example/c/1?m=2&x=3")
                );
                well_formed(&html);
            }
        }
    }
}

#[test]
fn one_is_said_as_the_language_says_it() {
    let heading = |language, count| {
        let letter = Letter { values: Values { count, ..values() }, ..letter(language, vec![]) };
        render(&wording(Kind::Messages, language), &letter).text.split("\n\n").nth(1).unwrap().to_owned()
    };
    assert_eq!(heading(Language::En, 1), "New message from Ann Lee");
    assert_eq!(heading(Language::De, 3), "3 neue Nachrichten");
    assert_eq!(heading(Language::Fr, 0), "Nouveau message de Ann Lee");
    assert_eq!(heading(Language::Pt, 2), "2 novas mensagens");
}

#[test]
fn a_mention_is_a_preview_and_notes_are_marked() {
    let long = "word ".repeat(100);
    let html = format!("<p>{long}</p>");
    let note = Block::Message {
        author: "Ann",
        when: "now",
        private: true,
        content: Content::Html { html: &html, text: &long },
    };
    let mention = render(&wording(Kind::Mention, Language::En), &letter(Language::En, vec![note.clone()]));
    assert!(
        !mention.html.contains("<p>word")
            && mention.text.contains("Private note")
            && mention.html.contains("Private note")
    );
    let shown = mention.text.split("> ").nth(1).unwrap().lines().next().unwrap();
    assert!(shown.chars().count() <= 101 && shown.ends_with('…'), "{shown}");
    let messages = render(&wording(Kind::Messages, Language::En), &letter(Language::En, vec![note]));
    assert!(messages.html.contains(&html));
}

#[test]
fn of_many_messages_the_last_ten_are_shown() {
    let texts: Vec<String> = (0..25).map(|n| format!("message number {n};")).collect();
    let blocks = texts.iter().map(|text| message(Content::Text(text))).collect();
    let rendered = render(&wording(Kind::Messages, Language::En), &letter(Language::En, blocks));
    for shown in [&rendered.text, &rendered.html] {
        assert!(shown.contains("15 earlier messages are not shown."));
        assert!(
            !shown.contains("number 14;") && shown.contains("number 15;") && shown.contains("number 24;")
        );
    }
}

#[test]
fn no_letter_is_cut_by_the_reader_s_program() {
    let long = "\"&<é😀".repeat(20_000);
    let html = format!("<p>{}</p>", "x".repeat(4990));
    let mut blocks: Vec<_> = (0..30).map(|_| message(Content::Html { html: &html, text: &long })).collect();
    blocks.extend((0..500).map(|_| Block::Row {
        title: &long,
        detail: &long,
        link: link(&format!("https://a.example/{}", "x".repeat(200))),
    }));
    blocks.extend((0..500).map(|_| Block::Fact { label: &long, value: &long }));
    let values = Values { sender: &long, tenant: &long, conversation: &long, number: &long, count: u64::MAX };
    for kind in Kind::ALL {
        for language in Language::ALL {
            let letter = Letter { values, ..letter(language, blocks.clone()) };
            let html = render(&wording(kind, language), &letter).html;
            assert!(html.len() < 102_000, "{kind:?} {} bytes", html.len());
            well_formed(&html);
        }
    }
}

#[test]
fn only_addresses_of_the_web_are_links() {
    for text in ["https://a.example", "http://localhost:8080/x?y=1&z=%20#q"] {
        assert!(text.parse::<Link>().is_ok(), "{text}");
    }
    let long = format!("https://a.example/{}", "x".repeat(1000));
    for text in [
        "",
        "javascript:alert(1)",
        "https://",
        "https:///x",
        "//a.example",
        "https://a.example/\" onclick=",
        "https://a.example/<b>",
        "https://a.example/ x",
        "https://a.example/\r\nX",
        &long,
    ] {
        assert!(text.parse::<Link>().is_err(), "{text:?}");
    }
}

#[test]
fn words_that_cannot_be_read_are_refused_with_line_and_reason() {
    let refuse = |kind, heading: &'static str| {
        let texts = Texts { heading: Forms { one: None, other: heading }, ..built_in(kind, Language::En) };
        Wording::parse(kind, &texts).unwrap_err()
    };
    let long: &'static str = Box::leak("x".repeat(301).into_boxed_str());
    for (heading, line, reason) in [
        ("", 1, Reason::Empty),
        (" \n ", 1, Reason::Empty),
        (long, 1, Reason::TooLong),
        ("a {sender", 1, Reason::Open),
        ("a\nb {sender\n}", 2, Reason::Open),
        ("a {sen{der}}", 1, Reason::Open),
        ("a\r\n\r\nb } c", 3, Reason::Close),
    ] {
        let refused = refuse(Kind::Mention, heading);
        assert_eq!(
            (refused.field, refused.line, &refused.reason),
            (Field::Heading, line, &reason),
            "{heading:?}"
        );
    }
    assert_eq!(
        refuse(Kind::Mention, "one\ntwo {number}").to_string(),
        "heading, line 2: there is no {number} in letters of this kind; there is {sender}, {tenant}, {conversation}, {count}"
    );
    assert!(refuse(Kind::Digest, "{sender}").to_string().ends_with("there is {tenant}, {count}"));
    let own =
        Texts { heading: Forms { one: Some("{"), other: "fine" }, ..built_in(Kind::Mention, Language::En) };
    assert_eq!(Wording::parse(Kind::Mention, &own).unwrap_err().reason, Reason::Open);
}

proptest! {
    /// Names, titles and texts are shown and never obeyed: not as HTML, not as places in braces, not as lines of a header.
    #[test]
    fn what_people_write_is_only_shown(text in "(<script>|\\{sender\\}|&amp;|\"|'|\r\n|\\PC|[<>&]){0,30}") {
        let values = Values { sender: &text, tenant: &text, conversation: &text, number: &text, count: 1 };
        let blocks = vec![
            Block::Message { author: &text, when: &text, private: true, content: Content::Text(&text) },
            Block::Fact { label: &text, value: &text },
            Block::Row { title: &text, detail: &text, link: link("https://a.example/") },
        ];
        let letter = Letter { values, blocks, ..letter(Language::En, vec![]) };
        for kind in Kind::ALL {
            let rendered = render(&wording(kind, Language::En), &letter);
            well_formed(&rendered.html);
            prop_assert!(!rendered.html.contains("<script"));
            prop_assert!(!rendered.subject.contains(['\r', '\n']));
            let body = Body {
                text: &rendered.text,
                html: Some(Html { html: &rendered.html, pictures: vec![] }),
                attachments: vec![],
            };
            let raw = compose(&Mail { subject: &rendered.subject, body, ..super::compose::mail() }).unwrap();
            let parsed = MessageParser::default().parse(&raw).unwrap();
            prop_assert_eq!(parsed.parts.len(), 3);
        }
    }
}
