//! Closed sets of words: what a conversation's status, a priority or a notification can be. A word is read once, where it
//! comes in (from a request, a row, an event), and is a value from there on: an unknown one in a request is a problem that
//! names the field, in a row it is damage. Must not know: which status a kind has (`kinds.rs`), or what follows from one.

/// An enum of words with their stored and public names: how it is read from a row and written to one, from and to JSON.
/// With `asked as "field"` requests name it in that field, and an unknown word is told as [`unknown_word`] expects it.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $of:ident { $($(#[$doc:meta])* $variant:ident = $name:tt),* $(,)? }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        $(#[$meta])*
        pub enum $of { $($(#[$doc])* #[serde(rename = $name)] $variant),* }

        crate::words::words!(@names $of { $($variant = $name),* });
    };
    ($(#[$meta:meta])* pub enum $of:ident asked as $field:literal {
        $($(#[$doc:meta])* $variant:ident = $name:tt),* $(,)?
    }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String")]
        $(#[$meta])*
        pub enum $of { $($(#[$doc])* #[serde(rename = $name)] $variant),* }

        impl TryFrom<String> for $of {
            type Error = String;

            fn try_from(name: String) -> Result<Self, String> {
                $of::parse(&name).ok_or_else(|| $crate::words::unknown($field, &[$($name),*]))
            }
        }

        crate::words::words!(@names $of { $($variant = $name),* });
    };
    (@names $of:ident { $($variant:ident = $name:tt),* }) => {
        impl $of {
            /// Every word.
            pub const ALL: &'static [$of] = &[$($of::$variant),*];

            /// Stored and public name.
            pub fn name(self) -> &'static str {
                match self { $($of::$variant => $name),* }
            }

            /// The word of that name.
            pub fn parse(name: &str) -> Option<$of> {
                match name { $($name => Some($of::$variant),)* _ => None }
            }
        }

        impl parlor_db::FromValue for $of {
            fn from_value(value: parlor_db::Value<'_>) -> Result<Self, String> {
                let parlor_db::Value::Text(name) = value else { return Err(value.mismatch("text")) };
                $of::parse(name).ok_or_else(|| format!(concat!("unknown ", stringify!($of), " {:?}"), name))
            }
        }

        impl From<$of> for parlor_db::Param<'_> {
            fn from(word: $of) -> Self {
                parlor_db::Param::Text(word.name())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// How far a conversation has come. Each kind has some of these.
    #[schema(as = ConversationStatus)]
    pub enum Status asked as "status" {
        /// Goes on; the only status of talk among the staff.
        Active = "active",
        /// A channel that nobody writes in any more.
        Archived = "archived",
        /// Somebody has to do something.
        Open = "open",
        /// Waits for the contact.
        Pending = "pending",
        /// Comes back by itself at a time.
        Snoozed = "snoozed",
        /// Somebody works on the ticket.
        InProgress = "in_progress",
        /// Done.
        Resolved = "resolved",
        /// Over.
        Closed = "closed",
    }
}

words! {
    /// How soon a support conversation or a ticket is wanted.
    pub enum Priority asked as "priority" {
        /// After everything else.
        Low = "low",
        /// In its turn.
        Normal = "normal",
        /// Before others.
        High = "high",
        /// At once.
        Urgent = "urgent",
    }
}

words! {
    /// Of which new messages of a conversation somebody wants to be told.
    #[derive(Default)]
    pub enum Notify asked as "notify" {
        /// Of every one.
        #[default]
        All = "all",
        /// Of those that name the person.
        Mentions = "mentions",
        /// Of none.
        None = "none",
    }
}

words! {
    /// What a notification tells.
    pub enum NotificationKind {
        /// A direct message was posted.
        Message = "message",
        /// The host application raises an alarm.
        Alert = "alert",
        /// The host application notes something.
        System = "system",
    }
}

words! {
    /// What a person can be notified of. How each is delivered is a table: `notifications/types.rs`.
    pub enum NotificationType asked as "type" {
        /// A message was posted.
        NewMessage = "new_message",
        /// A message names the person, one of its teams, or everybody.
        Mention = "mention",
        /// A reply in a thread that the person takes part in.
        ReplyToThread = "reply_to_thread",
        /// A conversation or a ticket was assigned to the person or to its team.
        Assignment = "assignment",
        /// A ticket has another status, or came to an end.
        TicketUpdate = "ticket_update",
        /// A snoozed conversation is back.
        SnoozeEnded = "snooze_ended",
        /// The time of a reminder that the person set.
        Reminder = "reminder",
        /// A resolved conversation is open again.
        ConversationReopened = "conversation_reopened",
        /// A contact waits in a conversation that is assigned to nobody.
        UnassignedWaiting = "unassigned_waiting",
        /// Most of the time that a target allows is gone.
        SlaWarning = "sla_warning",
        /// A target was missed.
        SlaBreach = "sla_breach",
        /// A contact rated a conversation badly.
        CsatLow = "csat_low",
        /// Something that everybody must acknowledge.
        Announcement = "announcement",
        /// A report is ready.
        Report = "report",
        /// An import has ended.
        ImportDone = "import_done",
        /// Background work failed for good.
        JobFailed = "job_failed",
        /// The budget of the AI assistance is nearly used up.
        AiBudget = "ai_budget",
        /// A rule was switched off because it failed too often.
        RuleOff = "rule_off",
    }
}

words! {
    /// What a host application tells by a notification.
    pub enum HostNotificationKind asked as "type" {
        /// An alarm.
        Alert = "alert",
        /// A note.
        System = "system",
    }
}

words! {
    /// Whether somebody has seen a notification. Lists have them in this order.
    pub enum NotificationStatus asked as "status" {
        /// Not yet.
        Unread = "unread",
        /// Seen.
        Read = "read",
        /// Put away.
        Archived = "archived",
    }
}

impl Notify {
    /// The same in a conversation that is muted, or not: a muted one tells of nothing.
    #[must_use]
    pub fn unless(self, muted: bool) -> Notify {
        if muted { Notify::None } else { self }
    }
}

impl From<HostNotificationKind> for NotificationKind {
    fn from(kind: HostNotificationKind) -> Self {
        match kind {
            HostNotificationKind::Alert => NotificationKind::Alert,
            HostNotificationKind::System => NotificationKind::System,
        }
    }
}

const UNKNOWN: &str = "unknown word for `";

/// What is said of a word that is not in the set: the field, and what may stand there.
pub(crate) fn unknown(field: &str, known: &[&str]) -> String {
    let known = match known {
        [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
        _ => known.concat(),
    };
    format!("{UNKNOWN}{field}`: use {known}")
}

/// The field, and what to do, if `text` says that a word is unknown: the words of requests fail to be read with it.
#[must_use]
pub fn unknown_word(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(UNKNOWN)?.split_once("`: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_written_by_their_names() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.name()), Some(*status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.name());
            assert_eq!(serde_json::from_value::<Status>(status.name().into()).unwrap(), *status);
        }
        assert_eq!(Status::parse("Open"), None, "there is one spelling of each");
    }

    #[test]
    fn unknown_words_name_their_field_and_what_may_stand_there() {
        let refused = serde_json::from_value::<Priority>("soon".into()).unwrap_err().to_string();
        assert_eq!(unknown_word(&refused), Some(("priority", "use low, normal, high or urgent")));
        let refused =
            serde_json::from_value::<HostNotificationKind>("message".into()).unwrap_err().to_string();
        assert_eq!(unknown_word(&refused), Some(("type", "use alert or system")));
        let other = serde_json::from_value::<Priority>(7.into()).unwrap_err().to_string();
        assert_eq!(unknown_word(&other), None, "{other}");
    }
}
