//! Threads between the company, its stores and their customers. Data only; script.rs tells how to read it.

use super::script::{TALK, Talk};

pub(super) static MARKET: [Talk<'static>; 6] = [
    Talk {
        key: "m-invoice",
        kind: "admin_store",
        by: "ines",
        store: "lyon",
        subject: "Facture d'octobre",
        record: "INV-771",
        script: "
= -4 09:30
ines &INV-771: Bonjour Elise, il manque la signature sur la facture d'octobre. Peux-tu la renvoyer ?
elise +35: Bonjour Inês, oui, cet après-midi après l'inventaire.
elise +260: Envoyée !
ines: Merci, c'est parfait.
! ines status=closed
",
        ..TALK
    },
    Talk {
        key: "m-window",
        kind: "admin_store",
        by: "ines",
        store: "wien",
        subject: "Window display in autumn",
        script: "
= -2 11:00
ines: Felix, the autumn offer starts on Monday. What will people see in your window?
felix +55: A bedroom in ash, a reading lamp, and a stack of old novels. The novels are mine.
ines: I love it. Send me a picture on Saturday?
= now-140
felix: Picture is in the shared folder, the lamp was shy.
",
        unread: &[("ines", 1)],
        ..TALK
    },
    Talk {
        key: "m-camille",
        kind: "store_customer",
        by: "elise",
        contact: "camille",
        store: "lyon",
        subject: "Buffet Saône en 140 cm",
        record: "AR-2063",
        script: "
= -1 17:10
elise &AR-2063: Bonjour Mme Roux, vous aviez demandé le buffet Saône en 140 cm : l'atelier peut le faire, délai sept semaines, 1 890 €.
camille +40: Quelle bonne nouvelle ! En frêne clair, avec les poignées en cuir ?
elise: Oui, les deux sont possibles sans supplément.
= now-125
camille: Alors je passe cet après-midi pour voir le bois.
",
        unread: &[("elise", 1)],
        ..TALK
    },
    Talk {
        key: "m-greta",
        kind: "store_customer",
        by: "felix",
        contact: "greta",
        store: "wien",
        subject: "Pflegeset zum Bett",
        script: "
= -3 15:20
felix: Guten Tag Frau Hofer, Ihr Pflegeset liegt bei uns bereit. Möchten Sie es abholen, oder kommt es mit dem Bett?
greta +120: Mit dem Bett, bitte. Ich bin erst im Herbst wieder in Wien.
felix: Gern, ich lege es dazu.
! felix status=closed
",
        ..TALK
    },
    Talk {
        key: "m-thomas",
        kind: "store_customer",
        by: "elise",
        contact: "thomas",
        store: "lyon",
        subject: "Housses pour les chaises Liffey",
        script: "
= -2 10:15
elise: Bonjour M. Lefèvre, suite à votre visite : les housses en lin existent en sable, bleu et vert. Laquelle vous plaît ?
thomas +180: Sable, s'il vous plaît. Ma femme a tranché.
elise: Excellent choix. Je les joins à la livraison de vendredi.
",
        ..TALK
    },
    Talk {
        key: "m-david",
        kind: "admin_customer",
        by: "ines",
        contact: "david",
        subject: "Your review of the Liffey chairs",
        script: "
= -3 12:00
ines: Dear David, you wrote such a thoughtful review of our chairs that we would like to print a part of it in the catalogue. May we?
david +240: Of course! As long as the part about the dog stays in.
ines: The part about the dog is the reason.
* ❤️ david
",
        ..TALK
    },
];
