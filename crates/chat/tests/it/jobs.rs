//! Jobs: enqueued with what makes them necessary, claimed by one at a time, done once.

use parlor_chat::jobs::{self, EVERYWHERE, Job, Queue, When, Work};
use parlor_chat::tails::{self, Consumer};
use parlor_chat::{Error, MIGRATIONS, TenantId, Time};
use parlor_db::testing::TestDb;
use parlor_db::{Options, params};
use uuid::Uuid;

use crate::support::{KEYS, World, rule};

parlor_db::statements! {
    static PAYLOAD = both("UPDATE jobs SET payload = $2 WHERE tenant = $1");
    static OLD_TENANT = both("INSERT INTO tenants (id, no, slug, name, created_at) VALUES ($1, 1, 'acme', 'Acme', 0)").global();
    static OLD_LOG =
        both("INSERT INTO logs (tenant, epoch, head, floor, messages, indexed) VALUES ($1, 1, 50, 0, 0, 0)");
    static OLD_HOOK = both("
        INSERT INTO channel_hooks (tenant, id, url, body, attempts, next_at, created_at)
        VALUES ($1, $2, 'https://app.example/hook', $3, 2, 100, 50)");
    static OLD_RELAY = both("INSERT INTO relays (tenant, seq, node, held_until) VALUES ($1, 41, 'n', 0)");
    static OLD_CONVERSATION = both("
        INSERT INTO conversations (tenant, id, kind, status, is_private, replies_enabled, labels, metadata, created_at,
            updated_at, last_activity_at, last_seq, last_public_seq, last_deleted_seq, staff_count, public_count,
            team_read_seq, team_read_count, members, pins, snoozed_until)
        VALUES ($1, $2, 'support', 'snoozed', FALSE, TRUE, '[]', '{}', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, $3)");
}

fn webhook(body: &str) -> Work {
    Work::Webhook { url: "https://app.example/hook".to_owned(), body: body.to_owned() }
}

fn put(world: &World, tenant: TenantId, work: Work, key: Option<&'static str>, when: When) {
    world.write(move |tx| jobs::enqueue(tx, tenant, &work, key, when)).unwrap();
}

/// Takes everything that is due, for some seconds.
fn take(world: &World, queue: Queue, seconds: i64) -> Vec<Job> {
    let claimed =
        world.write(move |tx| jobs::claim(tx, queue, tx.now.plus_seconds(seconds), 100, &[])).unwrap();
    claimed.into_iter().map(Result::unwrap).collect()
}

fn done(world: &World, job: &Job) -> Result<(), Error> {
    let job = job.clone();
    world.write(move |tx| jobs::complete(tx, &job))
}

fn failed(world: &World, job: &Job) -> bool {
    let job = job.clone();
    world.write(move |tx| jobs::fail(tx, &job, "no answer")).unwrap()
}

#[test]
fn a_job_stands_and_falls_with_its_transaction() {
    let world = World::new();
    let tenant = world.tenant.id;
    let refused: Result<(), Error> = world.write(move |tx| {
        jobs::enqueue(tx, tenant, &webhook("{}"), None, When::At(tx.now))?;
        Err(Error::NotFound { what: "conversation" })
    });
    assert!(refused.is_err());
    assert!(take(&world, Queue::Outside, 60).is_empty());
    put(&world, tenant, webhook("{\"a\":\"ü\"}"), None, When::At(world.now()));
    let jobs = take(&world, Queue::Outside, 60);
    assert_eq!((jobs.len(), &jobs[0].work, jobs[0].attempts), (1, &webhook("{\"a\":\"ü\"}"), 1));
}

#[test]
fn who_waits_under_a_key_moves_and_who_runs_does_not() {
    let world = World::new();
    let (tenant, now) = (world.tenant.id, world.now());
    put(&world, tenant, Work::Unsnooze, Some(""), When::By(now.plus_seconds(100)));
    put(&world, tenant, Work::Unsnooze, Some(""), When::By(now.plus_seconds(200)));
    put(&world, tenant, Work::Unsnooze, Some(""), When::By(now.plus_seconds(50)));
    world.pass(49);
    assert!(take(&world, Queue::Inside, 60).is_empty(), "not before its time");
    world.pass(2);
    let first = take(&world, Queue::Inside, 60);
    assert_eq!(first.len(), 1, "three times enqueued is one job, at the earliest of the times");
    // While it runs something new happens: it may have looked already, so that one more is needed.
    put(&world, tenant, Work::Unsnooze, Some(""), When::At(world.now()));
    let second = take(&world, Queue::Inside, 60);
    assert_eq!(second.len(), 1);
    done(&world, &first[0]).unwrap();
    done(&world, &second[0]).unwrap();
    world.pass(10_000);
    assert!(take(&world, Queue::Inside, 60).is_empty());
    // A later enqueue moves the time of what waits, also to a later one, where that is asked for.
    put(&world, tenant, webhook("1"), Some("k"), When::At(world.now()));
    put(&world, tenant, webhook("2"), Some("k"), When::At(world.now().plus_seconds(30)));
    assert!(take(&world, Queue::Outside, 60).is_empty());
    world.pass(31);
    assert_eq!(take(&world, Queue::Outside, 60)[0].work, webhook("2"));
}

#[test]
fn a_job_has_one_runner_and_one_end() {
    let world = World::new();
    let tenant = world.tenant.id;
    put(&world, tenant, Work::Retention, Some(""), When::At(world.now()));
    let late = take(&world, Queue::Inside, 60).remove(0);
    assert!(take(&world, Queue::Inside, 60).is_empty(), "somebody has it");
    world.pass(61);
    // Its runner died, or is slower than it said: another one takes over.
    let next = take(&world, Queue::Inside, 60).remove(0);
    assert_eq!((next.id, next.attempts), (late.id, 2));
    let slow = late.clone();
    assert!(!world.write(move |tx| jobs::extend(tx, &slow, tx.now.plus_seconds(60))).unwrap());
    assert_eq!(rule(done(&world, &late)), "conflict: lease", "the effects of the slow one must not stand");
    done(&world, &next).unwrap();
    assert_eq!(rule(done(&world, &next)), "conflict: lease", "it ends once");
    // What comes again and again waits for its next turn.
    assert!(take(&world, Queue::Inside, 60).is_empty());
    world.pass(86_401);
    assert_eq!(take(&world, Queue::Inside, 60).len(), 1);
}

#[test]
fn what_fails_comes_again_until_it_is_given_up() {
    let world = World::new();
    let tenant = world.tenant.id;
    put(&world, tenant, webhook("{}"), None, When::At(world.now()));
    let mut pauses = Vec::new();
    let dead = loop {
        let job = take(&world, Queue::Outside, 60).remove(0);
        if failed(&world, &job) {
            break job;
        }
        let mut pause = 0;
        while world.read(|tx| jobs::next_due(tx, Queue::Outside)).unwrap() > Some(world.now()) {
            world.pass(1);
            pause += 1;
        }
        pauses.push(pause);
    };
    assert_eq!(pauses, [6, 10, 20, 40, 60, 60, 60, 60]);
    let listed = world.read(move |tx| jobs::dead(tx, tenant)).unwrap();
    let shown = (listed.len(), listed[0].id, listed[0].kind.as_str(), listed[0].error.as_deref());
    assert_eq!(shown, (1, dead.id, "webhook", Some("no answer")));
    let (other, id) = (world.other_tenant("other").id, dead.id);
    assert!(world.read(move |tx| jobs::dead(tx, other)).unwrap().is_empty());
    for act in [jobs::retry, jobs::discard] {
        let refused = world.write(move |tx| act(tx, other, id));
        assert_eq!(rule(refused), "not found: job", "another tenant's");
    }
    world.write(move |tx| jobs::retry(tx, tenant, id)).unwrap();
    let again = take(&world, Queue::Outside, 60).remove(0);
    assert_eq!((again.id, again.attempts), (id, 1), "as if it were new");
    assert_eq!(
        rule(world.write(move |tx| jobs::discard(tx, tenant, id))),
        "not found: job",
        "it is not dead"
    );
}

#[test]
fn a_failure_gives_way_to_a_newer_job_of_its_key() {
    let world = World::new();
    let tenant = world.tenant.id;
    put(&world, tenant, Work::Unsnooze, Some(""), When::At(world.now()));
    let job = take(&world, Queue::Inside, 60).remove(0);
    put(&world, tenant, Work::Unsnooze, Some(""), When::At(world.now()));
    assert!(!failed(&world, &job));
    let jobs = take(&world, Queue::Inside, 60);
    assert_eq!(jobs.len(), 1);
    assert_ne!(jobs[0].id, job.id);
}

#[test]
fn a_server_that_died_leaves_its_jobs_to_the_next() {
    let world = World::new();
    let tenant = world.tenant.id;
    put(&world, tenant, Work::Unsnooze, Some(""), When::At(world.now()));
    put(&world, EVERYWHERE, Work::PruneExpired, Some(""), When::At(world.now()));
    assert_eq!(take(&world, Queue::Inside, 60).len(), 2);
    put(&world, tenant, Work::Unsnooze, Some(""), When::At(world.now()));
    world.write(jobs::release_all).unwrap();
    let kinds = take(&world, Queue::Inside, 60);
    let mut kinds: Vec<_> = kinds.iter().map(|job| job.work.kind()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["prune_expired", "unsnooze"], "at once, and no two of one key");
}

#[test]
fn recurring_work_is_enqueued_once() {
    let world = World::new();
    for _ in 0..3 {
        world.write(|tx| jobs::ensure(tx, EVERYWHERE, &Work::PruneExpired)).unwrap();
    }
    let job = take(&world, Queue::Inside, 60).remove(0);
    world.write(|tx| jobs::ensure(tx, EVERYWHERE, &Work::PruneExpired)).unwrap();
    assert!(take(&world, Queue::Inside, 60).is_empty(), "it runs");
    done(&world, &job).unwrap();
    let next = world.read(|tx| jobs::next_due(tx, Queue::Inside)).unwrap();
    assert!(next > Some(world.now()) && next < Some(world.now().plus_seconds(601)), "{next:?}");
}

#[test]
fn a_job_that_cannot_be_read_is_given_up_and_said() {
    for (place, payload) in ["{\"url\": 7}", "{", "[1]", "\"x\"", "3", "null", ""].iter().enumerate() {
        let world = World::new();
        let tenant = world.tenant.id;
        put(&world, tenant, webhook("{}"), None, When::At(world.now()));
        let changed =
            world.test.db.write_blocking(0, move |tx| tx.execute(&PAYLOAD, params![tenant, *payload]));
        assert_eq!(changed.unwrap(), 1);
        // What is behind it goes on.
        put(&world, tenant, webhook("[]"), None, When::At(world.now()));
        let claimed = world.write(|tx| jobs::claim(tx, Queue::Outside, Time(i64::MAX / 2), 10, &[])).unwrap();
        let (read, damaged): (Vec<_>, Vec<_>) = claimed.into_iter().partition(Result::is_ok);
        assert!(
            matches!(&damaged[..], [Err(Error::Damaged(text))] if text.contains("webhook")),
            "{place}: {damaged:?}"
        );
        assert_eq!(read.len(), 1);
        assert_eq!(world.read(move |tx| jobs::dead(tx, tenant)).unwrap().len(), 1);
    }
}

#[test]
fn a_tenant_with_many_slow_jobs_holds_up_no_other() {
    let world = World::new();
    let (slow, other) = (world.tenant.id, world.other_tenant("beside").id);
    for n in 0..20 {
        put(&world, slow, webhook(&n.to_string()), None, When::At(world.now()));
    }
    put(&world, other, webhook("late"), None, When::At(world.now().plus_seconds(1)));
    world.pass(2);
    let claim = |busy: Vec<TenantId>| {
        let claimed = world
            .write(move |tx| jobs::claim(tx, Queue::Outside, tx.now.plus_seconds(60), 4, &busy))
            .unwrap();
        claimed.into_iter().map(|job| job.unwrap().tenant).collect::<Vec<_>>()
    };
    assert_eq!(claim(Vec::new()), [slow; 4], "the oldest first");
    assert_eq!(claim(vec![slow]), [other], "those that have their share wait");
    assert_eq!(claim(Vec::new()), [slow; 4]);
}

/// What version 12 had in tables of their own goes on as jobs and tails.
#[test]
fn what_an_older_version_left_goes_on() {
    let older = &MIGRATIONS[..12];
    let test = TestDb::new(older, Options::default()).unwrap();
    let (tenant, id) = (TenantId(Uuid::from_u128(7)), Uuid::from_u128(8));
    let body = "{\"say\":\"\\\"ü\\\"\"}";
    let stored = test.db.write_blocking(0, move |tx| {
        tx.execute(&OLD_TENANT, params![tenant])?;
        tx.execute(&OLD_LOG, params![tenant])?;
        tx.execute(&OLD_HOOK, params![tenant, id.into_bytes(), body])?;
        tx.execute(&OLD_RELAY, params![tenant])?;
        for (id, until) in [(1, Some(900)), (2, Some(500)), (3, None)] {
            tx.execute(&OLD_CONVERSATION, params![tenant, Uuid::from_u128(id).into_bytes(), until])?;
        }
        Ok::<_, parlor_db::Error>(())
    });
    stored.unwrap();
    test.db.migrate(MIGRATIONS).unwrap();
    let read = move |tx: &mut parlor_db::Tx| {
        let settings = parlor_chat::settings::Settings::default();
        let tx = &mut parlor_chat::Tx::new(tx, Time(10_000), [0; 32], &settings, &KEYS);
        let hooks = jobs::claim(tx, Queue::Outside, Time(20_000), 10, &[])?;
        let snooze = jobs::next_due(tx, Queue::Inside)?;
        let place = tails::claim(tx, tenant, Consumer::MercureRelay, "n", Time(20_000))?;
        Ok::<_, Error>((hooks, snooze, place))
    };
    let (hooks, snooze, place) = test.db.write_blocking(0, read).unwrap();
    let hook = hooks.into_iter().next().unwrap().unwrap();
    let work = Work::Webhook { url: "https://app.example/hook".to_owned(), body: body.to_owned() };
    assert_eq!((hook.tenant, hook.id.0, hook.work, hook.attempts), (tenant, id, work, 3));
    assert_eq!(snooze, Some(Time(500)), "the earliest of the tenant's");
    assert_eq!(place, Some(41));
}
