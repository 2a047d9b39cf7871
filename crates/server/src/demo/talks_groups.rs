//! Groups, broadcasts and announcements of the demo. Data only; script.rs tells how to read it.

use super::script::{TALK, Talk};

pub(super) static GROUPS: [Talk<'static>; 8] = [
    Talk {
        key: "offsite",
        kind: "group",
        by: "marta",
        with: &["tiago", "ines"],
        title: "Lisboa, dia 18",
        script: OFFSITE,
        unread: &[("ines", 1)],
        ..TALK
    },
    Talk {
        key: "showroom",
        kind: "group",
        by: "hugo",
        with: &["elise", "lucas"],
        title: "Nouvelle vitrine",
        script: SHOWROOM,
        unread: &[("lucas", 2)],
        ..TALK
    },
    Talk {
        key: "schicht",
        kind: "group",
        by: "clara",
        with: &["felix", "jonas"],
        title: "Zweite Schicht",
        script: SCHICHT,
        ..TALK
    },
    Talk {
        key: "catalogue",
        kind: "group",
        by: "niamh",
        with: &["aoife", "hugo", "sean"],
        title: "Catalogue photos",
        script: CATALOGUE,
        unread: &[("sean", 2)],
        ..TALK
    },
    Talk {
        key: "toll",
        kind: "broadcast",
        by: "sean",
        with: &[
            "ines", "hugo", "clara", "marta", "lucas", "jonas", "aoife", "tiago", "niamh", "elise", "felix",
        ],
        title: "New password manager",
        script: "
= -2 10:00
sean: On Monday everybody gets the new password manager. Please install it from the company portal **before Friday**, sign in once, and acknowledge here when it works. If it does not, call me: 21 min of my day per person are planned.
= -1 09:00
sean: Seven of eleven so far, thank you! The rest of you: it really takes five minutes.
",
        acks: &["ines", "clara", "marta", "jonas", "aoife", "niamh", "felix"],
        unread: &[("hugo", 1), ("tiago", 2), ("elise", 1)],
        ..TALK
    },
    Talk {
        key: "results",
        kind: "broadcast",
        by: "hugo",
        with: &["elise", "felix", "lucas", "niamh"],
        title: "Offre d'automne",
        replies: true,
        script: "
= -3 09:00
hugo: L'offre d'automne commence lundi : 10 % sur tout le frêne, livraison comprise à partir de 1 500 €. Affiches et étiquettes partent aujourd'hui. Merci d'accuser réception.
felix +40: Gilt das auch für die Ausstellungsstücke?
hugo: Ja, alles aus Esche.
elise: Reçu, la vitrine sera prête samedi.
",
        acks: &["elise", "felix"],
        unread: &[("niamh", 4)],
        ..TALK
    },
    Talk {
        key: "hours",
        kind: "announcement",
        by: "ines",
        title: "Office hours in summer",
        script: "
= -6 12:00
ines: From July to the end of August all offices close at **16:00 on Fridays**. Stores and support keep their hours; whoever works until the end there takes the time off in the week after. Enjoy the light.
",
        readers: &[
            "hugo", "clara", "sean", "marta", "lucas", "jonas", "aoife", "tiago", "niamh", "elise", "felix",
        ],
        acks: &["hugo", "clara", "sean", "marta", "lucas", "jonas", "aoife", "niamh", "elise", "felix"],
        ..TALK
    },
    Talk {
        key: "annecy",
        kind: "announcement",
        by: "hugo",
        title: "Annecy: our largest order",
        replies: true,
        script: "
= -2 15:10
hugo: It is official: the **Hôtel du Thiou** in Annecy furnishes 32 rooms with us. Beds Prater, desks Saône, all in ash, delivery in October. Thank you to everybody who answered a question, built a sample or carried a bed up a staircase for this.
clara +20: On behalf of the staircase team: you are welcome.
ines: Proud of all of you. Cake tomorrow!
",
        readers: &["clara", "ines", "sean", "marta", "lucas", "niamh"],
        acks: &["clara", "ines", "sean", "lucas"],
        ..TALK
    },
];

const OFFSITE: &str = "
= -3 17:00
marta: Grupo para o encontro, só nós três. O resto é surpresa.
tiago: O barco está reservado, 17h30 às 19h30, doca de Belém.
ines: E o jantar?
marta: Duas opções, uma com vista e outra com melhor comida.
ines: Comida.
tiago: Comida.
* 😋 marta
= -1 12:30
marta: Jantar reservado para 34. O Felix perguntou três vezes pelos pastéis de nata.
tiago: Encomendo 70.
= now-110
ines: E se chover?
tiago: Não chove. Eu falei com o rio.
marta: Plano B: o armazém, com mesas compridas e luzes. O Tiago tem tudo.
";

const SHOWROOM: &str = "
= -5 10:10
hugo: Thème de la vitrine d'automne : « Une chambre en frêne ». Idées ?
elise: Un lit Prater, un bureau, et des feuilles mortes au sol. Des vraies.
lucas: Qui balaie les vraies ?
elise: Toi, apparemment.
* 😂 hugo
hugo: Budget 600 €, lampes comprises.
= -2 16:20
elise: Le lit arrive jeudi matin. Il me faut deux bras.
lucas: J'en ai deux, ça tombe bien.
= now-85
elise: Croquis sur le comptoir, dites-moi ce que vous en pensez.
hugo: Superbe. Garde la lampe de gauche, l'autre fait salle d'attente.
";

const SCHICHT: &str = "
= -2 16:00
clara: Ab September läuft eine zweite Schicht, 14 bis 22 Uhr. Vier Leute sind neu, zwei davon fangen schon am 1. an.
felix: Dann brauche ich abends jemanden, der die Ladezone aufsperrt.
clara: Machen die Neuen selbst, die bekommen Schlüssel.
jonas: Und wer nimmt nach 18 Uhr das Telefon ab?
clara: Niemand. Der Anrufbeantworter sagt, dass wir sägen.
* 😂 felix jonas
= -1 13:45
jonas: Für die Webseite: Gelten die Lieferzeiten dann ab Oktober als verkürzt?
clara: Erst wenn Annecy draußen ist. Also ab November, sechs statt acht Wochen.
jonas: Notiert.
";

const CATALOGUE: &str = "
= -4 14:00
niamh: List of pictures that are missing: Prater (Vienna, Tuesday), Liffey in walnut, the small Saône.
hugo: The small Saône is in the Lyon store until Saturday.
niamh: Then Elise takes it with her phone, in the window, at four o'clock. I have seen her pictures.
sean: The image server takes up to 40 megapixels now. Please do not use that as a challenge.
aoife: I make the thumbnails in three sizes, tell me if somebody needs a fourth.
* 👍 niamh
= -1 10:50
niamh #cover: Cover: the letter with the fountain pen, on a Douro table, morning light. What do you think?
hugo >cover: I have goosebumps.
aoife >cover: Yes!
= now-130
niamh: The lady agreed, we may use her letter. She asks for two copies of the catalogue.
sean: Send her ten.
";
