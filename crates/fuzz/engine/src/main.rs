//! Feeds libFuzzer's inputs to the property that `PARLOR_FUZZ` names.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use parlor_fuzz::{Property, TARGETS};

static PROPERTY: OnceLock<Property> = OnceLock::new();

fn chosen() -> Property {
    let name = std::env::var("PARLOR_FUZZ").unwrap_or_default();
    match TARGETS.iter().find(|(known, _)| *known == name) {
        Some((_, property)) => *property,
        None => {
            let known: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
            eprintln!("PARLOR_FUZZ names one of {}", known.join(", "));
            std::process::exit(2);
        }
    }
}

fuzz_target!(|input: &[u8]| PROPERTY.get_or_init(chosen)(input));
