//! The table of dispatch, cell by cell: who is there, which type, which switches, which level, which hours.

use super::*;

const NOW: Time = Time(1_795_854_480_000_000); // 2026-11-28T08:28:00Z

fn preferences() -> Preferences {
    Preferences {
        push: true,
        mail: true,
        push_while_active: false,
        mail_delay: MailDelay::Five,
        quiet_hours: None,
        urgent_in_quiet_hours: false,
    }
}

const BOTH: Cell = Cell { push: true, mail: true };

fn planned(of: NotificationType, activity: Activity, change: impl FnOnce(&mut Preferences)) -> Plan {
    let mut preferences = preferences();
    change(&mut preferences);
    plan(&notice(of, activity, &preferences))
}

fn notice(of: NotificationType, activity: Activity, preferences: &Preferences) -> Notice<'_> {
    Notice { of, at: NOW, urgent: false, activity, cell: BOTH, level: Notify::All, preferences }
}

/// Seconds from now, for comparison with the table.
fn after(at: Option<Time>) -> Option<i64> {
    at.map(|at| (at.0 - NOW.0) / 1_000_000)
}

const ACTIVITIES: [Activity; 5] =
    [Activity::Viewing, Activity::Busy, Activity::Active, Activity::Away, Activity::Offline];

/// What each activity allows, as the product's table has it; with "also while I work" on in the third column.
fn table(of: NotificationType, activity: Activity) -> (Option<i64>, Option<i64>, bool) {
    let personal = matches!(of.name(), "mention" | "assignment");
    match activity {
        Activity::Viewing => (None, None, false),
        Activity::Busy if personal => (Some(0), Some(0), true),
        Activity::Busy => (None, None, true),
        Activity::Active => (None, Some(30), true),
        Activity::Away => (Some(30), Some(30), true),
        Activity::Offline => (Some(0), Some(0), true),
    }
}

#[test]
fn every_cell_of_every_type_for_every_activity() {
    for (of, activity) in
        NotificationType::ALL.iter().flat_map(|of| ACTIVITIES.map(|activity| (*of, activity)))
    {
        let (push, push_at_work, mail) = table(of, activity);
        let mail_at = if of == NotificationType::Announcement { 86_400 } else { 300 };
        for (push_on, mail_on) in [(false, false), (false, true), (true, false), (true, true)] {
            for at_work in [false, true] {
                let preferences = Preferences { push_while_active: at_work, ..preferences() };
                let cell = Cell { push: push_on, mail: mail_on };
                let plan = plan(&Notice { cell, ..notice(of, activity, &preferences) });
                let what = format!("{} {activity:?} {cell:?} at work {at_work}", of.name());
                let expected = if at_work { push_at_work } else { push };
                assert_eq!(after(plan.push), expected.filter(|_| push_on), "push of {what}");
                assert_eq!(after(plan.mail), (mail && mail_on).then_some(mail_at), "mail of {what}");
            }
        }
    }
}

#[test]
fn the_switches_for_everything_go_before_the_cells() {
    for of in NotificationType::ALL {
        let without_push = planned(*of, Activity::Offline, |all| all.push = false);
        assert_eq!((without_push.push, without_push.mail.is_some()), (None, true), "{}", of.name());
        let without_mail = planned(*of, Activity::Offline, |all| all.mail = false);
        assert_eq!((without_mail.push.is_some(), without_mail.mail), (true, None), "{}", of.name());
    }
}

#[test]
fn mails_wait_as_long_as_the_person_chose() {
    for (delay, of_mention, of_announcement) in [
        (MailDelay::Five, Some(300), Some(86_400)),
        (MailDelay::Fifteen, Some(900), Some(86_400)),
        (MailDelay::Sixty, Some(3_600), Some(86_400)),
        (MailDelay::Never, None, None),
    ] {
        for (of, expected) in
            [(NotificationType::Mention, of_mention), (NotificationType::Announcement, of_announcement)]
        {
            let plan = planned(of, Activity::Offline, |all| all.mail_delay = delay);
            assert_eq!(after(plan.mail), expected, "{delay:?} {}", of.name());
            assert_eq!(after(plan.push), Some(0));
        }
    }
}

#[test]
fn levels_and_a_mute_let_through_what_the_types_say() {
    let preferences = preferences();
    for of in NotificationType::ALL {
        for (level, muted) in Notify::ALL.iter().flat_map(|level| [(*level, false), (*level, true)]) {
            let level = level.unless(muted);
            let plan = plan(&Notice { level, ..notice(*of, Activity::Offline, &preferences) });
            let expected = of.rule().passes(level);
            assert_eq!(
                (plan.push.is_some(), plan.mail.is_some()),
                (expected, expected),
                "{} {level:?}",
                of.name()
            );
        }
    }
}

/// Quiet for another ninety minutes.
fn quiet(all: &mut Preferences) {
    all.quiet_hours =
        QuietHours::parse("08:00", "09:58", "UTC", crate::notifications::quiet_hours::Weekday::ALL).ok();
    assert!(all.quiet_hours.is_some());
}

#[test]
fn quiet_hours_move_and_drop_nothing() {
    let end = Some(90 * 60);
    for of in NotificationType::ALL {
        for activity in ACTIVITIES {
            let awake = planned(*of, activity, |_| {});
            let asleep = planned(*of, activity, quiet);
            let what = format!("{} {activity:?}", of.name());
            assert_eq!(after(asleep.push), awake.push.and(end), "{what}");
            // The announcement's mail of tomorrow morning falls into tomorrow's quiet hours.
            let mail_end = if *of == NotificationType::Announcement { Some(86_400 + 90 * 60) } else { end };
            assert_eq!(after(asleep.mail), awake.mail.and(mail_end), "{what}");
        }
    }
    // What is due after their end stays where it is.
    let late = planned(NotificationType::Mention, Activity::Offline, |all| {
        all.quiet_hours =
            QuietHours::parse("08:00", "08:30", "UTC", crate::notifications::quiet_hours::Weekday::ALL).ok();
    });
    assert_eq!((after(late.push), after(late.mail)), (Some(120), Some(300)));
}

#[test]
fn missed_targets_and_urgent_tickets_pass_quiet_hours_if_the_person_allows() {
    for (of, urgent, allows, passes) in [
        (NotificationType::SlaBreach, false, true, true),
        (NotificationType::SlaBreach, false, false, false),
        (NotificationType::SlaWarning, false, true, false),
        (NotificationType::Assignment, true, true, true),
        (NotificationType::Assignment, true, false, false),
        (NotificationType::Assignment, false, true, false),
    ] {
        let mut preferences = Preferences { urgent_in_quiet_hours: allows, ..preferences() };
        quiet(&mut preferences);
        let plan = plan(&Notice { urgent, ..notice(of, Activity::Offline, &preferences) });
        let expected = if passes { (Some(0), Some(300)) } else { (Some(5_400), Some(5_400)) };
        assert_eq!(
            (after(plan.push), after(plan.mail)),
            expected,
            "{} urgent {urgent} allows {allows}",
            of.name()
        );
    }
}
