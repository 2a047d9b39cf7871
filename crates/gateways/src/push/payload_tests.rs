//! A payload is small, whatever the texts are, and ends its texts where a reader would.

use serde_json::Value;

use super::*;

fn payload<'a>(title: &'a str, body: &'a str) -> Payload<'a> {
    Payload {
        tag: "00112233445566778899aabb",
        title,
        body,
        url: "/c/0192aaaa-0000-7000-8000-000000000001#0192aaaa-0000-7000-8000-000000000002",
        count: 3,
        badge: 12,
        clear: vec!["ffeeddccbbaa998877665544"],
        at: "2026-11-28T08:00:00Z",
    }
}

fn read(payload: &Payload<'_>, most: usize) -> Value {
    let json = payload.encode(most).unwrap();
    assert!(json.len() <= most, "{} octets, at most {most}", json.len());
    serde_json::from_slice(&json).unwrap()
}

#[test]
fn what_is_short_is_told_as_it_is() {
    let told = read(&payload("Ana \"A\" in #sales", "see\nyou — à bientôt 👋🏽"), USUAL_OCTETS);
    let expected = serde_json::json!({
        "tag": "00112233445566778899aabb", "title": "Ana \"A\" in #sales", "body": "see\nyou — à bientôt 👋🏽",
        "url": "/c/0192aaaa-0000-7000-8000-000000000001#0192aaaa-0000-7000-8000-000000000002",
        "count": 3, "badge": 12, "clear": ["ffeeddccbbaa998877665544"], "at": "2026-11-28T08:00:00Z",
    });
    assert_eq!(told, expected);
}

#[test]
fn texts_end_at_the_border_of_a_grapheme() {
    for grapheme in ["a", "é", "e\u{301}", "👩‍👩‍👧‍👦", "🇦🇹", "நி", "\r\n", "\"", "\\", "\u{1}", "\u{2028}"]
    {
        let long = grapheme.repeat(2_000);
        for most in [SMALL_OCTETS, USUAL_OCTETS] {
            let told = read(&payload(&long, &long), most);
            for field in ["title", "body"] {
                let text = told[field].as_str().unwrap();
                let kept = text.strip_suffix(ELLIPSIS).unwrap();
                assert_eq!(kept.replace(grapheme, ""), "", "{field} of {grapheme:?} is cut within one");
                assert!(!kept.is_empty(), "{field} of {grapheme:?} with {most}");
            }
            let room = usize::from(most == USUAL_OCTETS);
            assert_eq!(told["clear"].as_array().unwrap().len(), room, "room for what is to be closed");
        }
    }
}

#[test]
fn a_grapheme_without_end_is_left_out() {
    let endless = format!("a{}", "\u{301}".repeat(5_000));
    let told = read(&payload(&endless, &endless), USUAL_OCTETS);
    assert_eq!((told["title"].as_str(), told["body"].as_str()), (Some("…"), Some("…")));
}

#[test]
fn as_many_tags_are_closed_as_there_is_room_for() {
    let tags: Vec<String> = (0..500).map(|number| format!("{number:024}")).collect();
    let long = "x".repeat(5_000);
    for (title, body) in [("", ""), (long.as_str(), long.as_str())] {
        let full = Payload { clear: tags.iter().map(String::as_str).collect(), ..payload(title, body) };
        let told = read(&full, USUAL_OCTETS);
        let named = told["clear"].as_array().unwrap();
        assert!(named.len() > 10, "{}", named.len());
        assert!(named.iter().zip(&tags).all(|(named, tag)| named == tag.as_str()), "the first ones");
    }
}

#[test]
fn every_limit_is_kept_or_refused() {
    let long = "ab\u{1}é👋".repeat(300);
    let full = payload(&long, &long);
    for most in 0..700 {
        match full.encode(most) {
            Ok(json) => assert!(json.len() <= most, "{most}"),
            Err(refused) => {
                assert_eq!(refused, PayloadTooLong);
                assert!(most < 240, "{most}");
            }
        }
    }
    let url = "/".repeat(2_000);
    assert_eq!(Payload { url: &url, ..payload("", "") }.encode(USUAL_OCTETS), Err(PayloadTooLong));
}
