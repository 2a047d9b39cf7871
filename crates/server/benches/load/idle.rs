//! What a server costs that has nothing to do: a connection's memory, its own, the time to start, the binary's size.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::client::Client;
use crate::report::{Budget, Figure, Report};
use crate::server::{Folder, Server, binary, token};
use crate::socket::{Received, listen};
use crate::{Args, block_on};

const FEW: usize = 1000;
const MANY: usize = 5000;
const STARTS: usize = 7;

pub fn run(_args: &Args, report: &mut Report) {
    report.section("idle: a server that has nothing to do");
    let folder = Folder::new();
    let tokens: Vec<String> =
        (0..MANY).map(|number| token(&format!("idle-{number}"), &format!("Idle {number}"))).collect();
    let first = Server::parlor(&folder.0);
    block_on(meet(&first, &tokens));
    first.stop();
    starts(&folder, report);
    connections(&folder, &tokens, report);
    let size = std::fs::metadata(binary()).unwrap().len() as f64 / 1e6;
    report.figure(Figure {
        what: "binary",
        shown: format!("{size:.1} MB"),
        value: size,
        limit: None,
        budget: Budget::Most(45.0, "MB"),
    });
}

/// Everybody once, so that nobody is new later.
async fn meet(server: &Server, tokens: &[String]) {
    let mut client = Client::connect(server.address).await;
    for token in tokens {
        client.get(token, "/me").await.ok();
    }
}

fn starts(folder: &Folder, report: &mut Report) {
    let (mut times, mut memory) = (Vec::new(), u64::MAX);
    for _ in 0..STARTS {
        let server = Server::parlor(&folder.0);
        times.push(server.started_in.as_secs_f64() * 1000.0);
        std::thread::sleep(Duration::from_millis(500));
        memory = memory.min(server.memory());
        server.stop();
    }
    times.sort_by(f64::total_cmp);
    let median = times[STARTS / 2];
    report.figure(Figure {
        what: "start with an existing database, until it answers",
        shown: format!("median {median:.0} ms, {:.0} to {:.0}", times[0], times[STARTS - 1]),
        value: median,
        limit: None,
        budget: Budget::Most(200.0, "ms"),
    });
    let memory = memory as f64 / 1e6;
    report.figure(Figure {
        what: "memory of an idle server",
        shown: format!("{memory:.1} MB"),
        value: memory,
        limit: None,
        budget: Budget::Most(40.0, "MB"),
    });
}

fn connections(folder: &Folder, tokens: &[String], report: &mut Report) {
    let server = Server::parlor(&folder.0);
    let received = Rc::new(Received::default());
    let (few, many, open) = block_on(async {
        connect(&server, &tokens[..FEW], &received).await;
        let few = server.memory();
        connect(&server, &tokens[FEW..], &received).await;
        (few, server.memory(), received.ready.get() - received.closed.get())
    });
    let each = (many.saturating_sub(few)) as f64 / (MANY - FEW) as f64 / 1000.0;
    report.figure(Figure {
        what: "memory of an idle WebSocket, each somebody else",
        shown: format!("{each:.1} KB ({open} open, {:.0} MB in all)", many as f64 / 1e6),
        value: each,
        limit: None,
        budget: Budget::Most(12.0, "KB"),
    });
    server.stop();
}

async fn connect(server: &Server, tokens: &[String], received: &Rc<Received>) {
    let wanted = received.ready.get() + tokens.len();
    for token in tokens {
        listen(server.address, token, received.clone(), None).await;
    }
    let begun = Instant::now();
    while received.ready.get() < wanted && begun.elapsed() < Duration::from_secs(20) {
        sleep(Duration::from_millis(20)).await;
    }
    sleep(Duration::from_secs(2)).await;
}
