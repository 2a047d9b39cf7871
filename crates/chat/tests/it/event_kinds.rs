//! The events of docs/protocols/native.md are those that there are, and each is called the same in both.

use std::collections::BTreeSet;

use parlor_chat::events::EventKind;

const NATIVE: &str = include_str!("../../../../docs/protocols/native.md");

/// The names in the first column of the tables below a heading, up to the next one of its rank.
fn documented(heading: &str, end: &str) -> BTreeSet<String> {
    let section = NATIVE.split_once(heading).unwrap().1.split_once(end).unwrap().0;
    let first = section.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    first.flat_map(|(names, _)| names.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

fn names(kinds: &[EventKind]) -> BTreeSet<String> {
    kinds.iter().map(|kind| kind.name().to_owned()).collect()
}

#[test]
fn every_documented_event_is_a_kind_and_every_kind_is_documented() {
    assert_eq!(documented("\n## Events\n", "\n### Told, not kept\n"), names(EventKind::KEPT));
    assert_eq!(documented("\n### Told, not kept\n", "\n### Cursor\n"), names(EventKind::EPHEMERAL));
}

#[test]
fn a_kind_is_read_by_the_name_that_it_is_written_by() {
    for kind in EventKind::KEPT.iter().chain(EventKind::INTERNAL) {
        assert_eq!(
            (EventKind::in_log(kind.name()), EventKind::between_nodes(kind.name())),
            (*kind, EventKind::Unknown)
        );
    }
    for kind in EventKind::EPHEMERAL {
        assert_eq!(
            (EventKind::between_nodes(kind.name()), EventKind::in_log(kind.name())),
            (*kind, EventKind::Unknown)
        );
    }
    assert_eq!(EventKind::in_log("no.such"), EventKind::Unknown);
}
