//! Owns: what is counted for operators, in the OpenMetrics text that Prometheus reads. Must not know: who asks.

use std::fmt::Write as _;
use std::sync::atomic::AtomicU64;

use parlor_chat::Time;
use parlor_chat::events::{Event, EventKind};
use parlor_db::{BATCH_SIZES, Stats};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use serde::Serialize;

/// By what protocol a connection gets its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(missing_docs, reason = "the names of the protocols")]
pub enum Protocol {
    Native,
    Chat,
    Sse,
    LongPoll,
    Pusher,
    Mercure,
    SocketIo,
}

const PROTOCOLS: [Protocol; 7] = [
    Protocol::Native,
    Protocol::Chat,
    Protocol::Sse,
    Protocol::LongPoll,
    Protocol::Pusher,
    Protocol::Mercure,
    Protocol::SocketIo,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByProtocol {
    protocol: Protocol,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByJob {
    job: &'static str,
}

/// One delivery in so many is timed: a histogram costs more than a delivery.
const TIMED: u64 = 64;

/// Upper bounds in seconds.
const DELAYS: [f64; 14] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.08, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0];

/// All counters of one server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    protocols: Vec<Channel>,
    events: Counter,
    messages: Counter,
    waiting: Gauge,
    longest: Gauge,
    joined: Gauge,
    redis: Gauge,
    job_lag: Family<ByJob, Gauge<f64, AtomicU64>>,
}

/// The counters of one protocol.
#[derive(Clone, Debug)]
struct Channel {
    connections: Gauge,
    deliveries: Counter,
    delay: Histogram,
    resyncs: Counter,
}

impl Protocol {
    /// The name of the protocol.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Chat => "chat",
            Self::Sse => "sse",
            Self::LongPoll => "long_poll",
            Self::Pusher => "pusher",
            Self::Mercure => "mercure",
            Self::SocketIo => "socketio",
        }
    }
}

/// What a person wants to see of a protocol.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct ProtocolFigures {
    /// native, chat, sse, `long_poll`, pusher, mercure, socketio.
    pub protocol: &'static str,
    /// Open connections.
    pub connections: i64,
    /// Events written to connections since the start.
    pub deliveries: u64,
    /// Connections told to come back since the start.
    pub resyncs: u64,
}

/// A connection, counted as long as it lives.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("parlor");
        let protocols = protocols(&mut registry);
        let (events, messages) = (Counter::default(), Counter::default());
        registry.register("events", "Events committed by this node", events.clone());
        registry.register("messages", "Messages posted on this node", messages.clone());
        let [waiting, longest, joined, redis] = [(); 4].map(|()| Gauge::default());
        registry.register("queue_waiting", "Events waiting in the queues of connections", waiting.clone());
        registry.register("queue_longest", "Events waiting in the longest queue", longest.clone());
        registry.register("hub_joined", "Places taken in the hub", joined.clone());
        registry.register("redis_connected", "1 when other nodes are reached through Redis", redis.clone());
        let job_lag: Family<ByJob, Gauge<f64, AtomicU64>> = Family::default();
        registry.register("job_lag_seconds", "Age of the oldest work that waits, by job", job_lag.clone());
        Self { registry, protocols, events, messages, waiting, longest, joined, redis, job_lag }
    }
}

fn protocols(registry: &mut Registry) -> Vec<Channel> {
    let connections: Family<ByProtocol, Gauge> = Family::default();
    let deliveries: Family<ByProtocol, Counter> = Family::default();
    let delay = Family::<ByProtocol, Histogram>::new_with_constructor(|| Histogram::new(DELAYS));
    let resyncs: Family<ByProtocol, Counter> = Family::default();
    registry.register("connections", "Open connections", connections.clone());
    registry.register("deliveries", "Events written to connections", deliveries.clone());
    registry.register(
        "delivery_seconds",
        "From an event's time to its being written, sampled",
        delay.clone(),
    );
    registry.register(
        "resyncs",
        "Connections told to come back: too slow, or rights changed",
        resyncs.clone(),
    );
    PROTOCOLS
        .iter()
        .map(|protocol| {
            let label = ByProtocol { protocol: *protocol };
            Channel {
                connections: connections.get_or_create(&label).clone(),
                deliveries: deliveries.get_or_create(&label).clone(),
                delay: delay.get_or_create(&label).clone(),
                resyncs: resyncs.get_or_create(&label).clone(),
            }
        })
        .collect()
}

/// What is looked up only when somebody asks for the numbers.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Of the database.
    pub stats: Stats,
    /// Events waiting in all queues, and in the longest.
    pub waiting: (usize, usize),
    /// Places taken in the hub.
    pub joined: usize,
    /// Whether Redis is reached.
    pub redis: bool,
    /// Seconds that the oldest work of each job has waited.
    pub lags: [(&'static str, f64); 3],
}

impl Metrics {
    fn of(&self, protocol: Protocol) -> &Channel {
        &self.protocols[protocol as usize]
    }

    /// A connection begins; it ends when the answer is dropped.
    #[must_use]
    pub fn connection(&self, protocol: Protocol) -> Counted {
        let gauge = self.of(protocol).connections.clone();
        gauge.inc();
        Counted(gauge)
    }

    /// So many events were written to a connection; the first of them happened at `first`.
    pub fn delivered(&self, protocol: Protocol, count: usize, first: Time, now: Time) {
        let channel = self.of(protocol);
        let count = count as u64;
        let before = channel.deliveries.inc_by(count);
        if before / TIMED != (before + count) / TIMED {
            channel.delay.observe((now.micros() - first.micros()).max(0) as f64 / 1e6);
        }
    }

    /// A connection was told to come back.
    pub fn resync(&self, protocol: Protocol) {
        self.of(protocol).resyncs.inc();
    }

    /// Every protocol.
    #[must_use]
    pub fn by_protocol(&self) -> Vec<ProtocolFigures> {
        let figures = |(protocol, channel): (&Protocol, &Channel)| ProtocolFigures {
            protocol: protocol.name(),
            connections: channel.connections.get(),
            deliveries: channel.deliveries.get(),
            resyncs: channel.resyncs.get(),
        };
        PROTOCOLS.iter().zip(&self.protocols).map(figures).collect()
    }

    /// Events committed and messages posted here since the start.
    #[must_use]
    pub fn committed_so_far(&self) -> (u64, u64) {
        (self.events.get(), self.messages.get())
    }

    /// An event was committed here.
    pub(crate) fn committed(&self, event: &Event) {
        self.events.inc();
        if event.kind == EventKind::MessagePosted {
            self.messages.inc();
        }
    }

    /// The text that Prometheus reads.
    #[must_use]
    pub fn text(&self, now: &Now) -> String {
        let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        self.waiting.set(number(now.waiting.0));
        self.longest.set(number(now.waiting.1));
        self.joined.set(number(now.joined));
        self.redis.set(i64::from(now.redis));
        for (job, seconds) in now.lags {
            self.job_lag.get_or_create(&ByJob { job }).set(seconds);
        }
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            return String::new();
        }
        let end = text.trim_end().trim_end_matches("# EOF").len();
        text.truncate(end);
        database(&mut text, &now.stats);
        text.push_str("# EOF\n");
        text
    }
}

/// The storage engine counts by itself.
fn database(text: &mut String, stats: &Stats) {
    let counters = [
        ("db_operations", "Writing operations committed", stats.operations),
        ("db_reads", "Reading operations answered", stats.reads),
        ("db_retries", "Runs repeated after a conflict", stats.retries),
    ];
    for (name, help, value) in counters {
        let _ = writeln!(
            text,
            "# HELP parlor_{name} {help}.\n# TYPE parlor_{name} counter\nparlor_{name}_total {value}"
        );
    }
    let gauges = [
        ("db_writes_waiting", "Writing operations that wait", stats.writes_waiting),
        ("db_reads_waiting", "Reading operations that wait", stats.reads_waiting),
    ];
    for (name, help, value) in gauges {
        let _ =
            writeln!(text, "# HELP parlor_{name} {help}.\n# TYPE parlor_{name} gauge\nparlor_{name} {value}");
    }
    let name = "parlor_db_commit_batch";
    let _ = writeln!(text, "# HELP {name} Operations that shared a commit.\n# TYPE {name} histogram");
    let mut so_far = 0;
    for (size, count) in BATCH_SIZES.iter().zip(stats.batches) {
        so_far += count;
        let _ = writeln!(text, "{name}_bucket{{le=\"{size}\"}} {so_far}");
    }
    let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {}", stats.commits);
    let _ = writeln!(text, "{name}_sum {}\n{name}_count {}", stats.operations, stats.commits);
}
