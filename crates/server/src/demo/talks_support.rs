//! Support conversations and tickets of the demo. Data only; script.rs tells how to read it.

use super::script::{TALK, Talk};

pub(super) static SUPPORT: [Talk<'static>; 8] = [
    Talk {
        key: "s-brian",
        kind: "support",
        by: "brian",
        contact: "brian",
        source: "web_widget",
        subject: "Cannot pay",
        script: S_BRIAN,
        readers: &["aoife"],
        ..TALK
    },
    Talk {
        key: "s-rosa",
        kind: "support",
        by: "rosa",
        contact: "rosa",
        source: "email",
        subject: "Risco na perna da mesa",
        record: "AR-2041",
        script: S_ROSA,
        ..TALK
    },
    Talk {
        key: "s-greta",
        kind: "support",
        by: "greta",
        contact: "greta",
        source: "web_widget",
        subject: "Liefertermin Bett Prater",
        record: "AR-1988",
        script: S_GRETA,
        unread: &[("jonas", 2)],
        drafts: &[("jonas", "reply", "Liebe Frau Hofer, gute Nachrichten: Ihr Bett")],
        ..TALK
    },
    Talk {
        key: "s-thomas",
        kind: "support",
        by: "thomas",
        contact: "thomas",
        source: "web_widget",
        subject: "Chaises Liffey",
        record: "AR-2057",
        script: S_THOMAS,
        ..TALK
    },
    Talk {
        key: "s-camille",
        kind: "support",
        by: "camille",
        contact: "camille",
        source: "email",
        subject: "Facture",
        script: S_CAMILLE,
        ..TALK
    },
    Talk {
        key: "s-david",
        kind: "support",
        by: "david",
        contact: "david",
        source: "web_widget",
        subject: "Table for eight",
        script: S_DAVID,
        ..TALK
    },
    Talk {
        key: "s-rosa-2",
        kind: "support",
        by: "rosa",
        contact: "rosa",
        source: "web_widget",
        subject: "Óleo para carvalho",
        script: S_ROSA_2,
        ..TALK
    },
    Talk {
        key: "s-brian-2",
        kind: "support",
        by: "lucas",
        contact: "brian",
        source: "email",
        subject: "Your delivery on Thursday",
        script: S_BRIAN_2,
        ..TALK
    },
];

const S_BRIAN: &str = "
= -4 11:20
brian: Hello? I am trying to pay for six chairs and the button stays grey. Tried two browsers and my wife's phone.
marta +6: Hello Brian, sorry about that! I am having a look. Which county are you in?
! marta assignee=marta
! marta priority=high
! marta labels=shop,payment
brian: Cork. T12 if that matters.
marta: It might matter very much, one moment please.
marta note: All postcodes with letters fail in the checkout. @Aoife has found it, ticket follows.
! marta add=aoife
aoife note: Fix in about an hour. Can you ask whether he wants to be told, or to try again tomorrow?
marta: Found: our shop does not like Irish postcodes since Monday. A colleague is repairing it at this moment. I can write to you when it works, or take the order here and now.
brian: No rush, write to me. The old chairs still hold. Mostly.
marta +75: It works now! Your basket is still there.
brian +30: Paid. That was quick, thank you, and thanks to your colleague.
* ❤️ marta
! marta status=resolved
";

const S_ROSA: &str = "
= -5 17:30
rosa &AR-2041: Boa tarde. A mesa chegou hoje e é linda, mas uma das pernas tem um risco de uns dez centímetros.
marta +15: Boa tarde, D. Rosa! Lamento muito. Pode enviar uma fotografia?
! marta assignee=marta
! marta labels=damage
rosa: Já enviei por e-mail, o risco vê-se bem.
marta: Recebi, obrigada. Trocamos a perna na quinta-feira, entre as 10 e as 12. O nosso colega demora vinte minutos.
rosa: Perfeito. Não preciso de desmontar nada?
marta: Nada. Só afastar as cadeiras.
marta note: Perna nova sai com a carrinha 1 na quinta, Tiago sabe.
= -3 11:40
rosa: Já está trocada, em quinze minutos! O seu colega Tiago é um amor, mandei-lhe bolo.
marta: Que bom! Ele já nos contou do bolo. Daqui a uma semana pergunto se está tudo bem com a mesa.
= -1 10:05
marta note: Perguntar à D. Rosa como está a mesa, e se recebeu o óleo.
! marta snooze=7
";

const S_GRETA: &str = "
= -2 14:40
greta &AR-1988: Guten Tag, mein Bett sollte diese Woche kommen. Gibt es schon einen Termin?
jonas +8: Guten Tag Frau Hofer, ich frage gleich in der Werkstatt nach.
! jonas assignee=jonas
! jonas labels=delivery
jonas +50: Das Kopfteil ist fertig geölt und muss noch zwei Tage trocknen. Ich melde mich morgen mit dem genauen Termin.
greta: Danke. Nach 16 Uhr wäre mir am liebsten.
= now-75
greta: Haben Sie schon etwas gehört?
greta: Und darf der Lieferant das alte Bett gleich mitnehmen?
";

const S_THOMAS: &str = "
= -6 10:05
thomas &AR-2057: Bonjour, mes six chaises devaient arriver mardi, et toujours rien.
lucas +11: Bonjour M. Lefèvre, je regarde tout de suite.
! lucas assignee=lucas
! lucas labels=delivery
lucas: Le noyer est arrivé en retard à l'atelier. Nouvelle date : vendredi de la semaine prochaine. Nous vous offrons la livraison.
thomas: D'accord, mais pas plus tard, nous avons du monde le samedi.
lucas note: Anniversaire le samedi, vraiment pas de retard possible. Vu avec Clara.
lucas: Promis. Je vous écris dès que le camion est chargé.
! lucas status=pending
thomas +200: Je suis passé au magasin, Mme Caron m'a montré le modèle. Elles sont magnifiques.
lucas: J'en suis ravi !
! lucas status=pending
";

const S_CAMILLE: &str = "
= -6 15:00
camille: Bonjour, pourriez-vous mettre le nom de ma société sur la facture ? Merci d'avance.
lucas +20: Bonjour Mme Roux, bien sûr. Il me faut le nom exact et le numéro de TVA.
! lucas assignee=lucas
camille: Atelier Roux SARL, le numéro est dans mon profil.
lucas: C'est fait, la nouvelle facture est dans votre boîte.
camille: Reçue, merci !
! lucas status=closed
";

const S_DAVID: &str = "
= now-35
david: Hi, do you make the Douro in 240 as well? We are eight, and a dog.
david: The dog does not need a chair.
";

const S_ROSA_2: &str = "
= -1 18:40
rosa: Boa noite! Que óleo devo usar para a mesa de carvalho? E com que frequência?
";

const S_BRIAN_2: &str = "
= -1 10:00
lucas: Hello Brian, your six chairs leave Lisbon today and will be with you on Thursday between 9 and 12. Somebody needs to be at home for the signature.
brian +95: Thursday is grand. Ring the upper bell please.
! lucas team=Support
lucas: Upper bell, noted. Have a good evening!
! lucas status=pending
";

pub(super) static TICKETS: [Talk<'static>; 5] = [
    Talk {
        key: "t-postcodes",
        kind: "ticket",
        by: "marta",
        team: "Dev",
        title: "Checkout refuses Irish postcodes",
        priority: "urgent",
        labels: &["shop", "payment"],
        linked: "s-brian",
        script: "
= -4 11:42
marta: A customer from Cork cannot pay, the button stays grey. See the linked conversation.
! aoife assignee=aoife
! aoife status=in_progress
aoife: The validation takes the country from the browser. Fix is in review.
sean: Reviewed, one more test please.
aoife +55: Deployed and tried with four postcodes from Cork to Donegal.
! aoife status=resolved
",
        readers: &["sean"],
        ..TALK
    },
    Talk {
        key: "t-tablet",
        kind: "ticket",
        by: "aoife",
        team: "Dev",
        title: "Move the Lyon tablet to the new status endpoint",
        priority: "low",
        labels: &["stores"],
        script: "
= -1 11:20
aoife: It asks the old address every 30 seconds. After the switch we can delete 400 lines.
! sean assignee=aoife
sean: Nice. Do it before the autumn offer starts, please.
",
        ..TALK
    },
    Talk {
        key: "t-printer",
        kind: "ticket",
        by: "jonas",
        team: "Dev",
        title: "Etikettendrucker Wien druckt halbe Etiketten",
        labels: &["hardware"],
        script: "
= -5 13:30
jonas: Seit heute früh fehlt auf jeder zweiten Etikette die untere Hälfte.
! sean status=in_progress
sean: I can see it from here: wrong paper size after the update. Try again please?
jonas +25: Drei von vier sind jetzt gut.
sean: Then it is also the sensor. A new one is on its way.
= now-160
jonas: Der Sensor ist da, wer baut ihn ein?
",
        unread: &[("sean", 1)],
        ..TALK
    },
    Talk {
        key: "t-leg",
        kind: "ticket",
        by: "marta",
        team: "Workshop",
        title: "Perna Douro 180 com risco, AR-2041",
        labels: &["damage"],
        record: "AR-2041",
        script: "
= -5 17:55
marta: Trocar uma perna na quinta-feira, Porto, entre as 10 e as 12.
! tiago assignee=tiago
! tiago status=in_progress
tiago: Perna separada e embalada. Vai com o Nuno.
clara +40: In Vienna we wrap the legs twice since last year. I send you the cartons.
tiago: Obrigado, Clara!
",
        ..TALK
    },
    Talk {
        key: "t-samples",
        kind: "ticket",
        by: "hugo",
        team: "Marketing",
        title: "Échantillons de frêne pour Annecy",
        priority: "high",
        script: "
= -2 16:30
hugo: Dix carrés de 10 × 10 cm, trois huiles différentes, avec notre logo au dos.
! niamh assignee=niamh
niamh: Workshop cuts them tomorrow, I do the labels.
= -1 15:55
niamh: Ten little squares, ready to travel.
* 😍 hugo
! niamh status=resolved
! hugo status=closed
",
        ..TALK
    },
];
