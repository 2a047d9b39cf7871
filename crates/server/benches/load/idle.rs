//! What a server costs that has nothing to do: a connection's memory, its own, the time to start, the binary's size.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::sleep;

use crate::people::People;
use crate::report::{Budget, Figure, Report};
use crate::server::{Folder, Server, binary};
use crate::socket::Received;
use crate::{Args, block_on};

const FEW: usize = 5000;
const MANY: usize = 10_000;
const STARTS: usize = 7;
/// How long memory takes to show.
const SETTLE: Duration = Duration::from_secs(2);

pub fn run(args: &Args, report: &mut Report) {
    report.section("idle: a server that has nothing to do");
    let folder = Folder::new();
    let first = Server::parlor(&folder.0);
    let people = block_on(People::gather(first.address, MANY));
    first.stop();
    starts(&folder, report);
    for protocol in args.protocols() {
        connections(&folder, &people, protocol, report);
    }
    let size = std::fs::metadata(binary()).unwrap().len() as f64 / 1e6;
    report.figure(Figure {
        what: "binary",
        shown: format!("{size:.1} MB"),
        value: size,
        limit: None,
        budget: Budget::Most(45.0, "MB"),
    });
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

/// The slope between the few and the many: what one more costs.
fn connections(folder: &Folder, people: &People, protocol: &'static str, report: &mut Report) {
    let server = Server::parlor(&folder.0);
    let received = Rc::new(Received::default());
    let (few, many, open) = block_on(async {
        people.connect(server.address, protocol, 0..FEW, &received, None).await;
        sleep(SETTLE).await;
        let few = server.memory();
        people.connect(server.address, protocol, FEW..MANY, &received, None).await;
        sleep(SETTLE).await;
        (few, server.memory(), received.ready.get() - received.closed.get())
    });
    let each = (many.saturating_sub(few)) as f64 / (MANY - FEW) as f64 / 1000.0;
    report.figure(Figure {
        what: &format!("{protocol}: memory of an idle connection, each somebody else"),
        shown: format!("{each:.1} KB ({open} open, {:.0} MB in all)", many as f64 / 1e6),
        value: each,
        limit: None,
        budget: Budget::Most(12.0, "KB"),
    });
    server.stop();
}
