//! Thousands of sockets that lose their server and come back to the next one at once, while messages go on: how long until
//! everybody has what was missed, and the memory that stays behind. Whether nothing is missed or repeated is counted, too.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::block_on;
use crate::client::Client;
use crate::people::People;
use crate::report::{Budget, Figure, Report};
use crate::server::{Folder, Server};
use crate::socket::{Received, listen};
use crate::speech::Speech;

const CROWD: usize = 5000;
const USERS: usize = 50;
const ROUNDS: usize = 4;
/// Messages sent while they come back.
const MEANWHILE: usize = 5;
const LONGEST: Duration = Duration::from_secs(60);

pub fn run(report: &mut Report) {
    report.section("reconnect: everybody comes back at once");
    let folder = Folder::new();
    let first = Server::parlor(&folder.0);
    let people = block_on(People::gather(first.address, USERS + 1));
    let mut cursors = block_on(cursors(&first, &people));
    block_on(come(&first, &people, &cursors));
    // They have these: what is missed begins with the crash.
    cursors = block_on(self::cursors(&first, &people));
    // A crash, not a stop: nobody is told to come back a little later.
    drop(first);
    let server = Server::parlor(&folder.0);
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        times.push(block_on(come(&server, &people, &cursors)).as_secs_f64() * 1000.0);
        cursors = block_on(async {
            nobody_left(&server, &people).await;
            self::cursors(&server, &people).await
        });
        memory.push(server.memory() as f64 / 1e6);
    }
    server.stop();
    times.sort_by(f64::total_cmp);
    report.figure(Figure {
        what: "5,000 sockets back, 5 messages missed by each",
        shown: format!(
            "{:.0} to {:.0} ms, {} deliveries each time",
            times[0],
            times[ROUNDS - 1],
            CROWD * MEANWHILE
        ),
        value: times[ROUNDS - 1],
        limit: None,
        budget: Budget::Most(10_000.0, "ms"),
    });
    report.figure(Figure {
        what: "memory after they have gone again, last round over first two",
        shown: format!("{:.0} MB, {:.0} MB", memory[ROUNDS - 1], memory[0].max(memory[1])),
        value: memory[ROUNDS - 1] / memory[0].max(memory[1]),
        limit: None,
        budget: Budget::Most(1.25, "times"),
    });
}

/// Where each of the people is in the log.
async fn cursors(server: &Server, people: &People) -> Vec<String> {
    let mut client = Client::connect(server.address).await;
    let mut all = Vec::new();
    for token in &people.tokens {
        let at = client.get(token, "/events").await.ok().json();
        all.push(at["cursor"].as_str().unwrap().to_owned());
    }
    all
}

/// Connects everybody where they were, and lets one who does not listen send meanwhile; until all have everything, and no more than that.
async fn come(server: &Server, people: &People, cursors: &[String]) -> Duration {
    let (received, begun) = (Rc::new(Received::default()), Instant::now());
    let sending = async {
        let mut client = Client::connect(server.address).await;
        for number in 0..MEANWHILE {
            let body = format!(r#"{{"body":"while they come {number}"}}"#);
            client.post(&people.tokens[USERS], &people.path(), &body).await.ok();
        }
    };
    let coming = async {
        for number in 0..CROWD {
            let (token, cursor) = (people.tokens[number % USERS].clone(), cursors[number % USERS].clone());
            listen(server.address, Speech::Native { token, cursor: Some(cursor) }, received.clone(), None)
                .await;
        }
    };
    tokio::join!(sending, coming);
    let wanted = (CROWD * MEANWHILE) as u64;
    while received.events.get() < wanted {
        assert!(begun.elapsed() < LONGEST, "{} of {wanted} deliveries", received.events.get());
        sleep(Duration::from_millis(5)).await;
    }
    let took = begun.elapsed();
    sleep(Duration::from_millis(500)).await;
    assert_eq!(received.events.get(), wanted, "something came twice");
    took
}

/// The server has seen that they are gone, and the allocator has given pages back.
async fn nobody_left(server: &Server, people: &People) {
    let (mut client, begun) = (Client::connect(server.address).await, Instant::now());
    while client.readyz(&people.tokens[0]).await.ok().json()["connections"] != 0 {
        assert!(begun.elapsed() < LONGEST, "connections are left");
        sleep(Duration::from_millis(50)).await;
    }
    sleep(Duration::from_secs(1)).await;
}
