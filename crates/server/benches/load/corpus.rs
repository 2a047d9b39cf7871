//! Owns: data folders with the chat corpus imported a number of times, kept between runs. Must not know: measuring.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use flate2::read::GzDecoder;

use parlor::adapters::secret_keys::SecretKeys;
use parlor::clock::Clock;
use parlor_chat::import::{self, Line, Prepared, State};
use parlor_chat::settings::Settings;
use parlor_chat::{Error, MIGRATIONS, Tx};
use parlor_db::{Db, Options};

use crate::server::data_root;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/chat/corpus.jsonl.gz");
const BATCH: usize = 4000;

/// A folder that `parlor serve` can serve, with the corpus in it `scale` times: copies share no conversation and no
/// person. Made when missing or when the schema has changed since.
pub fn folder(scale: u32) -> PathBuf {
    let folder = data_root().join(format!("scale-{scale}"));
    let stamp = format!("{:016x} {scale} {}", schema_hash(), Path::new(FILE).exists());
    let marker = folder.join("stamp");
    if std::fs::read_to_string(&marker).is_ok_and(|found| found == stamp) {
        return folder;
    }
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    build(&folder, scale);
    std::fs::write(marker, stamp).unwrap();
    folder
}

fn schema_hash() -> u64 {
    let text = MIGRATIONS.iter().flat_map(|migration| migration.sql.bytes());
    text.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn build(folder: &Path, scale: u32) {
    let lines = lines();
    let total = lines.len() * scale as usize;
    println!("  (importing {total} lines into {}; kept for the next run)", folder.display());
    let begun = Instant::now();
    let db = Db::open(folder.join("parlor.db").to_str().unwrap(), Options::default()).unwrap();
    db.migrate(MIGRATIONS).unwrap();
    let (sender, batches) = sync_channel::<(u32, Vec<Prepared>)>(4);
    let preparing = std::thread::spawn(move || {
        for copy in 0..scale {
            for chunk in lines.chunks(BATCH) {
                let prepared = chunk.iter().filter_map(|line| import::prepare(named(line, copy)).unwrap());
                sender.send((copy, prepared.collect())).unwrap();
            }
        }
    });
    let written = write_all(&db, batches);
    preparing.join().unwrap();
    db.shutdown();
    let rate = written as f64 / begun.elapsed().as_secs_f64();
    println!("  ({written} messages in {:.0} s, {rate:.0}/s)", begun.elapsed().as_secs_f64());
}

fn write_all(db: &Db, batches: std::sync::mpsc::Receiver<(u32, Vec<Prepared>)>) -> u64 {
    let tenant = operation(db, parlor_chat::tenants::ensure_default);
    let (mut written, mut copy) = (0, 0);
    let state = Arc::new(Mutex::new(State::default()));
    for (of_copy, batch) in batches {
        if of_copy != copy {
            (*state.lock().unwrap(), copy) = (State::default(), of_copy);
        }
        let (known, of_tenant) = (state.clone(), tenant.clone());
        let (outcome, met) =
            operation(db, move |tx| import::batch(tx, &of_tenant, &known.lock().unwrap(), &batch));
        state.lock().unwrap().take(met);
        written += outcome.written;
    }
    written
}

fn operation<T: Send + 'static>(
    db: &Db,
    operation: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
) -> T {
    let (now, seed, settings) = (Clock::System.now(), parlor::clock::random_seed(), Settings::default());
    let keys = SecretKeys::given(Vec::new());
    db.write_blocking(1, move |tx| operation(&mut Tx::new(tx, now, seed, &settings, &keys))).unwrap()
}

/// The line as it is in a copy of the corpus.
fn named(line: &Line, copy: u32) -> Line {
    let mut line = line.clone();
    if copy > 0 {
        let suffix = |text: &str| format!("{text}~{copy}");
        line.id = suffix(&line.id);
        line.channel = suffix(&line.channel);
        line.user = suffix(&line.user);
        line.parent = line.parent.as_deref().map(suffix);
        line.thread = line.thread.as_deref().map(suffix);
    }
    line
}

fn lines() -> Vec<Line> {
    let Ok(file) = File::open(FILE) else {
        println!("  ({FILE} is missing: a made-up corpus of the same shape instead)");
        return made_up();
    };
    let reader = BufReader::with_capacity(1 << 20, GzDecoder::new(file));
    reader.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
}

/// As many messages, people and conversations, and words as unevenly spread, as in the real one.
fn made_up() -> Vec<Line> {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    (0..495_000_u64)
        .map(|number| {
            let direct = number % 2 == 1;
            let (channel, user) = if direct {
                let place = next(7168);
                // A few people are in very many of the conversations.
                let user = if next(2) == 0 { place * 7 % 1315 } else { next(4).pow(3) };
                (format!("dm/{place}"), format!("d{user}"))
            } else {
                let busy = next(100) < 93;
                let channel = if busy { 0 } else { 1 + next(5) };
                (format!("#channel-{channel}"), format!("u{}", next(28_000)))
            };
            let count = 3 + next(14);
            let mut unevenly = || {
                let below = 1 + next(40_000);
                word(1 + next(below))
            };
            let words: Vec<String> = (0..count).map(|_| unevenly()).collect();
            Line {
                id: format!("m/{number}"),
                channel,
                kind: if direct { "direct" } else { "channel" }.to_owned(),
                type_: "message".to_owned(),
                user,
                ts: format!("2018-{:02}-{:02}T12:00:00Z", 1 + number / 41_250, 1 + number / 1_500 % 27),
                text: words.join(" "),
                parent: None,
                thread: None,
            }
        })
        .collect()
}

/// A pronounceable word with this number; small numbers are frequent and short.
fn word(mut number: u64) -> String {
    let syllables =
        ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "wo", "zu", "th"];
    let mut word = String::new();
    while number > 0 {
        word.push_str(syllables[(number % 16) as usize]);
        number /= 16;
    }
    word
}
