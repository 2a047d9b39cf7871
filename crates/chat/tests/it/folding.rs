//! People, customers and conversations are found however their names are typed: without accents, strokes, vowel marks or
//! apostrophes. One folding for messages and for names.

use parlor_chat::{
    Actor, Kind, Right, audit,
    contacts::{self, ContactFilter},
    conversations::{self, ConversationChange, ListFilter},
    search, users,
    users::UserFilter,
};
use parlor_db::{Sql, params, statements};

use crate::support::{World, blank, message};

statements! {
    static NO_USER_KEYS = both("UPDATE users SET name_key = NULL WHERE tenant = $1");
    static NO_CONTACT_KEYS = both("UPDATE contacts SET name_key = NULL WHERE tenant = $1");
    static NO_TITLE_KEYS = both("UPDATE conversations SET title_key = NULL WHERE tenant = $1");
}

fn user_names(world: &World, who: &Actor, text: &str) -> Vec<String> {
    let who = who.clone();
    let filter = UserFilter { search: Some(text.to_owned()), ..Default::default() };
    let found = world.read(move |tx| users::list(tx, &who, &filter)).unwrap();
    found.items.into_iter().map(|user| user.name).collect()
}

fn contact_names(world: &World, who: &Actor, text: &str) -> Vec<String> {
    let who = who.clone();
    let filter = ContactFilter { search: Some(text.to_owned()), ..Default::default() };
    let found = world.read(move |tx| contacts::list(tx, &who, &filter)).unwrap();
    found.items.into_iter().map(|contact| contact.name).collect()
}

fn titles(world: &World, who: &Actor, text: &str) -> Vec<String> {
    let who = who.clone();
    let filter = ListFilter { search: Some(text.to_owned()), ..Default::default() };
    let found = world.read(move |tx| conversations::list(tx, &who, &filter)).unwrap();
    let title = |view: conversations::View| view.title.or(view.subject).unwrap_or_default();
    found.items.into_iter().map(title).collect()
}

const NAMES: &[(&str, &[&str])] = &[
    ("Gaël Ångström", &["gael", "angstrom", "GAËL ång", "gael angstrom", "aangstroem"]),
    ("Jürgen Müller-Lüdenscheidt", &["mueller", "muller", "müller lud", "juergen mueller", "müller-lüd"]),
    ("محمد أحمد", &["مُحَمَّد", "احمد"]),
    ("Đà Nẵng", &["da nang", "Đà"]),
    ("Ærø Blåbær", &["aero", "blabaer"]),
    ("Siobhan O’Neill", &["oneill", "o'neill", "neill"]),
    ("Schmidt, Anna [EXT]", &["schmidt anna", "anna ext", "schmidt, anna [ext]"]),
    ("Łucja Żółć", &["lucja zolc"]),
    ("Joerg Schroeder", &["jörg", "schröder", "jörg schröder", "joerg"]),
    ("Cem Ozturk", &["öztürk", "cem öz"]),
    ("100% Sure", &["100%", "100% sure"]),
];

#[test]
fn people_and_customers_are_found_however_they_are_typed() {
    let world = World::new();
    let boss = world.user("Boss", &[Right::Contacts]);
    for (name, _) in NAMES {
        world.user(name, &[]);
        world.contact(name);
    }
    let check = || {
        for (name, asked) in NAMES {
            for asked in *asked {
                assert_eq!(user_names(&world, &boss, asked), [*name], "{asked}");
                assert_eq!(contact_names(&world, &boss, asked), [*name], "{asked}");
            }
        }
        for nobody in ["_", "!", "…", "gaelx"] {
            assert_eq!(user_names(&world, &boss, nobody), Vec::<String>::new(), "{nobody}");
        }
        assert_eq!(user_names(&world, &boss, "").len(), NAMES.len() + 1);
    };
    check();

    // Names of an older version have no keys: they are found as they are written until they have.
    let forget = |sql: &'static Sql| {
        let tenant = world.tenant.id;
        world.test.db.write_blocking(0, move |db| db.execute(sql, params![tenant])).unwrap();
    };
    [&NO_USER_KEYS, &NO_CONTACT_KEYS, &NO_TITLE_KEYS].into_iter().for_each(forget);
    assert_eq!(user_names(&world, &boss, "GAËL"), ["Gaël Ångström"]);
    assert_eq!(user_names(&world, &boss, "gael"), Vec::<String>::new());
    let tenant = world.tenant.id;
    while world.write(move |tx| search::key_names(tx, tenant)).unwrap() {}
    check();
}

#[test]
fn a_new_name_is_found_and_the_old_one_is_not() {
    let world = World::new();
    let admin = world.user("Boss", &[Right::ManageUsers, Right::ViewAudit]);
    let new = users::NewUser { name: "Zoë".to_owned(), ..Default::default() };
    let by = admin.clone();
    let zoe = world.write(move |tx| users::create(tx, &by, &new, None)).unwrap();
    let by = admin.clone();
    let change = users::UserChange { name: Some("Chloé".to_owned()), ..Default::default() };
    world.write(move |tx| users::update(tx, &by, zoe.id, &change)).unwrap();
    assert_eq!(user_names(&world, &admin, "zoe"), Vec::<String>::new());
    assert_eq!(user_names(&world, &admin, "chloe"), ["Chloé"]);

    let change = users::UserChange { name: Some("Bøss".to_owned()), ..Default::default() };
    let by = admin.clone();
    world.write(move |tx| users::update(tx, &by, by.id(), &change)).unwrap();
    let by = admin.clone();
    let filter = audit::AuditFilter { search: Some("boss".to_owned()), ..Default::default() };
    let rows = world.read(move |tx| audit::list(tx, &by, &filter)).unwrap();
    assert!(rows.items.iter().any(|row| row.actor_name.as_deref() == Some("Bøss")));
}

#[test]
fn conversations_are_found_by_title_and_by_people() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let gael = world.user("Gaël Ångström", &[]);
    let mut new = blank(Kind::Group);
    new.title = Some("Ärzte in Łódź".to_owned());
    new.user_ids = vec![gael.id()];
    let id = world.open(&ana, new).unwrap().conversation.id;
    world.direct(&ana, gael.id()).unwrap();
    assert_eq!(titles(&world, &ana, "arzte"), ["Ärzte in Łódź"]);
    assert_eq!(titles(&world, &ana, "aerzte lodz").len(), 0);
    assert_eq!(titles(&world, &ana, "aerzte"), ["Ärzte in Łódź"]);
    assert_eq!(titles(&world, &ana, "lodz"), ["Ärzte in Łódź"]);
    assert_eq!(titles(&world, &ana, "gael").len(), 2);
    assert_eq!(titles(&world, &ana, "bücher"), Vec::<String>::new());
    assert_eq!(titles(&world, &ana, "%"), Vec::<String>::new());

    let change = ConversationChange { title: Some("Bücher".to_owned()), ..Default::default() };
    let by = ana.clone();
    world.write(move |tx| conversations::update(tx, &by, id, &change)).unwrap();
    assert_eq!(titles(&world, &ana, "arzte"), Vec::<String>::new());
    assert_eq!(titles(&world, &ana, "buecher"), ["Bücher"]);

    let customer = world.contact("Renée");
    let mut new = blank(Kind::Support);
    new.subject = Some("Où est l’équipe ?".to_owned());
    new.message = Some(message("bonjour"));
    world.open(&customer, new).unwrap();
    let agent = world.user("Agent", &[Right::Support, Right::SupportAll]);
    for asked in ["ou est", "equipe", "l'équipe", "renee"] {
        assert_eq!(titles(&world, &agent, asked), ["Où est l’équipe ?"], "{asked}");
    }
}

#[test]
fn who_has_no_accents_on_the_keyboard_mentions_all_the_same() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let (gael, jurgen) = (world.user("Gaël Ångström", &[]), world.user("Jürgen Müller", &[]));
    let (zoe, plain) = (world.user("Zoë", &[]), world.user("Zoe", &[]));
    let (eva, other) = (world.user("Éva Nagy", &[]), world.user("Eva Kis", &[]));
    let joerg = world.user("Joerg Schroeder", &[]);
    let id = world.group(&ana, &[&gael, &jurgen, &zoe, &plain, &eva, &other, &joerg]);
    let named = |text: &str| {
        let said = world.post(&ana, id, text).unwrap();
        assert_eq!(said.html.contains("class=\"mention\""), !said.mentions.is_empty(), "{}", said.html);
        (said.mentions.iter().map(|mention| mention.user_id).collect::<Vec<_>>(), said.names_nobody)
    };
    for (text, person) in [
        ("@gael hi", &gael),
        ("@[gael angstrom] hi", &gael),
        ("@Gael.Angstrom", &gael),
        ("@juergen", &jurgen),
        ("@[Jurgen Mueller]", &jurgen),
        ("@Zoë", &zoe),
        ("@zoe", &plain),
        ("@[eva nagy]", &eva),
        ("@jörg", &joerg),
        ("@[Jörg Schröder]", &joerg),
    ] {
        let expected = if text == "@[Jurgen Mueller]" { vec![] } else { vec![person.id()] };
        assert_eq!(named(text).0, expected, "{text}");
    }
    assert_eq!(named("@Éva").0, [eva.id()], "exactly so before what is as good as it");
    let (found, nobody) = named("@Ev");
    assert_eq!((found.len(), nobody), (0, vec!["Ev".to_owned()]));
    let both = world.post(&ana, id, "@Zoe and @Zoë").unwrap();
    let mark = |person: &Actor, name: &str| format!("data-user-id=\"{}\">@{name}</span>", person.id());
    assert!(
        both.html.contains(&mark(&plain, "Zoe")) && both.html.contains(&mark(&zoe, "Zoë")),
        "{}",
        both.html
    );
}
