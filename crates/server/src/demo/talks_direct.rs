//! Direct conversations of the demo, in four languages. Data only; script.rs tells how to read it.

use super::script::{TALK, Talk};

pub(super) static DIRECTS: [Talk<'static>; 9] = [
    Talk {
        key: "sean-aoife",
        by: "sean",
        with: &["aoife"],
        script: SEAN_AOIFE,
        unread: &[("sean", 1)],
        ..TALK
    },
    Talk {
        key: "hugo-elise",
        by: "hugo",
        with: &["elise"],
        script: HUGO_ELISE,
        unread: &[("hugo", 2)],
        ..TALK
    },
    Talk {
        key: "clara-jonas",
        by: "jonas",
        with: &["clara"],
        script: CLARA_JONAS,
        unread: &[("clara", 1)],
        ..TALK
    },
    Talk {
        key: "ines-marta",
        by: "ines",
        with: &["marta"],
        script: INES_MARTA,
        unread: &[("ines", 2)],
        drafts: &[("ines", "reply", "Sim, vamos! Às 13h no sítio do costume, e levas")],
        ..TALK
    },
    Talk { key: "ines-sean", by: "sean", with: &["ines"], script: INES_SEAN, ..TALK },
    Talk {
        key: "marta-tiago",
        by: "marta",
        with: &["tiago"],
        script: MARTA_TIAGO,
        unread: &[("tiago", 1)],
        ..TALK
    },
    Talk { key: "lucas-elise", by: "elise", with: &["lucas"], script: LUCAS_ELISE, ..TALK },
    Talk {
        key: "clara-felix",
        by: "felix",
        with: &["clara"],
        script: CLARA_FELIX,
        unread: &[("felix", 1)],
        ..TALK
    },
    Talk { key: "niamh-hugo", by: "niamh", with: &["hugo"], script: NIAMH_HUGO, ..TALK },
];

const SEAN_AOIFE: &str = "
= -6 21:02
sean: Ready when you are. Snapshot is done.
aoife: Ready. Switching the shop to read-only now.
sean: Copy running, 40 %.
aoife: I typed the wrong password twice. My hands are cold.
sean: Take your time, there is nobody on the site but one man in Graz looking at beds.
aoife: Done! Shop is back.
* 🎉 sean
sean: Go home. And start at eleven tomorrow.
= -4 12:15
aoife: The fix for the postcodes is in review. Do you want it today?
sean: Yes please, I am looking at it now.
= -1 16:40
sean: Would you like to do the talk about search at the Dublin meetup? They asked for twenty minutes.
aoife: In front of people?
sean: They are friendly. Mostly.
aoife: Let me sleep on it.
= now-70
aoife: Slept on it. Yes! But you sit in the first row.
";

const HUGO_ELISE: &str = "
= -7 14:20
hugo: Le carton est de retour au magasin, derrière le comptoir.
elise: Merci ! Et le tissu bleu ?
hugo: Dans ma voiture. Je suis un homme distrait.
elise: Un homme distrait qui repasse demain, donc.
* 😄 hugo
= -4 11:40
elise: Inventaire terminé : il manque deux lampes, et nous avons une chaise de trop.
hugo: Une chaise de trop ?
elise: Une Liffey en noyer. Personne ne sait d'où elle vient.
hugo: Vendons-la avant que quelqu'un ne s'en souvienne.
* 😂 elise
= -2 15:30
elise: Bravo pour Annecy ! Les clients du magasin en parlent déjà.
hugo: Merci, c'est grâce à ton expo de la chambre en frêne. Le directeur est venu deux fois.
= now-120
elise: Mme Roux demande si le buffet Saône existe en 140 cm. Je dis oui ?
elise: Elle repasse à 17 h.
";

const CLARA_JONAS: &str = "
= -5 09:25
jonas: Guten Morgen! Eine Kundin in Graz fragt, ob man das Bett Prater selbst ölen kann.
clara: Ja, einmal im Jahr, mit dem Öl aus dem Pflegeset. Ganz dünn, und nach zehn Minuten abwischen.
jonas: Danke, das schreibe ich ihr genau so.
clara: Schreib dazu: nicht das Olivenöl aus der Küche. Das hatten wir schon.
* 😂 jonas
= -3 12:10
jonas: Der Klimatechniker kommt Freitag um 14 Uhr. Du hast den Schlüssel?
clara: Habe ich. Er soll unten läuten, die Glocke oben ist stumm.
= -1 15:05
clara: Wie war die Schulung?
jonas: Gut! Nur zu viele Folien. Ab Montag kann ich auch Reklamationen freigeben.
* 👏 clara
= now-60
jonas: Kurze Frage: Gibt es für Auftrag AR-1988 schon einen Liefertermin? Frau Hofer wartet auf Antwort.
";

const INES_MARTA: &str = "
= -6 10:30
ines: Bom dia Marta, como está a equipa depois da semana passada?
marta: Cansada mas contente. O tempo de resposta desceu para 14 minutos.
ines: Catorze! No ano passado eram quarenta.
marta: O Lucas e o Jonas fazem milagres.
* ❤️ ines
= -4 17:15
marta: Preciso de falar contigo sobre o encontro. O orçamento chega para o barco?
ines: Que barco?
marta: Era surpresa. Um passeio no Tejo ao fim da tarde.
ines: Chega. Mas não digas ao Hugo, ele traz logo as pralines para bordo.
* 🤫 marta
= -2 09:50
ines: A senhora da carta com caneta de tinta permanente: podes ver se temos o carvalho da primeira série?
marta: Já perguntei ao Tiago, há cinco tábuas guardadas.
ines: És um tesouro.
= now-45
marta: Faltam três respostas ao formulário, e uma delas é tua 🙂
marta: Almoçamos amanhã para fechar o programa?
";

const INES_SEAN: &str = "
= -3 10:05
sean: Two things for Friday: the contract with the card company ends in June, and I found a cheaper one with the same fees.
ines: Cheaper and the same? What is the catch?
sean: The web site is ugly.
ines: I can live with that.
* 👍 sean
= -1 18:20
ines: Thank you for the post-mortem. Short, honest, nobody hanged. That is how I like them.
sean: Thank Aoife, she wrote most of it.
ines: I will tell her.
";

const MARTA_TIAGO: &str = "
= -5 08:30
marta: Tiago, a mesa da D. Rosa Almeida saiu hoje?
tiago: Sai às 10, carrinha 1. Duas embalagens.
marta: Ela pede que telefonem meia hora antes.
tiago: Combinado, fica na folha do Nuno.
= -5 16:45
tiago: O Nuno diz que a perna tem um risco. Não é do transporte, já vinha assim.
marta: Oh não. Tens fotografia?
tiago: Mandei-te por mail. Temos pernas iguais em armazém, na quinta troca-se.
marta: Boa. Eu falo com ela.
* 🙏 tiago
= -2 11:20
tiago: Números dos sapatos: faltam 4.
marta: Só me dizes para quê quando eu prometer segredo, não é?
tiago: Exatamente.
= now-180
marta: Prometo segredo.
";

const LUCAS_ELISE: &str = "
= -6 11:00
elise: Salut Lucas, un client m'a dit que le chat du site répond plus vite que moi au téléphone.
lucas: C'est parce que le chat ne fait pas l'inventaire.
* 😄 elise
elise: M. Lefèvre est passé ce matin, il est rassuré pour ses chaises.
lucas: Parfait, je mets la conversation en attente jusqu'à la livraison.
= -3 15:45
lucas: Tu as encore le nuancier lin ? J'ai une demande depuis Annemasse.
elise: Oui, je te le photographie à la lumière du jour demain matin.
lucas: Merci !
";

const CLARA_FELIX: &str = "
= -4 10:00
felix: Frau Kollegin, ein Herr war da und wollte die Kantenschleifmaschine kaufen. Nicht den Tisch. Die Maschine.
clara: Schick ihm den Prospekt vom Hersteller und verkauf ihm den Tisch dazu.
felix: Schon passiert. Douro, 220.
* 💪 clara
= -2 13:30
felix: Kann ich das Bett Prater aus der Ausstellung eine Woche hergeben? Die Fotografin braucht es.
clara: Niamh sagt, die Kamera kommt nach Wien. Also bleibt das Bett, und du bekommst Besuch.
felix: Dann putze ich.
= now-100
clara: Die Fotografin kommt Dienstag um neun. Bitte Platz machen, sie bringt drei Lampen mit.
";

const NIAMH_HUGO: &str = "
= -5 12:00
niamh: I need a quote from you for the catalogue. Two sentences on why ash.
hugo: Because it bends before it breaks. Like our sales team.
niamh: I meant something printable.
hugo: \"Ash is light, strong and honest: you see every year of the tree.\" Better?
niamh: Much better. In.
* 🙌 hugo
= -1 14:10
niamh: The printer asks for 6,000 or 8,000 copies.
hugo: Six. The rest of the world has screens.
* edit Six thousand. The rest of the world has screens.
niamh: Six it is.
";
