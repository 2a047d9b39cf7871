//! The words of letters in English.
//!
//! Must not know: other languages.

use super::{
    super::wording::Texts,
    pack::{Common, Pack, all, counted},
};

pub const WORDS: Pack = Pack {
    common: Common {
        above: "Write your answer above this line",
        private: "Private note",
        preferences: "Notification settings",
        unsubscribe: "Stop these e-mails",
        earlier_one: "{count} earlier message is not shown.",
        earlier_other: "{count} earlier messages are not shown.",
        mentions: "You were mentioned",
        waiting: "Waiting for you",
        at_risk: "Close to their deadline",
        due: "Tickets that are due",
    },
    mention: Texts {
        subject: all("[{tenant}] {conversation}"),
        heading: all("{sender} mentioned you"),
        intro: all("In “{conversation}”"),
        button: all("Open the message"),
        reason: all("You get this because somebody mentioned you."),
    },
    messages: Texts {
        subject: all("[{tenant}] {conversation}"),
        heading: counted("New message from {sender}", "{count} new messages"),
        intro: all("In “{conversation}”"),
        button: all("Open the conversation"),
        reason: counted(
            "You get this because there is a message that you have not read.",
            "You get this because there are messages that you have not read.",
        ),
    },
    assignment: Texts {
        subject: all("[{tenant}] {conversation}"),
        heading: all("{sender} assigned you a conversation"),
        intro: all("“{conversation}”"),
        button: all("Open the conversation"),
        reason: all("You get this because the conversation was assigned to you or to your team."),
    },
    ticket: Texts {
        subject: all("[{tenant}] {number} {conversation}"),
        heading: all("{sender} changed {number}"),
        intro: all("“{conversation}”"),
        button: all("Open the ticket"),
        reason: all("You get this because you opened, handle or watch this ticket."),
    },
    digest: Texts {
        subject: counted(
            "[{tenant}] {count} thing is waiting for you",
            "[{tenant}] {count} things are waiting for you",
        ),
        heading: all("Your summary"),
        intro: counted(
            "{count} thing is waiting for you at {tenant}.",
            "{count} things are waiting for you at {tenant}.",
        ),
        button: all("Open {tenant}"),
        reason: all("You get this because you chose a summary by e-mail."),
    },
};
