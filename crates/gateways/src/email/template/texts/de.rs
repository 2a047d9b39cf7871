//! The words of letters in German.
//!
//! Must not know: other languages.

use super::{
    super::wording::Texts,
    pack::{Common, Pack, all, counted},
};

pub const WORDS: Pack = Pack {
    common: Common {
        above: "Schreiben Sie Ihre Antwort über diese Zeile",
        private: "Interne Notiz",
        preferences: "Einstellungen für Benachrichtigungen",
        unsubscribe: "Diese E-Mails abbestellen",
        earlier_one: "{count} frühere Nachricht wird nicht gezeigt.",
        earlier_other: "{count} frühere Nachrichten werden nicht gezeigt.",
        mentions: "Sie wurden erwähnt",
        waiting: "Wartet auf Sie",
        at_risk: "Frist läuft bald ab",
        due: "Fällige Tickets",
    },
    mention: Texts {
        subject: all("[{tenant}] {conversation}"),
        heading: all("{sender} hat Sie erwähnt"),
        intro: all("In „{conversation}“"),
        button: all("Nachricht öffnen"),
        reason: all("Sie erhalten diese E-Mail, weil Sie erwähnt wurden."),
    },
    messages: Texts {
        subject: all("[{tenant}] {conversation}"),
        heading: counted("Neue Nachricht von {sender}", "{count} neue Nachrichten"),
        intro: all("In „{conversation}“"),
        button: all("Unterhaltung öffnen"),
        reason: counted(
            "Sie erhalten diese E-Mail, weil Sie eine Nachricht noch nicht gelesen haben.",
            "Sie erhalten diese E-Mail, weil Sie Nachrichten noch nicht gelesen haben.",
        ),
    },
    assignment: Texts {
        subject: all("[{tenant}] {conversation}"),
        heading: all("{sender} hat Ihnen eine Unterhaltung zugewiesen"),
        intro: all("„{conversation}“"),
        button: all("Unterhaltung öffnen"),
        reason: all(
            "Sie erhalten diese E-Mail, weil die Unterhaltung Ihnen oder Ihrem Team zugewiesen wurde.",
        ),
    },
    ticket: Texts {
        subject: all("[{tenant}] {number} {conversation}"),
        heading: all("{sender} hat {number} geändert"),
        intro: all("„{conversation}“"),
        button: all("Ticket öffnen"),
        reason: all(
            "Sie erhalten diese E-Mail, weil Sie dieses Ticket eröffnet haben, bearbeiten oder beobachten.",
        ),
    },
    digest: Texts {
        subject: counted(
            "[{tenant}] {count} Vorgang wartet auf Sie",
            "[{tenant}] {count} Vorgänge warten auf Sie",
        ),
        heading: all("Ihre Übersicht"),
        intro: counted(
            "Bei {tenant} wartet {count} Vorgang auf Sie.",
            "Bei {tenant} warten {count} Vorgänge auf Sie.",
        ),
        button: all("{tenant} öffnen"),
        reason: all("Sie erhalten diese E-Mail, weil Sie eine Übersicht per E-Mail gewählt haben."),
    },
};
