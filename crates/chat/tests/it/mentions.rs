//! Whom a message names: what completion writes always resolves, code and addresses name nobody, and the writer hears
//! of names that are nobody's.

use parlor_chat::{Actor, Kind, Right, conversations, messages};

use crate::support::{World, blank, body, message};

fn mention(person: &Actor, label: &str) -> String {
    format!("@[{label}|{}]", person.id())
}

fn names(message: &messages::Message) -> Vec<&str> {
    message.mentions.iter().map(|mention| mention.name.as_str()).collect()
}

#[test]
fn completion_names_exactly_one_person() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let (one, other) = (world.user("Ben Roth", &[]), world.user("BEN ROTH", &[]));
    let outside = world.user("Schmidt, Anna [EXT]", &[]);
    let odd = world.user("Tom ] Odd", &[]);
    let id = world.group(&ana, &[&one, &other, &outside, &odd]);

    let said = world.post(&ana, id, &format!("hi {}!", mention(&other, "Ben Roth"))).unwrap();
    assert_eq!(said.body, "hi @[Ben Roth]!", "ids do not stay in the text");
    assert_eq!(said.mentions.iter().map(|mention| mention.user_id).collect::<Vec<_>>(), [other.id()]);
    assert!(
        said.html.contains(&format!("data-user-id=\"{}\">@Ben Roth</span>!", other.id())),
        "{}",
        said.html
    );
    let (by, text) = (ana.clone(), body("hello @[Ben Roth]!"));
    let edited = world.write(move |tx| messages::edit(tx, &by, said.id, &text)).unwrap();
    assert_eq!(edited.mentions[0].user_id, other.id(), "an edited text names whom it named");
    assert_eq!(edited.mentions.len(), 1);

    for text in [
        mention(&outside, "Schmidt, Anna [EXT]"),
        mention(&outside, "Schmidt, Anna EXT"),
        "@[Schmidt, Anna [EXT]]".to_owned(),
    ] {
        let said = world.post(&ana, id, &format!("请{text}看一下")).unwrap();
        assert_eq!(names(&said), ["Schmidt, Anna [EXT]"], "{text}");
        assert!(said.html.contains("class=\"mention\""), "{}", said.html);
        assert!(said.names_nobody.is_empty());
    }
    assert_eq!(names(&world.post(&ana, id, &mention(&odd, "Tom  Odd")).unwrap()), ["Tom ] Odd"]);

    // The same again is the same message.
    let again = || {
        world
            .post_as(&ana, id, &mention(&one, "Ben Roth"), |new| new.client_id = Some("c".to_owned()))
            .unwrap()
    };
    assert_eq!(again().id, again().id);

    let false_name = world.post(&ana, id, &mention(&one, "The Boss")).unwrap();
    assert_eq!((names(&false_name).len(), &*false_name.names_nobody), (0, &["The Boss".to_owned()][..]));
    let stranger = world.user("Cleo Petit", &[]);
    assert_eq!(
        names(&world.post(&ana, id, &mention(&stranger, "Cleo Petit")).unwrap()).len(),
        0,
        "no member"
    );
}

#[test]
fn code_and_addresses_name_nobody() {
    let world = World::new();
    let ana = world.user("Ana", &[Right::Group]);
    let ben = world.user("Benno", &[]);
    let id = world.group(&ana, &[&ben]);
    for text in [
        "`@Benno`",
        "```\n@Benno\n```",
        "    @Benno",
        "https://medium.com/@Benno/post",
        "medium.com/@Benno",
        "[docs](https://example.com/@Benno)",
        "mail ana@Benno",
        "`x` and ``@[Benno]``",
        "```@all @here @Benno```",
        "- list\n\n      @Benno",
    ] {
        let said = world.post(&ana, id, text).unwrap();
        assert_eq!((names(&said).len(), said.names_nobody.len()), (0, 0), "{text}");
    }
    for text in [
        "_@Benno_",
        "**@Benno**",
        "drinks:@Benno",
        "(@Benno)",
        "请@Benno 看",
        "> @benno",
        "| a |\n| - |\n| @Benno |",
    ] {
        let said = world.post(&ana, id, text).unwrap();
        assert_eq!(names(&said), ["Benno"], "{text}");
        assert!(said.html.to_lowercase().contains(">@benno</span>"), "{text}: {}", said.html);
    }
}

#[test]
fn the_writer_and_nobody_else_hears_of_names_that_are_nobodys() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group]), world.user("Ben", &[]));
    let id = world.group(&ana, &[&ben]);
    let said = world.post(&ana, id, "@Ben, ask @[Carla Nova] and @dora").unwrap();
    assert_eq!(said.names_nobody, ["Carla Nova", "dora"]);
    for reader in [&ana, &ben] {
        let (by, place) = (reader.clone(), said.id);
        let read = world.read(move |tx| messages::get(tx, &by, place)).unwrap();
        assert!(read.names_nobody.is_empty());
    }
    let (by, text) = (ana.clone(), body("ask @dora"));
    let edited = world.write(move |tx| messages::edit(tx, &by, said.id, &text)).unwrap();
    assert_eq!(edited.names_nobody, ["dora"]);
}

#[test]
fn who_opens_a_conversation_hears_of_names_that_are_nobodys_in_its_first_message() {
    let world = World::new();
    let (ana, ben) = (world.user("Ana", &[Right::Group]), world.user("Ben", &[]));
    let mut new = blank(Kind::Group);
    new.title = Some("Plans".to_owned());
    new.user_ids = vec![ben.id()];
    new.message = Some(message("@Ben, ask @[Carla Nova]"));
    let opened = world.open(&ana, new).unwrap().conversation;
    assert_eq!(opened.last_message.unwrap().names_nobody, ["Carla Nova"]);
    for reader in [&ana, &ben] {
        let by = reader.clone();
        let read = world.read(move |tx| conversations::get(tx, &by, opened.id)).unwrap();
        assert!(read.last_message.unwrap().names_nobody.is_empty());
    }
    // A direct conversation that is there already is answered again.
    for _ in 0..2 {
        let mut new = blank(Kind::Direct);
        new.user_ids = vec![ben.id()];
        new.message = Some(message("@dora?"));
        let opened = world.open(&ana, new).unwrap().conversation;
        assert_eq!(opened.last_message.unwrap().names_nobody, ["dora"]);
    }
}
