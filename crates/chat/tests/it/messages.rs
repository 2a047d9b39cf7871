//! Messages: exactly once, editing and its window, threads, mentions, reactions, hostile bodies.

use parlor_chat::{
    ConversationId, Error, MessageId, Right,
    messages::{self, Range, render},
    settings,
};
use parlor_db::{params, statements};
use serde_json::{Value, json};

use crate::support::{World, body, rule};

#[test]
fn the_same_client_id_gives_the_same_message() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group]), world.user("Ben", &[]));
    let (one, two) = (world.group(&ana, &[&ben]), world.group(&ana, &[]));
    let send = |by, id, text: &str| {
        world
            .post_as(by, id, text, |new| new.client_id = Some("c1".to_owned()))
            .map(|message| (message.id, message.seq))
    };
    let first = send(&ana, one, "once").unwrap();
    assert_eq!(send(&ana, one, "once").unwrap(), first);
    assert_eq!(rule(send(&ana, one, "something else")), "conflict: client_id");
    assert_eq!(rule(send(&ben, one, "once")), "conflict: client_id");
    assert_ne!(send(&ana, two, "once").unwrap().0, first.0, "another conversation");
    let by = ana.clone();
    assert_eq!(
        world.read(move |tx| messages::page(tx, &by, one, Range::Newest, None)).unwrap().items.len(),
        1
    );
}

#[test]
fn a_message_has_a_bounded_number_of_edits() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let id = world.group(&ana, &[]);
    let sent = world.post(&ana, id, "edit 0").unwrap().id;
    let by = ana.clone();
    let edits = world.write(move |tx| {
        (1..=200)
            .try_for_each(|number| messages::edit(tx, &by, sent, &body(&format!("edit {number}"))).map(drop))
    });
    edits.unwrap();
    let by = ana.clone();
    let once_more = world.write(move |tx| messages::edit(tx, &by, sent, &body("edit 201")).map(drop));
    assert_eq!(rule(once_more), "conflict: edits");
    assert_eq!(world.read(move |tx| messages::history(tx, &ana, sent)).unwrap().len(), 200);
}

#[test]
fn editing_keeps_history_and_ends_with_the_window() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group]), world.user("Ben", &[]));
    let (system, changes) = (world.system(), [("edit_window_seconds".to_owned(), json!(120))].into());
    world.write(move |tx| settings::update(tx, &system, &changes)).unwrap();
    let id = world.group(&ana, &[&ben]);
    let sent = world.post(&ana, id, "one").unwrap().id;
    let edit = |by: &parlor_chat::Actor, text: &str| {
        let (by, body) = (by.clone(), body(text));
        world.write(move |tx| messages::edit(tx, &by, sent, &body).map(|message| message.body))
    };
    assert_eq!(edit(&ana, "two").unwrap(), "two");
    assert_eq!(edit(&ana, "three").unwrap(), "three");
    assert_eq!(rule(edit(&ben, "mine")), "forbidden: author");
    let by = ben.clone();
    let history = world.read(move |tx| messages::history(tx, &by, sent)).unwrap();
    assert_eq!(history.iter().map(|edit| edit.body.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    world.pass(121);
    assert_eq!(rule(edit(&ana, "four")), "forbidden: edit_window");
    let by = ana.clone();
    let gone = world.write(move |tx| messages::delete(tx, &by, sent)).unwrap();
    assert_eq!((gone.body.as_str(), gone.html.as_str()), ("", ""));
    let by = ben.clone();
    assert!(world.read(move |tx| messages::history(tx, &by, sent)).unwrap().is_empty());
}

#[test]
fn replies_make_threads() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let (id, elsewhere) = (world.group(&ana, &[]), world.group(&ana, &[]));
    let root = world.post(&ana, id, "root").unwrap().id;
    let answer = |to: MessageId, place: ConversationId| {
        world.post_as(&ana, place, "answer", move |new| new.reply_to_id = Some(to))
    };
    let first = answer(root, id).unwrap();
    let second = answer(first.id, id).unwrap();
    assert_eq!((first.thread_root_id, second.thread_root_id), (Some(root), Some(root)));
    assert_eq!(second.reply_to.unwrap().id, first.id);
    assert_eq!(rule(answer(root, elsewhere)), "invalid: reply_to_id known");
    let by = ana.clone();
    let thread = world.read(move |tx| messages::thread(tx, &by, second.id)).unwrap();
    assert_eq!(thread.iter().map(|message| message.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(thread[0].reply_count, 2);
}

#[test]
fn one_word_names_all_members_or_those_who_are_here() {
    let world = World::new();
    let (ana, ben) =
        (world.user("Ana", &[Right::Group, Right::Channel, Right::Support]), world.user("Ben", &[]));
    let (cleo, dan) = (world.user("Cleo", &[]), world.user("Dan", &[]));
    let id = world.group(&ana, &[&ben, &cleo]);
    let mentions = |who: &parlor_chat::Actor| {
        let by = who.clone();
        let view = world.read(move |tx| parlor_chat::conversations::get(tx, &by, id)).unwrap();
        view.me.unwrap().mentions
    };
    let all = world.post(&ben, id, "lunch, @All?").unwrap();
    let mut names: Vec<_> = all.mentions.iter().map(|mention| mention.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Ana", "Cleo", "all"]);
    assert!(all.html.contains("<span class=\"mention\"") && all.html.contains("@All</span>"), "{}", all.html);
    assert_eq!([&ana, &ben, &cleo].map(mentions), [1, 0, 1]);

    let say = |text: &str, online: &[&parlor_chat::Actor]| {
        let body = body(text).with_online(online.iter().map(|one| one.id()).collect());
        let (by, new) = (ben.clone(), messages::NewMessage::text(text));
        world.write(move |tx| Ok(messages::post(tx, &by, id, &new, &body)?.message)).unwrap()
    };
    let here = say("is anybody @here", &[&ben, &cleo, &dan]);
    assert_eq!(here.mentions.len(), 2, "Cleo and the word: Ana is away, Dan is no member, Ben wrote it");
    assert_eq!([&ana, &cleo].map(mentions), [1, 2]);
    let (by, taken) = (ben.clone(), body("lunch"));
    world.write(move |tx| messages::edit(tx, &by, all.id, &taken)).unwrap();
    assert_eq!([&ana, &cleo].map(mentions), [0, 1], "who is no longer named does not count it");
    assert_eq!(say("mail all@here.com or `@all`", &[]).mentions, [], "no name, and code");

    let by = ana.clone();
    let pair = parlor_chat::conversations::NewConversation {
        user_ids: vec![ben.id()],
        ..parlor_chat::conversations::NewConversation::of(parlor_chat::Kind::Direct)
    };
    let pair = world.write(move |tx| parlor_chat::conversations::open(tx, &by, &pair, None)).unwrap();
    let words = world.post(&ana, pair.conversation.id, "not for @all").unwrap();
    assert_eq!(words.mentions, [], "two people have no all");
}

#[test]
fn in_large_groups_only_those_who_manage_name_all() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let many: Vec<_> = (0..50).map(|number| world.user(&format!("Member {number}"), &[])).collect();
    let id = world.group(&ana, &many.iter().collect::<Vec<_>>());
    assert_eq!(rule(world.post(&many[0], id, "hello @all")), "invalid: body mention_all");
    assert_eq!(rule(world.post(&many[0], id, "hello @here")), "invalid: body mention_all");
    assert_eq!(world.post(&ana, id, "hello @all").unwrap().mentions.len(), 51);
    let by = ana.clone();
    let last = many[49].id();
    world.write(move |tx| parlor_chat::participants::remove(tx, &by, id, last)).unwrap();
    assert_eq!(world.post(&many[0], id, "hello @all").unwrap().mentions.len(), 50);
}

#[test]
fn mentions_name_members_only() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana Lima", &[Right::Group]), world.user("Ben Roth", &[]));
    world.user("Cleo Petit", &[]);
    let id = world.group(&ana, &[&ben]);
    let named = |text: &str| {
        let message = world.post(&ana, id, text).unwrap();
        message.mentions.into_iter().map(|mention| mention.name).collect::<Vec<_>>()
    };
    assert_eq!(named("@[Ben Roth] and @[Cleo Petit]"), ["Ben Roth"]);
    assert_eq!(named("@ben, please"), ["Ben Roth"]);
    assert_eq!(named("ana@ben.example"), Vec::<String>::new());
    let by = ben.clone();
    let totals = world.read(move |tx| parlor_chat::conversations::totals(tx, &by)).unwrap();
    assert_eq!((totals.unread, totals.mentions), (3, 2));
}

#[test]
fn names_are_found_whatever_their_letters() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let others =
        [world.user("Élodie Ünsal", &[]), world.user("ÅSA Östberg", &[]), world.user("Юлия Орлова", &[])];
    let id = world.group(&ana, &others.each_ref());
    let named = |text: &str| {
        let message = world.post(&ana, id, text).unwrap();
        message.mentions.into_iter().map(|mention| mention.name).collect::<Vec<_>>()
    };
    assert_eq!(named("@[Élodie Ünsal], @[åsa östberg]"), ["Élodie Ünsal", "ÅSA Östberg"]);
    assert_eq!(named("@élodie and @юлия"), ["Élodie Ünsal", "Юлия Орлова"]);
    let found = |search: &str| {
        let (by, filter) = (
            ana.clone(),
            parlor_chat::users::UserFilter { search: Some(search.to_owned()), ..Default::default() },
        );
        let page = world.read(move |tx| parlor_chat::users::list(tx, &by, &filter)).unwrap();
        page.items.into_iter().map(|user| user.name).collect::<Vec<_>>()
    };
    assert_eq!(found("élo"), ["Élodie Ünsal"]);
    assert_eq!(found("åsa"), ["ÅSA Östberg"]);
    assert_eq!(found("ЮЛИЯ"), ["Юлия Орлова"]);
}

#[test]
fn wildcards_in_a_searched_text_find_themselves_only() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group, Right::Contacts]);
    world.user("100% Ben_1!", &[]);
    world.user("100 Ben 1", &[]);
    let found = |search: &str| {
        let (by, text) = (ana.clone(), Some(search.to_owned()));
        let filter = parlor_chat::users::UserFilter { search: text, ..Default::default() };
        let page = world.read(move |tx| parlor_chat::users::list(tx, &by, &filter)).unwrap();
        page.items.into_iter().map(|user| user.name).collect::<Vec<_>>()
    };
    for wildcard in ["0%", "n_1", "%", "_", "!"] {
        assert_eq!(found(wildcard), ["100% Ben_1!"], "{wildcard}");
    }
    assert_eq!(found("100").len(), 2);
    world.contact("a_b");
    world.contact("acb");
    let (by, text) = (ana.clone(), Some("a_b".to_owned()));
    let filter = parlor_chat::contacts::ContactFilter { search: text, ..Default::default() };
    let page = world.read(move |tx| parlor_chat::contacts::list(tx, &by, &filter)).unwrap();
    assert_eq!(page.items.into_iter().map(|contact| contact.name).collect::<Vec<_>>(), ["a_b"]);
    for title in ["50% off", "50 off"] {
        let new = parlor_chat::conversations::NewConversation {
            title: Some(title.to_owned()),
            ..crate::support::blank(parlor_chat::Kind::Group)
        };
        world.open(&ana, new).unwrap();
    }
    let (by, text) = (ana.clone(), Some("50%".to_owned()));
    let filter = parlor_chat::conversations::ListFilter { search: text, ..Default::default() };
    let page = world.read(move |tx| parlor_chat::conversations::list(tx, &by, &filter)).unwrap();
    let titles: Vec<_> = page.items.into_iter().filter_map(|view| view.title).collect();
    assert_eq!(titles, ["50% off"]);
}

#[test]
fn reactions_are_emoji_once_per_person() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group]), world.user("Ben", &[]));
    let id = world.group(&ana, &[&ben]);
    let sent = world.post(&ana, id, "hello").unwrap().id;
    let react = |by: &parlor_chat::Actor, emoji: &str, added: bool| {
        let (by, emoji) = (by.clone(), emoji.to_owned());
        world.write(move |tx| messages::react(tx, &by, sent, &emoji, added)).map(|all| {
            all.iter()
                .map(|reaction| format!("{}{}", reaction.emoji, reaction.count))
                .collect::<Vec<_>>()
                .join(" ")
        })
    };
    assert_eq!(react(&ana, "👍", true).unwrap(), "👍1");
    assert_eq!(react(&ana, "👍", true).unwrap(), "👍1");
    assert_eq!(react(&ben, "👍", true).unwrap(), "👍2");
    assert_eq!(react(&ben, "👩‍👩‍👧‍👦", true).unwrap(), "👍2 👩‍👩‍👧‍👦1");
    assert_eq!(react(&ana, "👍", false).unwrap(), "👍1 👩‍👩‍👧‍👦1");
    for junk in
        ["", "a", "hello", "👍👍", " ", "<b>", "1", "\u{200D}", "\u{FE0F}", "\u{1F1E9}", "\u{1F3FD}", "★a"]
    {
        assert_eq!(rule(react(&ana, junk, true)), "invalid: emoji emoji", "{junk:?}");
    }
}

#[test]
fn an_emoji_counts_once_in_whichever_form() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group]), world.user("Ben", &[]));
    let (cleo, dora) = (world.user("Cleo", &[]), world.user("Dora", &[]));
    let id = world.group(&ana, &[&ben, &cleo, &dora]);
    let sent = world.post(&ana, id, "hello").unwrap().id;
    let react = |by: &parlor_chat::Actor, emoji: &str, added: bool| {
        let (by, emoji) = (by.clone(), emoji.to_owned());
        let all = world.write(move |tx| messages::react(tx, &by, sent, &emoji, added)).unwrap();
        all.into_iter().map(|reaction| (reaction.emoji, reaction.count)).collect::<Vec<_>>()
    };
    let hearts = |count| vec![("❤\u{FE0F}".to_owned(), count)];
    assert_eq!(react(&ana, "❤", true), hearts(1));
    assert_eq!(react(&ana, "❤\u{FE0F}", true), hearts(1));
    assert_eq!(react(&ben, "❤\u{FE0F}", true), hearts(2));
    assert_eq!(react(&ben, "❤", false), hearts(1));

    // Rows of before: Ana has reacted in the one form, Cleo in the other, Dora in both.
    statements! {
        static OLD = both("
            INSERT INTO reactions (tenant, message_id, emoji, person_id, created_at) VALUES ($1, $2, $3, $4, $5)");
        static OLD_SUMMARY = both("UPDATE messages SET reactions = $3 WHERE tenant = $1 AND id = $2");
    }
    let (tenant, people) = (world.tenant.id, [cleo.id(), dora.id()]);
    let old = |emoji: &str, users: &[parlor_chat::PersonId]| serde_json::json!({ "emoji": emoji, "count": users.len(), "users": users });
    let summary = serde_json::json!([
        old("❤\u{FE0F}", &[ana.id(), dora.id()]),
        old("❤", &people),
        old("\u{1F1E9}", &[ana.id()])
    ]);
    let (author, text) = (ana.id(), summary.to_string());
    world
        .test
        .db
        .write_blocking(0, move |db| {
            for (emoji, person) in
                [("❤", people[0]), ("❤", people[1]), ("❤\u{FE0F}", people[1]), ("\u{1F1E9}", author)]
            {
                db.execute(&OLD, params![tenant, sent, emoji, person, 7])?;
            }
            db.execute(&OLD_SUMMARY, params![tenant, sent, text.as_str()])
        })
        .unwrap();
    let by = ana.clone();
    let shown = world.read(move |tx| messages::get(tx, &by, sent)).unwrap().reactions;
    assert_eq!((shown[0].emoji.as_str(), shown[0].count, shown[0].users.len()), ("❤\u{FE0F}", 3, 3));
    assert_eq!(shown.len(), 2);
    assert_eq!(react(&ana, "\u{1F1E9}", false), hearts(3), "what is no emoji can be taken back");
    assert_eq!(react(&cleo, "❤\u{FE0F}", false), hearts(2));
    assert_eq!(react(&dora, "❤", false), hearts(1));
}

#[test]
fn pages_go_both_ways_and_around() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let id = world.group(&ana, &[]);
    for number in 1..=30 {
        world.post(&ana, id, &format!("message {number}")).unwrap();
    }
    let page = |range, limit| {
        let by = ana.clone();
        let page = world.read(move |tx| messages::page(tx, &by, id, range, Some(limit))).unwrap();
        let seqs: Vec<i64> = page.items.iter().map(|message| message.seq).collect();
        (seqs, page.has_before, page.has_after)
    };
    assert_eq!(page(Range::Newest, 3), (vec![28, 29, 30], true, false));
    assert_eq!(page(Range::Before(28), 3), (vec![25, 26, 27], true, true));
    assert_eq!(page(Range::Before(3), 3), (vec![1, 2], false, true));
    assert_eq!(page(Range::After(28), 3), (vec![29, 30], true, false));
    assert_eq!(page(Range::After(0), 2), (vec![1, 2], false, true));
    assert_eq!(page(Range::Around(10), 6), (vec![8, 9, 10, 11, 12, 13], true, true));
    assert_eq!(page(Range::Around(1), 6), (vec![1, 2, 3, 4], false, true));
    assert_eq!(page(Range::Around(30), 6), (vec![28, 29, 30], true, false));
}

/// Public lists of hostile input, where they are at hand: what is stored comes back as it was, and what is rendered is
/// left alone by an independent sanitiser.
#[test]
fn hostile_bodies_are_kept_and_rendered_inert() {
    let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/hostile");
    let mut bodies: Vec<String> = Vec::new();
    for (file, field) in [("blns/blns.json", None), ("dompurify/expect.json", Some("payload"))] {
        let Ok(text) = std::fs::read_to_string(shared.join(file)) else {
            eprintln!("skipped: {file} is not there");
            continue;
        };
        let items: Vec<Value> = serde_json::from_str(&text).unwrap();
        bodies.extend(items.iter().filter_map(|item| match field {
            Some(field) => item[field].as_str().map(str::to_owned),
            None => item.as_str().map(str::to_owned),
        }));
    }
    bodies.extend(
        ["[x](javascript:alert(1))", "<script>x</script>", "مرحبا \u{202E} abc", "👨‍👩‍👧 🇧🇷"].map(str::to_owned),
    );
    let policy = {
        let mut policy = ammonia::Builder::default();
        policy.link_rel(None).add_generic_attributes([
            "class",
            "data-user-id",
            "rel",
            "target",
            "checked",
            "disabled",
            "type",
        ]);
        policy.add_tags(["input"]).add_tag_attributes("a", ["rel", "target"]);
        policy
    };
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let id = world.group(&ana, &[]);
    let mut kept = 0;
    for text in bodies {
        let parsed = match messages::Body::parse(&text, 20_000) {
            Ok(parsed) => parsed,
            Err(Error::Invalid { field: "body", .. }) => continue,
            Err(error) => panic!("{error}: {text}"),
        };
        let html = render(&parsed.text, &[]);
        assert_eq!(count_tags(&policy.clean(&html).to_string()), count_tags(&html), "{text}\n{html}");
        let (by, plain) = (ana.clone(), parsed.clone());
        let sent = world
            .write(move |tx| messages::post(tx, &by, id, &crate::support::message(&plain.text), &plain))
            .unwrap()
            .message;
        let by = ana.clone();
        assert_eq!(world.read(move |tx| messages::get(tx, &by, sent.id)).unwrap().body, parsed.text);
        kept += 1;
    }
    assert!(kept >= 4);
}

/// The tags of a text: the sanitiser takes away what is not allowed, and changes entities, which does not matter.
fn count_tags(html: &str) -> Vec<String> {
    html.split('<')
        .skip(1)
        .map(|part| part.split(['>', ' ', '/']).find(|name| !name.is_empty()).unwrap_or("").to_owned())
        .collect()
}
