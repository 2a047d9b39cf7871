//! Every property over its files: what was found once, and what each reader is there for. `make fuzz` goes on from here.

use std::path::Path;

use parlor_fuzz::TARGETS;

#[test]
fn every_property_holds_for_its_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, property) in TARGETS {
        let mut inputs = 0;
        for entry in corpus.join(name).read_dir().unwrap_or_else(|error| panic!("{name}: {error}")) {
            let path = entry.unwrap().path();
            let input = std::fs::read(&path).unwrap();
            let held = std::panic::catch_unwind(|| {
                property(&input);
                // And for all that it begins with, as a cut-off client sends it.
                (0..input.len().min(200)).for_each(|end| property(&input[..end]));
            });
            assert!(held.is_ok(), "{}", path.display());
            inputs += 1;
        }
        assert!(inputs > 2, "{name} has {inputs} inputs");
    }
}
