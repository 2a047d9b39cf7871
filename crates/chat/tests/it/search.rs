//! Search: any language, only what the actor may see, also after edits and deletions.

use parlor_chat::{
    Actor, Kind, Right, messages,
    search::{self, Query},
};

use crate::support::{World, blank, body};

fn find(world: &World, who: &Actor, text: &str) -> Vec<String> {
    find_with(world, who, Query { text: text.to_owned(), ..Default::default() })
}

fn find_with(world: &World, who: &Actor, question: Query) -> Vec<String> {
    world.index();
    let who = who.clone();
    let page = world.read(move |tx| search::search(tx, &who, &question)).unwrap();
    page.items.into_iter().map(|hit| hit.message.body).collect()
}

#[test]
fn finds_what_the_actor_sees_and_nothing_else() {
    let world = World::new();
    let (ana, ben, cleo) = (
        world.user("Ana", &[Right::Group, Right::Announce]),
        world.user("Ben", &[Right::Messenger]),
        world.user("Cleo", &[Right::Messenger]),
    );
    let id = world.group(&ana, &[&ben]);
    let texts =
        ["The plover nests", "我们明天在北京开会", "ประชุมพรุ่งนี้เช้า", "Réunion à Genève", "plover again"];
    for text in texts {
        world.post(&ana, id, text).unwrap();
    }
    assert_eq!(find(&world, &ben, "PLOVER"), ["plover again", "The plover nests"]);
    assert_eq!(find(&world, &ben, "plov"), ["plover again", "The plover nests"]);
    assert_eq!(find(&world, &ben, "北京"), ["我们明天在北京开会"]);
    assert_eq!(find(&world, &ben, "ประชุม"), ["ประชุมพรุ่งนี้เช้า"]);
    assert_eq!(find(&world, &ben, "geneve reunion"), ["Réunion à Genève"]);
    assert!(find(&world, &cleo, "plover").is_empty());
    let mut new = blank(Kind::Announcement);
    new.title = Some("Birds".to_owned());
    new.message = Some(crate::support::message("a plover for everybody"));
    world.open(&ana, new).unwrap();
    assert_eq!(find(&world, &cleo, "plover"), ["a plover for everybody"]);
    assert_eq!(find(&world, &ben, "plover").len(), 3);
    let only = Query { text: "plover".to_owned(), conversation: Some(id), ..Default::default() };
    assert_eq!(find_with(&world, &ben, only).len(), 2);
    let by = Query { text: "plover".to_owned(), author: Some(ben.id()), ..Default::default() };
    assert!(find_with(&world, &ben, by).is_empty());
    let kinds = Query { text: "plover".to_owned(), kinds: vec![Kind::Announcement], ..Default::default() };
    assert_eq!(find_with(&world, &ben, kinds), ["a plover for everybody"]);
}

#[test]
fn words_are_found_however_they_are_typed() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let id = world.group(&ana, &[]);
    let cases: &[(&str, &[&str])] = &[
        ("l’équipe d'accord", &["équipe", "equipe", "accord", "l'équipe", "d’accord", "lequipe"]),
        ("dell'arte, qu’il", &["arte", "il", "dell’arte"]),
        ("Mr O'Neill", &["oneill", "o’neill", "neill"]),
        ("مُحَمَّد أحمد", &["محمد", "احمد", "مُحَمَّد"]),
        ("Đà Nẵng", &["da nang"]),
        ("Ærø blåbær", &["aero", "blabaer"]),
        ("Herr Müßiggang", &["mussiggang", "muessiggang", "müßig"]),
        ("see final_report.pdf", &["pdf", "report", "final_report.pdf"]),
    ];
    for (text, asked) in cases {
        world.post(&ana, id, text).unwrap();
        for asked in *asked {
            assert_eq!(find(&world, &ana, asked), [*text], "{asked}");
        }
    }
}

#[test]
fn times_limit_to_the_moment() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let id = world.group(&ana, &[]);
    let mut at = Vec::new();
    for number in 0..40 {
        at.push(world.post(&ana, id, &format!("plover {number}")).unwrap().created_at);
        world.pass(if number % 2 == 0 { 86_000 } else { 4_000_000 });
    }
    let found = |after: Option<usize>, before: Option<usize>| {
        let question = Query {
            text: "plover".to_owned(),
            after: after.map(|number| at[number]),
            before: before.map(|number| at[number]),
            limit: Some(100),
            ..Default::default()
        };
        find_with(&world, &ana, question).len()
    };
    assert_eq!((found(None, None), found(Some(39), None), found(None, Some(0))), (40, 0, 0));
    for (first, last) in [(0, 39), (3, 4), (3, 5), (10, 30), (17, 38), (20, 10)] {
        let wanted = usize::saturating_sub(last, first + 1);
        assert_eq!(found(Some(first), Some(last)), wanted, "{first} to {last}");
    }
}

#[test]
fn follows_edits_and_deletions() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let id = world.group(&ana, &[]);
    let sent = world.post(&ana, id, "plover").unwrap().id;
    let by = ana.clone();
    world.write(move |tx| messages::edit(tx, &by, sent, &body("xyzzy"))).unwrap();
    assert!(find(&world, &ana, "plover").is_empty());
    assert_eq!(find(&world, &ana, "xyzzy"), ["xyzzy"]);
    let by = ana.clone();
    world.write(move |tx| messages::delete(tx, &by, sent)).unwrap();
    assert!(find(&world, &ana, "xyzzy").is_empty());
}

#[test]
fn what_changes_before_it_is_indexed_is_indexed_as_it_is() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let id = world.group(&ana, &[]);
    let (edited, deleted) =
        (world.post(&ana, id, "plover").unwrap().id, world.post(&ana, id, "plover too").unwrap().id);
    let by = ana.clone();
    world.write(move |tx| messages::edit(tx, &by, edited, &body("xyzzy"))).unwrap();
    let by = ana.clone();
    world.write(move |tx| messages::delete(tx, &by, deleted)).unwrap();
    assert!(find(&world, &ana, "plover").is_empty());
    assert_eq!(find(&world, &ana, "xyzzy"), ["xyzzy"]);
}

#[test]
fn pages_visit_each_hit_once() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let id = world.group(&ana, &[]);
    for number in 0..23 {
        world.post(&ana, id, &format!("plover {number}")).unwrap();
    }
    world.index();
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let question =
            Query { text: "plover".to_owned(), cursor: cursor.clone(), limit: Some(5), ..Default::default() };
        let by = ana.clone();
        let page = world.read(move |tx| search::search(tx, &by, &question)).unwrap();
        seen.extend(page.items.into_iter().map(|hit| hit.message.seq));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, (1..=23).rev().collect::<Vec<_>>());
}

#[test]
fn no_query_breaks_the_engine() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let id = world.group(&ana, &[]);
    world.post(&ana, id, "it's a \"quoted\" AND (bracketed) thing* ǂp").unwrap();
    world.index();
    for text in
        ["it's", "\"quoted\"", "AND OR NOT", "thing*", "a:b", "'", "x' | 'y", "ǂp", "\\", "-", "NEAR(a b)"]
    {
        let who = ana.clone();
        let question = Query { text: text.to_owned(), ..Default::default() };
        match world.read(move |tx| search::search(tx, &who, &question)) {
            Ok(_) | Err(parlor_chat::Error::Invalid { field: "q", .. }) => {}
            Err(error) => panic!("{text}: {error}"),
        }
    }
    assert_eq!(find(&world, &ana, "quoted bracketed").len(), 1);
}
