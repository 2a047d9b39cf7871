//! Which topics selectors select.

use proptest::prelude::*;

use super::*;

fn classic(selector: &str, topic: &str) -> bool {
    Selector::classic(selector).matches(topic)
}

fn pattern(text: &str, topic: &str) -> bool {
    Selector::pattern(text).unwrap_or_else(|| panic!("{text}")).matches(topic)
}

#[test]
fn texts_and_stars() {
    assert!(classic("*", "anything at all"));
    assert!(classic("https://example.com/books/1", "https://example.com/books/1"));
    assert!(!classic("https://example.com/books/1", "https://example.com/books/12"));
    assert!(classic("", ""));
    assert!(!classic("a*", "ab"), "a star is only itself when alone");
}

#[test]
fn templates_of_every_level() {
    let yes = [
        ("/books/{id}", "/books/1"),
        ("/books/{id}", "/books/"),
        ("/books/{id}", "/books/a-b.c_d~e,f"),
        ("/books/{id}", "/books/%C3%A9t%C3%A9"),
        ("/books/{id}", "/books/{id}"),
        ("/books/{id}.jsonld", "/books/7.jsonld"),
        ("https://{host}/x", "https://example.com/x"),
        ("{+url}", "https://example.com/a?b=c#d"),
        ("/a{#part}", "/a#x/y"),
        ("/a{#part}", "/a"),
        ("/a{.format}", "/a.json"),
        ("/a{/id}", "/a/7"),
        ("/a{/id}", "/a"),
        ("/a{/one,two}", "/a/1/2"),
        ("/a{/path*}", "/a/1/2/3"),
        ("/a{;x,y}", "/a;x=1;y=2"),
        ("/a{?q,page}", "/a?q=x&page=2"),
        ("/a{?q}", "/a?other=x"),
        ("/a?b=1{&c}", "/a?b=1&c=2"),
        ("/a/{x:3}", "/a/abc"),
        ("/a/{x:3}", "/a/ab"),
        ("{a}{b}{c}", "xyz"),
        ("/a/{x}/b/{y}", "/a/1/b/2"),
        ("/é/{x}", "/é/1"),
    ];
    let no = [
        ("/books/{id}", "/books/1/reviews"),
        ("/books/{id}", "/books/1?x=2"),
        ("/books/{id}", "/books/été"),
        ("/books/{id}", "/books/1 "),
        ("/books/{id}", "/book/1"),
        ("/books/{id}", "x/books/1"),
        ("/books/{id}", "/books/%4"),
        ("/a{/id}", "/a/7/8"),
        ("/a{/id}", "/ab"),
        ("/a{?q}", "/a&q=1"),
        ("/a/{x:3}", "/a/abcd"),
        ("/a/{x}/b/{y}", "/a/1/b"),
        ("/{x}/a", "/a"),
    ];
    yes.iter().for_each(|(selector, topic)| assert!(classic(selector, topic), "{selector} ~ {topic}"));
    no.iter().for_each(|(selector, topic)| assert!(!classic(selector, topic), "{selector} !~ {topic}"));
}

#[test]
fn a_broken_template_is_a_text() {
    let broken = [
        "/a/{",
        "/a/}{x}",
        "/a/{}",
        "/a/{x y}",
        "/a/{=x}",
        "/a/{x:0}",
        "/a/{x:12345}",
        "/a/{x{y}}",
        "{a..b}",
    ];
    for text in broken {
        assert!(classic(text, text), "{text}");
        assert!(Selector::classic(text).topic().is_some(), "{text}");
        assert!(!classic(text, "/a/1"), "{text}");
    }
    assert!(Selector::classic("/a/{x}").topic().is_none());
}

#[test]
fn url_patterns() {
    let yes = [
        ("https://example.com/books/:id", "https://example.com/books/1"),
        ("https://example.com/books/:id", "https://example.com/books/1?lang=fr#top"),
        ("https://example.com/books/*", "https://example.com/books/1/2/3"),
        ("https://:sub.example.com/x", "https://a.example.com/x"),
        ("https://*.example.com/x", "https://a.b.example.com/x"),
        ("https://example.com:8080/x", "https://example.com:8080/x"),
        ("https://example.com/books/:id?", "https://example.com/books"),
        ("https://example.com/books/:id?", "https://example.com/books/1"),
        ("https://example.com/a{/b}?/c", "https://example.com/a/b/c"),
        ("https://example.com/a{/b}?/c", "https://example.com/a/c"),
        ("https://example.com/a?lang=:lang", "https://example.com/a?lang=fr"),
        ("https://example.com", "https://example.com/anything"),
        ("/books/:id", "/books/1"),
        ("/a\\:b", "/a:b"),
        ("http{s}?://example.com/x", "https://example.com/x"),
        ("http{s}?://example.com/x", "http://example.com/x"),
    ];
    let no = [
        ("https://example.com/books/:id", "https://example.com/books/"),
        ("https://example.com/books/:id", "https://example.com/books/1/2"),
        ("https://example.com/books/:id", "https://example.org/books/1"),
        ("https://:sub.example.com/x", "https://a.b.example.com/x"),
        ("https://*.example.com/x", "https://evil.org/.example.com/x"),
        ("/books/:id", "https://example.com/books/1"),
        ("https://example.com/books/:id?", "https://example.com/bookshop"),
    ];
    yes.iter().for_each(|(text, topic)| assert!(pattern(text, topic), "{text} ~ {topic}"));
    no.iter().for_each(|(text, topic)| assert!(!pattern(text, topic), "{text} !~ {topic}"));
    let refused =
        ["books/:id", "/a/(\\d+)", "/a/:id(\\d+)", "/a/:id+", "/a/:id*", "/{a{b}}", "/a}", "/{a", ""];
    refused.iter().for_each(|text| assert!(Selector::pattern(text).is_none(), "{text}"));
}

#[test]
fn a_hostile_template_takes_no_time() {
    let selector = Selector::classic(&"{a}{+b}".repeat(200));
    let topic = format!("{}|", "a".repeat(5000));
    let start = std::time::Instant::now();
    assert!(!selector.matches(&topic));
    assert!(start.elapsed() < std::time::Duration::from_secs(5));
}

proptest! {
    #[test]
    fn nothing_breaks_it(selector in "\\PC{0,40}", topic in "\\PC{0,40}") {
        let _ = classic(&selector, &topic);
        if let Some(pattern) = Selector::pattern(&selector) {
            let _ = pattern.matches(&topic);
        }
        let same = classic(&topic, &topic);
        prop_assert!(same);
    }

    #[test]
    fn expansions_match(value in "[A-Za-z0-9_.~-]{0,12}") {
        let topic = format!("/crm/users/{value}/inbox");
        let expands = classic("/crm/users/{id}/inbox", &topic);
        prop_assert!(expands);
        let fits = value.is_empty() || pattern("/crm/users/:id/inbox", &topic);
        prop_assert!(fits);
    }
}

proptest! {
    /// Long selectors take another way through the same steps.
    #[test]
    fn both_ways_agree(
        parts in prop::collection::vec(prop::sample::select(vec!["a", "{x}", "{/y}", "{+z}", "b", "{x:2}", "/"]), 1..8),
        topic in "[ab/.:]{0,12}",
    ) {
        let short = parts.concat();
        let long = format!("{short}{}", "{?none}".repeat(30));
        let same = classic(&short, &topic) == classic(&long, &topic);
        prop_assert!(same, "a part that is absent changes nothing");
    }
}
