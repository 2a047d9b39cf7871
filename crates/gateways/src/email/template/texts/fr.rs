//! The words of letters in French.
//!
//! Must not know: other languages.

use super::{
    super::wording::Texts,
    pack::{Common, Pack, all, counted},
};

pub const WORDS: Pack = Pack {
    common: Common {
        above: "Écrivez votre réponse au-dessus de cette ligne",
        private: "Note interne",
        preferences: "Réglages des notifications",
        unsubscribe: "Ne plus recevoir ces e-mails",
        earlier_one: "{count} message précédent n’est pas affiché.",
        earlier_other: "{count} messages précédents ne sont pas affichés.",
        mentions: "Vous êtes mentionné",
        waiting: "En attente de votre part",
        at_risk: "Échéance proche",
        due: "Tickets arrivés à échéance",
    },
    mention: Texts {
        subject: all("[{tenant}] {conversation}"),
        heading: all("{sender} vous a mentionné"),
        intro: all("Dans « {conversation} »"),
        button: all("Ouvrir le message"),
        reason: all("Vous recevez cet e-mail parce que quelqu’un vous a mentionné."),
    },
    messages: Texts {
        subject: all("[{tenant}] {conversation}"),
        heading: counted("Nouveau message de {sender}", "{count} nouveaux messages"),
        intro: all("Dans « {conversation} »"),
        button: all("Ouvrir la conversation"),
        reason: counted(
            "Vous recevez cet e-mail parce que vous n’avez pas lu un message.",
            "Vous recevez cet e-mail parce que vous n’avez pas lu des messages.",
        ),
    },
    assignment: Texts {
        subject: all("[{tenant}] {conversation}"),
        heading: all("{sender} vous a confié une conversation"),
        intro: all("« {conversation} »"),
        button: all("Ouvrir la conversation"),
        reason: all(
            "Vous recevez cet e-mail parce que la conversation a été confiée à vous ou à votre équipe.",
        ),
    },
    ticket: Texts {
        subject: all("[{tenant}] {number} {conversation}"),
        heading: all("{sender} a modifié {number}"),
        intro: all("« {conversation} »"),
        button: all("Ouvrir le ticket"),
        reason: all("Vous recevez cet e-mail parce que vous avez ouvert, traitez ou suivez ce ticket."),
    },
    digest: Texts {
        subject: counted(
            "[{tenant}] {count} élément vous attend",
            "[{tenant}] {count} éléments vous attendent",
        ),
        heading: all("Votre résumé"),
        intro: counted(
            "{count} élément vous attend chez {tenant}.",
            "{count} éléments vous attendent chez {tenant}.",
        ),
        button: all("Ouvrir {tenant}"),
        reason: all("Vous recevez cet e-mail parce que vous avez choisi un résumé par e-mail."),
    },
};
