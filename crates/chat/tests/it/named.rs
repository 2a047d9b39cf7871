//! Users named by hosts: which of two ids is meant, and nobody of another tenant.

use parlor_chat::{
    Actor, Error, PersonId,
    users::{self, NamedUser},
};
use serde_json::{Value, json};

use crate::support::World;

fn name(id: impl Into<Value>) -> NamedUser {
    serde_json::from_value(id.into()).unwrap()
}

fn find(world: &World, by: &Actor, names: Vec<NamedUser>) -> Result<Vec<PersonId>, Error> {
    let by = by.clone();
    world.read(move |tx| users::named(tx, &by, &names, "user_ids"))
}

/// A user whom the host has under this id.
fn hosted(world: &World, called: &str, external: &str) -> PersonId {
    let (system, name, external) = (world.system(), called.to_owned(), external.to_owned());
    world
        .write(move |tx| {
            let new = users::NewUser {
                name: name.clone(),
                external_id: Some(external.clone()),
                ..Default::default()
            };
            users::create(tx, &system, &new, None)
        })
        .unwrap()
        .id
}

#[test]
fn either_id_names_a_user_and_parlors_own_comes_first() {
    let world = World::new();
    let ana = world.user("Ana", &[]);
    let ben = hosted(&world, "Ben", "4711");
    let cleo = hosted(&world, "Cleo", "9f1c9c7e-1111-4222-8333-123456789abc");
    // The host has Dora under the id that Ana has here.
    let dora = hosted(&world, "Dora", &ana.id().to_string());
    let names = vec![
        name(4711),
        name("4711"),
        name("9f1c9c7e-1111-4222-8333-123456789abc"),
        name(ana.id().to_string()),
        name(dora.to_string()),
    ];
    assert_eq!(find(&world, &ana, names).unwrap(), [ben, ben, cleo, ana.id(), dora]);
    for unknown in [json!("471"), json!("4711 "), json!("00000000-0000-0000-0000-000000000000")] {
        let refused = find(&world, &ana, vec![name("4711"), name(unknown.clone())]).unwrap_err();
        assert!(matches!(refused, Error::Invalid { field: "user_ids", rule: "known", .. }), "{unknown}");
    }
    for wrong in [json!(""), json!(null), json!(true), json!([1]), json!(1.5), json!("x".repeat(201))] {
        assert!(serde_json::from_value::<NamedUser>(wrong.clone()).is_err(), "{wrong}");
    }
    assert_eq!(find(&world, &ana, Vec::new()).unwrap(), Vec::<PersonId>::new());
}

#[test]
fn nobody_of_another_tenant_is_named() {
    let world = World::new();
    let ben = hosted(&world, "Ben", "4711");
    let other = world.other_tenant("other");
    let eve = world.user_of(&other, "Eve", &[]);
    for id in [json!("4711"), json!(ben.to_string())] {
        assert!(find(&world, &eve, vec![name(id)]).is_err());
    }
}
