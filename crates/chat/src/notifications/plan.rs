//! When one person gets a push and a mail of one notification, by what the person does at the moment. Must not know: rows,
//! or what is still true when the time comes (read, deleted, left): that is asked again at each delivery.

use crate::{
    notifications::{
        quiet_hours::QuietHours,
        types::{Cell, Rule},
    },
    time::Time,
    words::{NotificationType, Notify, words},
};

/// What a person does. Where two hold, the first does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Looks at the conversation, and did something within the last minute.
    Viewing,
    /// Does not want to be disturbed, whether connected or not.
    Busy,
    /// Did something elsewhere within the last minute.
    Active,
    /// Is connected, and did nothing for a minute.
    Away,
    /// Is not connected.
    Offline,
}

words! {
    /// How long a mail waits for its notification to be read; in minutes.
    #[derive(Default)]
    pub enum MailDelay asked as "mail_delay" {
        /// Five minutes.
        #[default]
        Five = "5",
        /// A quarter of an hour.
        Fifteen = "15",
        /// An hour.
        Sixty = "60",
        /// There are no mails.
        Never = "never",
    }
}

/// What a person has set for all notifications.
#[derive(Clone, Debug)]
pub struct Preferences {
    /// Whether there are pushes at all.
    pub push: bool,
    /// Whether there are mails at all.
    pub mail: bool,
    /// Whether there are pushes while the person is active elsewhere in the program.
    pub push_while_active: bool,
    /// How long mails wait.
    pub mail_delay: MailDelay,
    /// When nothing is to be delivered.
    pub quiet_hours: Option<QuietHours>,
    /// Whether missed targets and urgent tickets are delivered in quiet hours too.
    pub urgent_in_quiet_hours: bool,
}

/// One notification for one person.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// What it tells.
    pub of: NotificationType,
    /// When it came up.
    pub at: Time,
    /// Whether it is about an urgent ticket.
    pub urgent: bool,
    /// What the person does at this time.
    pub activity: Activity,
    /// The person's switches for the type.
    pub cell: Cell,
    /// The person's level for the conversation; a muted one is at `none`, and what is about none at `all`.
    pub level: Notify,
    /// What the person has set.
    pub preferences: &'a Preferences,
}

/// When a notification is due by each way, should it still be unread then. None: not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// To the person's devices.
    pub push: Option<Time>,
    /// By mail.
    pub mail: Option<Time>,
}

/// How long a push waits for somebody who is connected to read; in seconds.
const GRACE: i64 = 30;

/// What an activity allows.
struct Allowed {
    /// After how many seconds a push is due.
    push: Option<i64>,
    /// Whether a mail is due.
    mail: bool,
}

/// When the notification is due.
#[must_use]
pub fn plan(notice: &Notice<'_>) -> Plan {
    let Notice { at, cell, preferences, .. } = *notice;
    let rule = notice.of.rule();
    if !rule.passes(notice.level) {
        return Plan { push: None, mail: None };
    }
    let allowed = allowed(notice.activity, notice.of, preferences);
    let push = allowed.push.filter(|_| cell.push && preferences.push);
    let mail = mail_delay(&rule, preferences).filter(|_| allowed.mail && cell.mail && preferences.mail);
    let exempt =
        preferences.urgent_in_quiet_hours && (notice.urgent || notice.of == NotificationType::SlaBreach);
    let due = |seconds| {
        let at = at.plus_seconds(seconds);
        let quiet_hours = preferences.quiet_hours.as_ref().filter(|_| !exempt);
        quiet_hours.map_or(at, |hours| hours.moved(at))
    };
    Plan { push: push.map(due), mail: mail.map(due) }
}

fn allowed(activity: Activity, of: NotificationType, preferences: &Preferences) -> Allowed {
    let personal = matches!(of, NotificationType::Mention | NotificationType::Assignment);
    match activity {
        Activity::Viewing => Allowed { push: None, mail: false },
        // A mail disturbs nobody, and without it the notification might not be seen at all.
        Activity::Busy => Allowed { push: personal.then_some(0), mail: true },
        Activity::Active => Allowed { push: preferences.push_while_active.then_some(GRACE), mail: true },
        Activity::Away => Allowed { push: Some(GRACE), mail: true },
        Activity::Offline => Allowed { push: Some(0), mail: true },
    }
}

/// After how many seconds a mail is due: the type's own delay goes before the person's, but not before "never".
fn mail_delay(rule: &Rule, preferences: &Preferences) -> Option<i64> {
    let minutes = match preferences.mail_delay {
        MailDelay::Five => 5,
        MailDelay::Fifteen => 15,
        MailDelay::Sixty => 60,
        MailDelay::Never => return None,
    };
    Some(rule.mail_delay.unwrap_or(minutes * 60))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
