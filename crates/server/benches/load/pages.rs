//! What a person who opens the app waits for, with the corpus imported many times and with a tenth of it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::client::Client;
use crate::report::{Budget, Figure, Latencies, Report};
use crate::server::{Server, token};
use crate::{Args, block_on, corpus};

const REQUESTS: usize = 500;
/// No measurement takes longer, however slow its page.
const LONGEST: Duration = Duration::from_secs(20);
const AT_ONCE: [usize; 2] = [1, 8];

/// Somebody of the imported history.
struct Persona {
    name: &'static str,
    token: String,
    conversations: usize,
    /// Conversations by size, the largest first, and their newest message.
    places: Vec<(String, i64)>,
    words: Words,
}

/// What to search for, each several times so that no answer is at hand.
struct Words {
    rare: Vec<String>,
    common: Vec<String>,
    /// Frequent elsewhere, and hardly where the persona may look.
    foreign: Vec<String>,
}

/// A page and its addresses.
struct Page {
    name: &'static str,
    paths: Vec<String>,
    budget_ms: f64,
    /// Whether its growth with the data is promised.
    bounded: bool,
}

/// Median by page and concurrency at the smaller scale.
type Before = HashMap<String, f64>;

pub fn run(args: &Args, report: &mut Report) {
    let mut before = Before::new();
    if args.scale >= 10 {
        at_scale(args.scale / 10, &mut before, report);
    }
    at_scale(args.scale, &mut before, report);
}

fn at_scale(scale: u32, before: &mut Before, report: &mut Report) {
    let folder = corpus::folder(scale);
    let db = Connection::open_with_flags(folder.join("parlor.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let count = |sql: &str| db.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    report.section(&format!(
        "pages: {} messages, {} conversations, {:.1} GB",
        count("SELECT MAX(no) & 1099511627775 FROM messages"),
        count("SELECT COUNT(*) FROM conversations"),
        std::fs::metadata(folder.join("parlor.db")).unwrap().len() as f64 / 1e9
    ));
    let server = Server::parlor(&folder);
    let (mut growth, mut after) = (0.0_f64, Before::new());
    for (name, conversations) in [("typical", 200), ("busiest", 1_000_000)] {
        let persona = persona(&db, name, conversations, server.address);
        report.say(&format!(
            "{name}: in {} conversations; looks for {}, {}, {}",
            persona.conversations, persona.words.rare[0], persona.words.common[0], persona.words.foreign[0]
        ));
        for page in pages(&persona) {
            let grown = measure_page(&server, &persona, &page, before, &mut after, report);
            growth = growth.max(grown.filter(|_| page.bounded).unwrap_or(0.0));
        }
    }
    server.stop();
    if !before.is_empty() {
        report.figure(Figure {
            what: "growth of inbox, messages, unread beside a tenth",
            shown: format!("{growth:.2} x"),
            value: growth,
            limit: None,
            budget: Budget::Most(1.5, "x"),
        });
    }
    *before = after;
}

/// Measures a page; how much longer its median is than at the smaller scale, one request at a time.
fn measure_page(
    server: &Server,
    persona: &Persona,
    page: &Page,
    before: &Before,
    after: &mut Before,
    report: &mut Report,
) -> Option<f64> {
    let mut grown = None;
    for at_once in AT_ONCE {
        let mut latencies = block_on(measure(server.address, &persona.token, &page.paths, at_once));
        let what = format!("{}: {}, {at_once} at once", persona.name, page.name);
        let median = latencies.percentile(0.5);
        let limit = before.get(&what).map(|small| (format!("a tenth: p50 {small:.2}"), median / small));
        if at_once == 1 {
            grown = limit.as_ref().map(|(_, ratio)| *ratio);
        }
        report.figure(Figure {
            what: &what,
            shown: latencies.shown(),
            value: latencies.percentile(0.99),
            limit,
            // More at once than cores wait for each other.
            budget: if at_once == 1 { Budget::Most(page.budget_ms, "ms") } else { Budget::None },
        });
        after.insert(what, median);
    }
    grown
}

fn pages(persona: &Persona) -> Vec<Page> {
    let of_places = |path: &dyn Fn(&str, i64) -> String| -> Vec<String> {
        persona.places.iter().map(|(id, last)| path(id, *last)).collect()
    };
    let plain = |name, paths| Page { name, paths, budget_ms: 10.0, bounded: true };
    let search = |name, words: Vec<String>| Page {
        name,
        paths: words.iter().map(|word| format!("/search?q={word}")).collect(),
        budget_ms: 100.0,
        bounded: false,
    };
    let words = &persona.words;
    // A space at the end, so that the last word is not taken for a beginning.
    let whole = |words: &[String]| words.iter().map(|word| format!("{word}%20")).collect();
    let pairs = words.common.windows(2).map(|pair| format!("{}%20{}%20", pair[0], pair[1])).collect();
    let starts = words.common.iter().map(|word| word.chars().take(3).collect()).collect();
    vec![
        plain("inbox", vec!["/conversations?limit=50".to_owned()]),
        plain("100 newest", of_places(&|id, _| format!("/conversations/{id}/messages?limit=100"))),
        plain(
            "100 in the middle",
            of_places(&|id, last| format!("/conversations/{id}/messages?around={}&limit=100", last / 2)),
        ),
        plain("unread total", vec!["/unread".to_owned()]),
        plain("open a conversation", of_places(&|id, _| format!("/conversations/{id}"))),
        search("search, rare word", whole(&words.rare)),
        search("search, common word", whole(&words.common)),
        search("search, two words", pairs),
        search("search, beginning", starts),
        search("search, word frequent elsewhere", whole(&words.foreign)),
    ]
}

async fn measure(address: SocketAddr, token: &str, paths: &[String], at_once: usize) -> Latencies {
    let (next, begun) = (Cell::new(0), Instant::now());
    let all = RefCell::new(Latencies::default());
    let warm = paths.len().min(20);
    let worker = || async {
        let mut client = Client::connect(address).await;
        while next.get() < REQUESTS + warm && begun.elapsed() < LONGEST {
            let number = next.replace(next.get() + 1);
            let asked = Instant::now();
            client.get(token, &paths[number % paths.len()]).await.ok();
            if number >= warm {
                all.borrow_mut().add(asked.elapsed());
            }
        }
    };
    futures_util::future::join_all((0..at_once).map(|_| worker())).await;
    all.take()
}

/// Who of the first copy is in about so many conversations; made a member of its channels.
fn persona(db: &Connection, name: &'static str, about: i64, address: SocketAddr) -> Persona {
    let sql = "SELECT p.person_id, u.external_id, u.name FROM participants p
        JOIN users u ON u.tenant = p.tenant AND u.id = p.person_id
        WHERE p.left_at IS NULL AND u.external_id GLOB 'import:*' AND NOT u.external_id GLOB '*~[0-9]*'
        GROUP BY p.person_id ORDER BY abs(COUNT(*) - ?1) LIMIT 1";
    let (person, sub, shown) = db
        .query_row(sql, [about], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })
        .unwrap();
    let token = token(&sub, &shown);
    let channels = ids(
        db,
        "SELECT id, last_seq FROM conversations WHERE kind = 'channel' AND client_id GLOB 'import:#*'
             AND NOT client_id GLOB '*~[0-9]*' AND ?1 = ?1",
        &person,
    );
    block_on(async {
        let mut client = Client::connect(address).await;
        for (channel, _) in &channels {
            let _ = client.post(&token, &format!("/conversations/{channel}/join"), "").await;
        }
    });
    let places = "SELECT c.id, c.last_seq FROM participants p
        JOIN conversations c ON c.tenant = p.tenant AND c.id = p.conversation_id
        WHERE p.person_id = ?1 AND p.left_at IS NULL ORDER BY c.last_seq DESC";
    let mut places = ids(db, places, &person);
    let conversations = places.len();
    places.truncate(60);
    Persona { name, token, conversations, places, words: words(db, &person) }
}

fn ids(db: &Connection, sql: &str, person: &[u8]) -> Vec<(String, i64)> {
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map([person], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?))).unwrap();
    rows.map(|row| row.unwrap())
        .map(|(id, last): (Vec<u8>, i64)| (uuid::Uuid::from_slice(&id).unwrap().to_string(), last))
        .collect()
}

/// Frequent and rare words of the direct conversations of a persona, and frequent ones of everywhere else.
fn words(db: &Connection, person: &[u8]) -> Words {
    let own = "SELECT m.body FROM participants p
        JOIN messages m ON m.tenant = p.tenant AND m.conversation_id = p.conversation_id
        JOIN conversations c ON c.tenant = p.tenant AND c.id = p.conversation_id AND c.kind <> 'channel'
        WHERE p.person_id = ?1 LIMIT 20000";
    let all = "SELECT body FROM messages WHERE ?1 = ?1 LIMIT 60000";
    let (own, all) = (counted(db, own, person), counted(db, all, person));
    let mut by_count: Vec<(&String, &usize)> = own.iter().collect();
    by_count.sort_by_key(|(word, count)| (std::cmp::Reverse(**count), (*word).clone()));
    let rare = by_count.iter().rev().filter(|(word, count)| **count <= 2 && word.len() >= 6);
    let common = by_count.iter().filter(|(word, _)| word.len() >= 3);
    let mut foreign: Vec<(&String, &usize)> =
        all.iter().filter(|(word, _)| !own.contains_key(*word)).collect();
    foreign.sort_by_key(|(word, count)| (std::cmp::Reverse(**count), (*word).clone()));
    Words {
        rare: rare.take(40).map(|(word, _)| (*word).clone()).collect(),
        common: common.take(20).map(|(word, _)| (*word).clone()).collect(),
        foreign: foreign.iter().take(20).map(|(word, _)| (*word).clone()).collect(),
    }
}

fn counted(db: &Connection, sql: &str, person: &[u8]) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    let mut statement = db.prepare(sql).unwrap();
    let bodies = statement.query_map([person], |row| row.get::<_, String>(0)).unwrap();
    for body in bodies.map(|body| body.unwrap()) {
        for word in body.to_lowercase().split(|c: char| !c.is_ascii_alphanumeric()) {
            if word.len() >= 3 && word.bytes().all(|byte| byte.is_ascii_lowercase()) {
                *counts.entry(word.to_owned()).or_default() += 1;
            }
        }
    }
    counts
}
