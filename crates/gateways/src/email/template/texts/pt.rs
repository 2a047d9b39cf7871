//! The words of letters in Portuguese of Brazil.
//!
//! Must not know: other languages.

use super::{
    super::wording::Texts,
    pack::{Common, Pack, all, counted},
};

pub const WORDS: Pack = Pack {
    common: Common {
        above: "Escreva sua resposta acima desta linha",
        private: "Nota interna",
        preferences: "Configurações de notificações",
        unsubscribe: "Não receber mais estes e-mails",
        earlier_one: "{count} mensagem anterior não é mostrada.",
        earlier_other: "{count} mensagens anteriores não são mostradas.",
        mentions: "Você foi mencionado",
        waiting: "Esperando por você",
        at_risk: "Prazo quase no fim",
        due: "Tickets com prazo vencendo",
    },
    mention: Texts {
        subject: all("[{tenant}] {conversation}"),
        heading: all("{sender} mencionou você"),
        intro: all("Em “{conversation}”"),
        button: all("Abrir a mensagem"),
        reason: all("Você recebe este e-mail porque alguém mencionou você."),
    },
    messages: Texts {
        subject: all("[{tenant}] {conversation}"),
        heading: counted("Nova mensagem de {sender}", "{count} novas mensagens"),
        intro: all("Em “{conversation}”"),
        button: all("Abrir a conversa"),
        reason: counted(
            "Você recebe este e-mail porque há uma mensagem que você não leu.",
            "Você recebe este e-mail porque há mensagens que você não leu.",
        ),
    },
    assignment: Texts {
        subject: all("[{tenant}] {conversation}"),
        heading: all("{sender} atribuiu uma conversa a você"),
        intro: all("“{conversation}”"),
        button: all("Abrir a conversa"),
        reason: all("Você recebe este e-mail porque a conversa foi atribuída a você ou à sua equipe."),
    },
    ticket: Texts {
        subject: all("[{tenant}] {number} {conversation}"),
        heading: all("{sender} alterou {number}"),
        intro: all("“{conversation}”"),
        button: all("Abrir o ticket"),
        reason: all("Você recebe este e-mail porque abriu, atende ou acompanha este ticket."),
    },
    digest: Texts {
        subject: counted(
            "[{tenant}] {count} item espera por você",
            "[{tenant}] {count} itens esperam por você",
        ),
        heading: all("Seu resumo"),
        intro: counted(
            "{count} item espera por você em {tenant}.",
            "{count} itens esperam por você em {tenant}.",
        ),
        button: all("Abrir {tenant}"),
        reason: all("Você recebe este e-mail porque escolheu um resumo por e-mail."),
    },
};
