//! Messages as they are written: an independent parser finds in them what was put in, and nothing else.

use jiff::Timestamp;
use mail_parser::{Address as Parsed, HeaderName, Message, MessageParser, MimeHeaders};
use parlor_gateways::email::compose::{
    Attachment, Automatic, Body, Html, Mail, Mailbox, Picture, Unwritable, compose,
};
use proptest::prelude::*;

fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox { name: name.to_owned(), address: address.parse().unwrap() }
}

pub fn mail() -> Mail<'static> {
    Mail {
        from: mailbox("Ann via Acme", "support@acme.example"),
        to: vec![mailbox("Bob", "bob@customer.example")],
        cc: vec![],
        reply_to: Some("support+c.token@acme.example".parse().unwrap()),
        subject: "Your order",
        date: Timestamp::from_second(1_790_000_000).unwrap(),
        message_id: "<m.1.aa@acme.example>".parse().unwrap(),
        in_reply_to: None,
        references: vec![],
        automatic: None,
        list_id: None,
        unsubscribe: None,
        instance: "0011aabb",
        body: Body { text: "Hello Bob,\nit is on its way.\n", html: None, attachments: vec![] },
    }
}

fn text(mail: &Mail<'_>) -> String {
    String::from_utf8(compose(mail).unwrap()).unwrap()
}

fn parsed(raw: &[u8]) -> Message<'_> {
    MessageParser::default().parse(raw).unwrap()
}

fn names(list: Option<&Parsed<'_>>) -> Vec<(String, String)> {
    let list = list.map(|list| list.clone().into_list()).unwrap_or_default();
    list.iter()
        .map(|one| (one.name().unwrap_or_default().to_owned(), one.address().unwrap().to_owned()))
        .collect()
}

/// The names of the fields of the message itself, in their order.
fn fields(raw: &str) -> Vec<&str> {
    let head = raw.split("\r\n\r\n").next().unwrap();
    let lines = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    lines.map(|line| line.split_once(':').unwrap().0).collect()
}

const FIELDS: [&str; 10] = [
    "Date",
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Message-ID",
    "X-Parlor-Instance",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// What every message must be, whatever was put in.
fn well_formed(raw: &[u8]) -> String {
    let raw = std::str::from_utf8(raw).unwrap();
    assert!(raw.is_ascii());
    assert!(!raw.contains(|c: char| c.is_control() && c != '\r' && c != '\n'), "{raw:?}");
    assert_eq!(raw.matches('\r').count(), raw.matches("\r\n").count());
    assert_eq!(raw.matches('\n').count(), raw.matches("\r\n").count());
    assert!(raw.split("\r\n").all(|line| line.len() <= 998), "{raw}");
    raw.to_owned()
}

const HOSTILE: [&str; 14] = [
    "",
    " ",
    "a\r\nBcc: evil@x.example",
    "a\nX-Evil: 1\n\nbody",
    "a\rb",
    "\0\x08\x1b[31m",
    "\u{85}\u{2028}\u{2029}",
    "=?utf-8?q?evil?=",
    "\"quoted\" \\ (comment) <a@b>, c;d:",
    "Müller, Jürgen",
    "日本語の名前",
    "\u{202e}moc.elpmaxe@a",
    "👩‍👩‍👧‍👧",
    "a@b.example",
];

#[test]
fn a_plain_answer_has_these_fields() {
    let raw = text(&mail());
    assert_eq!(fields(&raw), FIELDS);
    for line in [
        "Date: Mon, 21 Sep 2026 14:13:20 +0000",
        "From: \"Ann via Acme\" <support@acme.example>",
        "Reply-To: support+c.token@acme.example",
        "To: \"Bob\" <bob@customer.example>",
        "Subject: Your order",
        "Message-ID: <m.1.aa@acme.example>",
    ] {
        assert!(raw.contains(&format!("{line}\r\n")), "{line}\n{raw}");
    }
    assert!(raw.ends_with("\r\n\r\nHello Bob,\r\nit is on its way.\r\n\r\n"), "{raw}");
}

#[test]
fn a_notification_is_one_that_can_be_ended() {
    let raw = text(&Mail {
        automatic: Some(Automatic::Generated),
        list_id: Some("42.notify.acme.example".parse().unwrap()),
        unsubscribe: Some("https://acme.example/u/abc".parse().unwrap()),
        in_reply_to: Some("<a@b>".parse().unwrap()),
        ..mail()
    });
    for line in [
        "In-Reply-To: <a@b>",
        "References: <a@b>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "List-ID: <42.notify.acme.example>",
        "List-Unsubscribe: <https://acme.example/u/abc>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ] {
        assert!(raw.contains(&format!("{line}\r\n")), "{line}\n{raw}");
    }
    let replied = text(&Mail { automatic: Some(Automatic::Replied), ..mail() });
    assert!(replied.contains("Auto-Submitted: auto-replied\r\n"));
}

#[test]
fn of_a_long_conversation_the_first_and_the_last_ids_are_given() {
    let id = |n: usize| format!("<{n}.{}@x.example>", "y".repeat(200)).parse().unwrap();
    let references: Vec<_> = (0..50).chain([3, 49]).map(id).collect();
    let raw = compose(&Mail { references, in_reply_to: Some(id(50)), ..mail() }).unwrap();
    well_formed(&raw);
    let message = parsed(&raw);
    let given: Vec<String> =
        message.references().as_text_list().unwrap().iter().map(|id| id.to_string()).collect();
    let wanted: Vec<String> =
        [0].into_iter().chain(32..=50).map(|n| format!("{n}.{}@x.example", "y".repeat(200))).collect();
    assert_eq!(given, wanted);
}

#[test]
fn whatever_a_name_or_a_subject_holds_it_stays_one() {
    let long = "x".repeat(5000);
    let wide = "é".repeat(5000);
    for hostile in HOSTILE.iter().copied().chain([long.as_str(), &wide]) {
        let mail = Mail {
            from: mailbox(hostile, "support@acme.example"),
            to: vec![mailbox(hostile, "bob@customer.example"), mailbox(hostile, "eve@bücher.example")],
            subject: hostile,
            ..mail()
        };
        let raw = compose(&mail).unwrap();
        let written = well_formed(&raw);
        assert_eq!(
            fields(&written).iter().filter(|name| FIELDS.contains(name)).count(),
            fields(&written).len()
        );
        let message = parsed(&raw);
        assert!(message.bcc().is_none() && message.header("X-Evil").is_none(), "{hostile:?}");
        let shown = shown(hostile);
        let close = |text: &str| {
            text == shown || text.ends_with('…') && shown.starts_with(text.trim_end_matches('…'))
        };
        let to = names(message.to());
        assert!(to.iter().all(|(name, _)| close(name)), "{hostile:?}: {to:?}");
        let addresses: Vec<_> = to.iter().map(|(_, address)| address.as_str()).collect();
        assert_eq!(addresses, ["bob@customer.example", "eve@xn--bcher-kva.example"], "{hostile:?}");
        assert!(close(message.subject().unwrap_or_default()), "{hostile:?}: {:?}", message.subject());
    }
}

/// What a reader is shown of a text: one line, nothing that cannot be seen.
fn shown(text: &str) -> String {
    let seen: String = text.chars().filter(|c| !"\u{202e}".contains(*c)).collect();
    let words = seen.split(|c: char| c.is_control() || c.is_whitespace());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[test]
fn texts_arrive_as_they_were_without_what_cannot_be_seen() {
    let long = "word ".repeat(2000);
    for (written, read) in [
        ("", ""),
        ("a\nb\rc\r\nd", "a\r\nb\r\nc\r\nd"),
        (".\r\n..\r\nFrom me", ".\r\n..\r\nFrom me"),
        ("trailing \t\nspaces ", "trailing \t\r\nspaces "),
        ("--=_0_1\n--=_0_1--", "--=_0_1\r\n--=_0_1--"),
        ("a = b =3D", "a = b =3D"),
        ("\0null \x08bell \x1b[31m", "null bell [31m"),
        ("grüße 日本語 👍", "grüße 日本語 👍"),
        ("全部日本語の本文です。", "全部日本語の本文です。"),
        (&long, &long),
    ] {
        let html = format!("<p>{written}</p>");
        let body =
            Body { text: written, html: Some(Html { html: &html, pictures: vec![] }), attachments: vec![] };
        let raw = compose(&Mail { body, ..mail() }).unwrap();
        well_formed(&raw);
        let message = parsed(&raw);
        assert_eq!(
            message.text_bodies().next().unwrap().text_contents().unwrap().trim_end_matches("\r\n"),
            read
        );
        assert_eq!(
            message.html_bodies().next().unwrap().text_contents().unwrap().trim_end_matches("\r\n"),
            format!("<p>{read}</p>")
        );
    }
}

#[test]
fn pictures_belong_to_the_html_and_files_to_the_message() {
    let bytes: Vec<u8> = (0..=255).collect();
    let body = Body {
        text: "see",
        html: Some(Html {
            html: "<img src=\"cid:logo@acme.example\">",
            pictures: vec![Picture {
                content_id: "<logo@acme.example>".parse().unwrap(),
                name: "logo.png",
                media_type: "image/png".parse().unwrap(),
                content: &bytes,
            }],
        }),
        attachments: vec![
            Attachment {
                name: "Rechnung März.pdf",
                media_type: "application/pdf".parse().unwrap(),
                content: &bytes,
            },
            Attachment {
                name: "fwd.eml",
                media_type: "message/rfc822".parse().unwrap(),
                content: b"Subject: x\n\ny",
            },
        ],
    };
    let raw = compose(&Mail { body, ..mail() }).unwrap();
    well_formed(&raw);
    let message = parsed(&raw);
    let types: Vec<String> = message
        .parts
        .iter()
        .filter_map(|part| {
            let kind = part.content_type()?;
            Some(format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()))
        })
        .collect();
    assert_eq!(
        types,
        [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png",
            "application/pdf",
            "application/octet-stream",
        ]
    );
    let picture = &message.parts[5];
    assert_eq!((picture.content_id(), picture.contents()), (Some("logo@acme.example"), &bytes[..]));
    let file = &message.parts[6];
    assert_eq!((file.attachment_name(), file.contents()), (Some("Rechnung März.pdf"), &bytes[..]));
}

#[test]
fn a_file_is_named_without_path_and_tricks() {
    let long = format!("{}.pdf", "n".repeat(500));
    let wide = format!("{}.pdf", "名".repeat(500));
    for (written, read) in [
        ("../../etc/passwd", "passwd".to_owned()),
        ("C:\\x\\a.txt", "a.txt".to_owned()),
        ("a\r\nX-Evil: 1.txt", "a X-Evil_ 1.txt".to_owned()),
        ("a\"; filename=\"b.exe", "a_; filename=_b.exe".to_owned()),
        ("", "file".to_owned()),
        ("...", "file".to_owned()),
        ("\0", "file".to_owned()),
        ("gpj.\u{202e}exe", "gpj.exe".to_owned()),
        ("=?utf-8?q?x?=", "=_utf-8_q_x_=".to_owned()),
        (&long, format!("{}.pdf", "n".repeat(196))),
        (&"n".repeat(500), "n".repeat(200)),
        (&wide, format!("{}.pdf", "名".repeat(71))),
    ] {
        let file = Attachment { name: written, media_type: "text/plain".parse().unwrap(), content: b"x" };
        let raw = compose(&Mail { body: Body { attachments: vec![file], ..mail().body }, ..mail() }).unwrap();
        well_formed(&raw);
        let message = parsed(&raw);
        assert!(message.header("X-Evil").is_none());
        assert_eq!(
            message.attachments().next().unwrap().attachment_name(),
            Some(read.as_str()),
            "{written:?}"
        );
    }
}

#[test]
fn what_cannot_be_written_says_why() {
    assert_eq!(compose(&Mail { to: vec![], ..mail() }), Err(Unwritable::NoRecipient));
    let many = vec![mailbox("", "a@b.example"); 100];
    assert_eq!(compose(&Mail { cc: many, ..mail() }), Err(Unwritable::TooManyRecipients));
    for mark in ["", "a b", "a\r\nX: y"] {
        assert_eq!(compose(&Mail { instance: mark, ..mail() }), Err(Unwritable::Instance));
    }
    assert_eq!(compose(&Mail { date: Timestamp::MIN, ..mail() }), Err(Unwritable::Date));
    let huge = vec![0; 20 * 1024 * 1024];
    let file = Attachment { name: "x", media_type: "a/b".parse().unwrap(), content: &huge };
    let body = Body { attachments: vec![file], ..mail().body };
    assert_eq!(compose(&Mail { body, ..mail() }), Err(Unwritable::TooLarge));
}

proptest! {
    #[test]
    fn any_text_stays_in_its_place(name in any::<String>(), subject in any::<String>(), text in any::<String>(), file in any::<String>()) {
        let attachment = Attachment { name: &file, media_type: "text/plain".parse().unwrap(), content: text.as_bytes() };
        let mail = Mail {
            from: mailbox(&name, "support@acme.example"),
            subject: &subject,
            body: Body { text: &text, html: Some(Html { html: &text, pictures: vec![] }), attachments: vec![attachment] },
            ..mail()
        };
        let raw = compose(&mail).unwrap();
        let written = well_formed(&raw);
        prop_assert!(fields(&written).iter().all(|name| FIELDS.contains(name)));
        let message = parsed(&raw);
        prop_assert_eq!(names(message.from()).len(), 1);
        prop_assert_eq!(message.header_values(HeaderName::Subject).count(), fields(&written).iter().filter(|name| **name == "Subject").count());
        prop_assert_eq!(message.parts.len(), 5);
        prop_assert_eq!(message.attachments().next().unwrap().contents(), text.as_bytes());
    }
}
