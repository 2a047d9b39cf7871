//! The channels of the demo. Data only; script.rs tells how to read it.

use super::script::{TALK, Talk};

pub(super) static CHANNELS: [Talk<'static>; 4] = [
    Talk {
        key: "general",
        kind: "channel",
        by: "ines",
        with: &[
            "hugo", "clara", "sean", "marta", "lucas", "jonas", "aoife", "tiago", "niamh", "elise", "felix",
        ],
        title: "general",
        description: "Everything that concerns all four offices. English, or whatever comes naturally.",
        script: GENERAL,
        unread: &[
            ("ines", 3),
            ("hugo", 5),
            ("clara", 2),
            ("tiago", 6),
            ("elise", 4),
            ("jonas", 3),
            ("aoife", 2),
        ],
        ..TALK
    },
    Talk {
        key: "dev",
        kind: "channel",
        by: "sean",
        with: &["aoife", "marta", "niamh"],
        title: "dev",
        description: "Web shop, back office, and whatever else has a plug.",
        script: DEV,
        unread: &[("sean", 2), ("marta", 4)],
        drafts: &[("sean", "reply", "Agreed, but let us keep the old endpoint until the stores have")],
        ..TALK
    },
    Talk {
        key: "leadership",
        kind: "channel",
        by: "ines",
        with: &["hugo", "clara", "sean"],
        title: "leadership",
        description: "Budget, people, plans. Stays in this room.",
        private: true,
        script: LEADERSHIP,
        unread: &[("ines", 1), ("sean", 3)],
        ..TALK
    },
    Talk {
        key: "fair",
        kind: "channel",
        by: "niamh",
        with: &["hugo", "clara", "elise", "felix"],
        title: "spring fair",
        description: "Stand, samples, travel. Archived when the van is back.",
        script: FAIR,
        ..TALK
    },
];

const GENERAL: &str = "
= -7 08:02
ines: Good morning everybody! New week, and the first one with all four offices in here. Say hello when you come in.
* 👋 hugo clara sean marta niamh
hugo: Bonjour from Lyon. Coffee machine works again, which is the real news today.
* ☕ elise lucas
clara: Guten Morgen aus Wien! The new edge sander arrives at ten, I will post pictures.
sean +9: Morning. Reminder: the shop is read-only between 21:00 and 21:30 tonight, we move the database.
* 👍 ines marta
marta: Bom dia! @Seán does that include the customer account pages? We have two people on hold about their orders.
sean: Yes, all of it. They can look, but not change anything. I will put a line on the page.
marta: Perfect, thank you.
clara +95 #sander: And here she is: 780 kg, two hours of unpacking, one broken pallet. Nobody hurt.
* 🎉 ines hugo tiago felix
tiago >sander: Can we see it run? Ours is older than I am.
clara >sander: I'll film the first table top tomorrow.
felix >sander: Please do. Customers ask how we get the edges that smooth, and I keep saying \"love\".
niamh >sander: Clara, film it in landscape and I will steal it for the website 🙂
* 😂 felix clara
elise +40: Petite question à tous : qui a le carton avec les échantillons de tissu, automne ? Il n'est plus au magasin.
lucas: Je crois que Hugo l'a pris pour le rendez-vous de vendredi.
hugo: Coupable. Je le rapporte à 14 h.
* 😇 elise
= -6 08:15
ines #offsite: The summer gathering needs a date. Options: Thursday 18th in Lisbon, or Friday 26th in Lyon. Vote with 1️⃣ or 2️⃣ below.
* 1️⃣ marta tiago sean niamh aoife ines
* 2️⃣ hugo elise lucas
* pin ines
jonas: For Vienna both are fine, but the 26th is a bridge day here. Half of us will be at some lake.
* 1️⃣ jonas
felix: Ich wäre auch für Lissabon. Wegen der Pastéis natürlich.
* 😋 marta ines
hugo >offsite: Lyon has quenelles. I am only saying.
elise >offsite: Et des pralines.
ines >offsite: Noted, both. I will count on Thursday evening.
sean +70: Database move went through, shop was back after eleven minutes. Thanks @Aoife for staying up.
* 🙌 ines marta niamh hugo
aoife: Two of those minutes were me typing the wrong password, for the record.
* 😂 sean niamh
niamh +120: Photographer is in Dublin next Tuesday. If anybody has a piece that should be in the catalogue and is not on my list, tell me by Friday.
clara: The Prater bed, the new headboard is much better than the one in last year's picture.
niamh: On the list. Can it travel, or does the camera have to go to Vienna?
clara: It is 160 by 200 and made of solid ash. The camera travels.
* 🚚 tiago
= -5 08:09
tiago: Bom dia. Roadworks on the A1 until Friday, runs to Porto leave half an hour earlier.
* 👍 marta ines
marta: Thanks! Support team, please add 30 minutes when you promise Porto deliveries today.
lucas: Vu.
jonas: Gesehen, danke.
ines +50: A customer just wrote me a paper letter. With a fountain pen. She has had her Douro table for nine years and wants six more chairs. Whoever sold that table: well done.
* ❤️ hugo clara tiago elise felix niamh marta
felix: Nine years! That must have been the first series.
clara: First series, third month. I remember the oak, it came with half the forest still attached.
hugo: @Inês please let me answer that one. By hand, also with a fountain pen.
ines: It is all yours.
* 🖋️ hugo
sean +200: Small one: the meeting room screens in all offices get an update at noon. If yours shows a penguin at five past twelve, do not unplug the penguin.
jonas: Ein Pinguin wäre eine Verbesserung.
* 🐧 aoife sean niamh clara
= -4 08:20
elise: Le magasin de Lyon ouvre à 11 h aujourd'hui, inventaire le matin. Pour les urgences : mon téléphone.
lucas: Noté, je mets le message d'accueil à jour.
ines +30: Counted: it is Lisbon, Thursday 18th. Marta and Tiago organise, be nice to them.
* 🎉 marta tiago felix jonas aoife niamh
hugo: La démocratie a parlé. J'apporterai les pralines quand même.
* 😄 elise ines
marta: We need to know who eats what and who arrives when. I'll send a form tomorrow.
niamh +80: Catalogue deadline is tomorrow, 17:00 Dublin time. I have 41 of 48 texts.
felix: Meine zwei kommen heute Abend.
niamh: Wunderbar (my one German word).
felix: It is a good one.
= -3 08:11
clara #edge: As promised, the sander in action: from raw to finished edge in four minutes, before it was eleven.
* 🔥 tiago felix ines hugo niamh
tiago >edge: Eleven on a good day!
niamh >edge: That goes on the front page. I am not joking.
hugo >edge: Can I show it to the hotel people on Monday?
clara >edge: Of course. Tell them that the noise is included in the price.
ines +45: Figures for the month are in the leadership channel today and here on Monday. In short: it was a good one. Thank you, all of you.
* 💪 clara tiago marta sean
* ❤️ elise felix jonas
jonas +90: Who is at the Vienna office on Friday afternoon? The man for the air conditioning needs somebody with a key.
clara: I am there until five.
jonas: Danke!
= -2 08:05
sean: Good morning. Phishing round: there is a mail about an \"unpaid toll\" going about. It is not from us, it is not from the motorway either. Delete it.
* 👍 marta ines hugo clara elise
aoife: It even has our old logo. I feel almost honoured.
niamh: The OLD logo? Then they really have no taste.
* 😂 aoife hugo
marta +35: Form for Lisbon is out: diet, arrival, shoe size. The last one is Tiago's idea and I do not ask any more.
tiago: Confiem em mim. 👟
lucas: 43, et je suis inquiet.
* 😂 elise marta tiago
hugo +180: The hotel in Annecy signed: 32 rooms, beds and desks, all in ash. Biggest order this year!
* 🎉 ines clara marta sean tiago lucas jonas niamh elise felix aoife
ines: Hugo!!! Fantastic. Cake in every office tomorrow, on the company.
clara: 32 beds by October. Cake first, then I panic.
* 😅 tiago hugo
= -1 08:14
ines: The cake budget is 40 € per office. Choose wisely.
felix: Wien: Sachertorte, keine Diskussion.
* 🍰 clara jonas
marta: Lisboa: a vote is running and it is getting emotional.
niamh: Dublin: lemon drizzle.
hugo: Lyon : tarte aux pralines. Évidemment.
elise: Évidemment.
sean +150: Tomorrow at 07:00 I replace the switch in Dublin. Ten minutes without network for us, nothing for you.
ines +60: Delete me
* delete
ines: Sorry, wrong channel. Nothing to see.
* 👀 niamh aoife sean
clara +45: Annecy: I need the drawings of the headboards by Wednesday, @Hugo. Without them the wood goes into the Prater series.
= now-150
hugo: @Clara you will have them tomorrow, the architect promised.
niamh: Catalogue goes to the printer today. Last chance to find a typo.
felix: Page 17, \"beds for he whole family\".
niamh: Ouch. Fixed. Felix wins a cake.
* 🏆 felix ines
tiago +20: Carrinha 2 is back from the garage, all runs as planned tomorrow.
marta: Obrigada @Tiago! And the last three of you have not filled in the form. You know who you are.
";

const DEV: &str = "
= -6 09:00
sean: Planning for this week: 1. search in the shop, 2. the VAT numbers of store customers, 3. the printer in Vienna (again).
aoife: I take 1 and 2. The printer and I are not on speaking terms.
* 😂 sean
niamh: Can search find \"sofa\" when somebody types \"couch\"? People here say couch.
aoife: It can. Send me a list of such pairs and I load them as synonyms.
niamh: In four languages?
aoife #synonyms: One file per language, one pair per line:\\n\\n```\\nsofa = couch, settee\\nsideboard = dresser\\n```
niamh >synonyms: On it. Elise and Felix help with French and German.
marta >synonyms: Eu faço o português.
* 🙏 niamh aoife
= -5 10:12
aoife: Search is on staging. It finds accents without accents: `saone` gives **Saône**, `lefevre` gives *Lefèvre*.
sean: Lovely. How fast?
aoife: 8 ms for the whole catalogue. Most of it is the browser.
* 🚀 sean niamh
marta: I typed \"mesa de carvalho\" and got the Douro first. Aprovado!
sean +60: Then it goes live tomorrow after ten, when Lisbon has had coffee.
= -4 10:20
aoife: Live. Watching the log.
sean: Anything?
aoife: One person searched for \"chair that does not squeak\". We should sell that.
* 😂 sean niamh marta
aoife +75 #bug: Found one: in the checkout the \"pay\" button stays grey for anyone with a postcode that begins with a letter. So, all of Ireland.
sean >bug: How long?
aoife >bug: Since the VAT change on Monday. Fix is ready, needs a second pair of viewer.
sean >bug: Looking.
sean >bug: Good. One test more please, for `T12 AB34`.
aoife >bug: Added. Deploying.
* ✅ sean marta
marta: That explains a customer from Cork this morning. I have him in a support conversation, shall I make a ticket?
aoife: Please do, so that he hears when it is fixed.
= -3 09:30
sean: Post-mortem in three lines: the new validation took the country from the browser instead of the address. Our tests only had Lisbon and Lyon in them. Now there are twelve addresses from six countries.
* pin sean
aoife: And one of them is my mother's.
* ❤️ niamh sean
= -2 09:45
aoife: Proposal: one endpoint for order status instead of three. The stores, the shop and Dispatch all ask for the same thing.
sean: Yes. Who uses the oldest one?
aoife: Only the tablet in the Lyon store, and that asks every 30 seconds since 2019.
sean: A faithful customer.
niamh: If you touch the status texts: \"in production\" confuses people. \"We are building it\" is what I would say.
* 👍 aoife sean
= -1 11:05
aoife: Draft of the endpoint: `GET /orders/{number}/status` answers state, date and a sentence for people. Comments welcome.
sean: Sentence in the language of the customer?
aoife: Yes, from the profile, else from the address.
marta: Can it also say when the parcel has two parts? That is half of our questions.
= now-95
aoife: @Marta good point, it has a list of parcels now.
aoife: Tomorrow I would switch the Lyon tablet over. @Seán is that fine with you?
";

const LEADERSHIP: &str = "
= -5 13:00
ines: Agenda for Thursday: quarter, Annecy, second shift in Vienna, rent in Dublin.
hugo: Annecy may be signed by then. I keep my fingers crossed under the table.
clara: For the second shift I need four people, two of them with CNC experience. Numbers are in the sheet.
sean: Rent in Dublin: they ask 9 % more. There is a place two streets on, cheaper and with a real lift.
ines: Let us see it before we answer.
= -3 16:10
ines: Month closed: revenue 11 % over plan, returns under 2 %, and cash is where it should be.
* 👏 hugo clara sean
hugo: Returns under two! That is support and packing, not sales.
clara: And the new corners of the cartons. Four cents each.
= -2 14:30
hugo: Annecy is signed, 32 rooms, 30 % paid in advance.
ines: Congratulations. @Clara, what does it do to your October?
clara: It eats it. With the second shift it works, without it we deliver in December.
ines #shift: Then we do the second shift. I talk to the bank tomorrow.
* pin ines
sean >shift: I can move 15 k from the server budget, we do not need the new machines before spring.
clara >shift: That would pay the training.
= now-200
hugo: The architect's drawings come tomorrow.
clara: Good. Two of the four candidates said yes, by the way.
sean: Viewing of the office on Parkgate Street is on Friday at ten. Who dials in?
";

const FAIR: &str = "
= -7 09:10
niamh: Everything for the spring fair goes in here. Stand 4C12, three by six metres, one socket (!).
hugo: One socket for three days of coffee. Bold.
clara: I send the Saône sideboard and two chairs. They leave Vienna on Wednesday.
felix: Prospekte auf Deutsch bringe ich mit, 200 Stück.
elise: Et moi les français, 300.
= -6 17:40
niamh: Stand is up. It looks like us.
* 😍 hugo clara elise
elise: Les lampes sont parfaites.
= -5 18:05
hugo: 64 contacts on the first day, nine of them serious, two of them hotels.
* 🎉 niamh felix
niamh: The socket survived.
= -4 18:30
felix: Abgebaut und verladen, nichts kaputt. Danke an alle!
* 🙏 niamh hugo elise clara
niamh: Archiving this one, see you next spring.
! niamh status=archived
";
