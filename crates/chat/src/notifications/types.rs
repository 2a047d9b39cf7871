//! How each type of notification is delivered: one table of who gets it, by which ways unless somebody chose otherwise,
//! and how urgent it is. Must not know: who is there at the moment, or how a push or a mail is made.

use crate::words::{NotificationType, Notify, words};

/// The switches of one type: a person's own, or the tenant's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// To the person's devices.
    pub push: bool,
    /// By mail.
    pub mail: bool,
}

/// Who is notified, among those who may read what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// The readers of direct and group conversations, the assignee of a support conversation, the watchers of a ticket.
    Readers,
    /// Those whom the message names.
    Mentioned,
    /// Those who wrote in the thread, or follow it.
    ThreadMembers,
    /// The new assignee; its team, once, when only the team is assigned.
    NewAssignee,
    /// Requester, assignee and watchers of the ticket.
    TicketParties,
    /// The assignee.
    Assignee,
    /// The members of the team whose opening hours it is.
    TeamOnDuty,
    /// The assignee; its team when there is none.
    AssigneeOrTeam,
    /// The assignee (its team when there is none) and the leads of the team.
    AssigneeAndLeads,
    /// The staff.
    Everybody,
    /// The person who asked for it.
    Requester,
    /// The administrators.
    Administrators,
}

words! {
    /// How soon a device must show a push, in the words of RFC 8030, section 5.3.
    pub enum Urgency {
        /// A device may wait while its battery is low.
        Normal = "normal",
        /// At once.
        High = "high",
    }
}

/// What holds for one type.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Who is notified.
    pub recipients: Recipients,
    /// By which ways, unless the tenant or the person chose otherwise.
    pub default: Cell,
    /// How long its mail waits, in place of the time that the person chose; in seconds.
    pub mail_delay: Option<i64>,
    /// Which of a conversation's levels let it pass.
    passes: Passes,
    /// How soon a device must show it.
    pub urgency: Urgency,
    /// For how many seconds it is worth being delivered to a device that was off.
    pub ttl: u32,
}

/// Through which of a conversation's levels a notification passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passes {
    /// Through `all` only.
    All,
    /// Through `mentions` too.
    Mentions,
    /// Through `none` and a mute too: it has to be acknowledged.
    None,
}

const HOUR: u32 = 3_600;

impl NotificationType {
    /// What holds for this type.
    #[must_use]
    pub fn rule(self) -> Rule {
        const PUSH: Cell = Cell { push: true, mail: false };
        const MAIL: Cell = Cell { push: false, mail: true };
        const BOTH: Cell = Cell { push: true, mail: true };
        use NotificationType as T;
        use Recipients as R;
        let usual = |recipients, default| Rule {
            recipients,
            default,
            mail_delay: None,
            passes: Passes::All,
            urgency: Urgency::Normal,
            ttl: 4 * HOUR,
        };
        let urgent = |recipients, default| Rule { urgency: Urgency::High, ..usual(recipients, default) };
        match self {
            T::NewMessage => usual(R::Readers, PUSH),
            T::Mention => Rule { passes: Passes::Mentions, ttl: 24 * HOUR, ..urgent(R::Mentioned, BOTH) },
            T::ReplyToThread => usual(R::ThreadMembers, PUSH),
            T::Assignment => Rule { passes: Passes::Mentions, ..urgent(R::NewAssignee, BOTH) },
            T::TicketUpdate => usual(R::TicketParties, MAIL),
            T::SnoozeEnded => usual(R::Assignee, PUSH),
            T::Reminder => usual(R::Requester, PUSH),
            T::ConversationReopened => usual(R::Assignee, PUSH),
            T::UnassignedWaiting => usual(R::TeamOnDuty, PUSH),
            T::SlaWarning => urgent(R::AssigneeOrTeam, PUSH),
            T::SlaBreach => urgent(R::AssigneeAndLeads, BOTH),
            T::CsatLow => usual(R::AssigneeAndLeads, MAIL),
            T::Announcement => Rule {
                passes: Passes::None,
                mail_delay: Some(i64::from(24 * HOUR)),
                ..usual(R::Everybody, BOTH)
            },
            T::Report | T::ImportDone => usual(R::Requester, MAIL),
            T::JobFailed | T::AiBudget | T::RuleOff => usual(R::Administrators, MAIL),
        }
    }
}

impl Rule {
    /// Whether it comes through a conversation at this level. A muted conversation is at `none` ([`Notify::unless`]); what
    /// is about no conversation is asked with `all`.
    #[must_use]
    pub fn passes(&self, level: Notify) -> bool {
        match level {
            Notify::All => true,
            Notify::Mentions => self.passes != Passes::All,
            Notify::None => self.passes == Passes::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The product's table, written out: type, push, mail.
    const DEFAULTS: &str = "
        new_message            on   off
        mention                on   on
        reply_to_thread        on   off
        assignment             on   on
        ticket_update          off  on
        snooze_ended           on   off
        reminder               on   off
        conversation_reopened  on   off
        unassigned_waiting     on   off
        sla_warning            on   off
        sla_breach             on   on
        csat_low               off  on
        announcement           on   on
        report                 off  on
        import_done            off  on
        job_failed             off  on
        ai_budget              off  on
        rule_off               off  on";

    #[test]
    fn every_type_has_the_defaults_of_the_table() {
        let rows: Vec<Vec<&str>> =
            DEFAULTS.trim().lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows.len(), NotificationType::ALL.len());
        for (row, of) in rows.iter().zip(NotificationType::ALL) {
            assert_eq!(row[0], of.name());
            let expected = Cell { push: row[1] == "on", mail: row[2] == "on" };
            assert_eq!(of.rule().default, expected, "{}", of.name());
        }
    }

    #[test]
    fn mentions_and_assignments_pass_mentions_and_only_what_must_be_acknowledged_passes_none() {
        let passing = |level| -> Vec<&str> {
            NotificationType::ALL.iter().filter(|of| of.rule().passes(level)).map(|of| of.name()).collect()
        };
        assert_eq!(passing(Notify::All).len(), NotificationType::ALL.len());
        assert_eq!(passing(Notify::Mentions), ["mention", "assignment", "announcement"]);
        assert_eq!(passing(Notify::None), ["announcement"]);
        assert_eq!(passing(Notify::All.unless(true)), ["announcement"], "muted is none");
    }

    #[test]
    fn what_is_urgent_and_how_long_it_is_kept_for_a_device() {
        let urgent: Vec<&str> = NotificationType::ALL
            .iter()
            .filter(|of| of.rule().urgency == Urgency::High)
            .map(|of| of.name())
            .collect();
        assert_eq!(urgent, ["mention", "assignment", "sla_warning", "sla_breach"]);
        for of in NotificationType::ALL {
            let hours = if *of == NotificationType::Mention { 24 } else { 4 };
            assert_eq!(of.rule().ttl, hours * 3_600, "{}", of.name());
        }
    }
}
