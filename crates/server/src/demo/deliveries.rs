//! Owns: the long channel of the demo: a program tells where every order is, people answer it now and then. The orders
//! and the remarks are data; the script of script.rs is made of both.

use super::script::{TALK, Talk};

/// Number, what, parcels, from, to, the day it leaves (working days ago), hours on the way.
type Order = (u32, &'static str, u32, &'static str, &'static str, i64, i64);

const ORDERS: [Order; 30] = [
    (2011, "table Douro, 140 cm", 2, "Lisbon", "Setúbal", 7, 4),
    (2012, "two chairs Liffey", 1, "Lisbon", "Coimbra", 7, 6),
    (2014, "bed Prater, 140 × 200", 3, "Vienna", "Linz", 7, 5),
    (2015, "desk Saône", 2, "Lyon", "Annecy", 7, 5),
    (2017, "sideboard Saône", 2, "Lyon", "Valence", 6, 4),
    (2018, "four chairs Liffey", 2, "Lisbon", "Faro", 6, 7),
    (2019, "bedside tables Prater", 1, "Vienna", "Graz", 6, 5),
    (2021, "table Douro, 220 cm", 3, "Lisbon", "Évora", 6, 5),
    (2022, "lamp Tejo", 1, "Lisbon", "Sintra", 6, 3),
    (2024, "bed Prater, 180 × 200", 3, "Vienna", "Salzburg", 5, 6),
    (2041, "table Douro, 180 cm", 2, "Lisbon", "Porto", 5, 6),
    (2026, "bench Douro", 1, "Lisbon", "Braga", 5, 8),
    (2028, "desk Saône", 2, "Lyon", "Grenoble", 5, 4),
    (2029, "shelf Liffey", 2, "Lisbon", "Cascais", 5, 3),
    (2031, "two armchairs Prater", 2, "Vienna", "Sankt Pölten", 4, 4),
    (2032, "table Douro, 140 cm", 2, "Lisbon", "Leiria", 4, 5),
    (2033, "wardrobe Saône", 4, "Lyon", "Dijon", 4, 6),
    (2035, "six chairs Liffey", 3, "Lisbon", "Aveiro", 4, 6),
    (2036, "mirror Tejo", 1, "Lisbon", "Almada", 4, 3),
    (2038, "bed Prater, 160 × 200", 3, "Vienna", "Wels", 3, 5),
    (2039, "sideboard Saône, oak", 2, "Lyon", "Chambéry", 3, 4),
    (2043, "table Douro, 180 cm", 2, "Lisbon", "Viseu", 3, 7),
    (2045, "desk Saône, small", 1, "Lyon", "Mâcon", 3, 3),
    (2046, "two lamps Tejo", 1, "Lisbon", "Santarém", 2, 4),
    (2048, "bench Douro", 1, "Lisbon", "Óbidos", 2, 4),
    (2049, "shelf Liffey", 2, "Vienna", "Krems", 2, 3),
    (2051, "bed Prater, 140 × 200", 3, "Vienna", "Klagenfurt", 2, 7),
    (2052, "table Douro, 220 cm", 3, "Lisbon", "Tomar", 1, 5),
    (2054, "four chairs Liffey", 2, "Lyon", "Saint-Étienne", 1, 3),
    (2055, "wardrobe Saône", 4, "Lyon", "Besançon", 1, 6),
];

/// What people say in between: working days ago, minute of the day, lines.
const REMARKS: [(i64, i64, &str); 13] = [
    (7, 7 * 60 + 40, "tiago: Bom dia a todos, carrinha 1 carregada, saímos às 7h45."),
    (
        7,
        16 * 60 + 5,
        "marta: Who took over the Coimbra run? The customer asks for a time.\ntiago: O Nuno. Chega entre as 16h30 e as 17h.\n* 🙏 marta",
    ),
    (
        6,
        9 * 60 + 31,
        "clara: Sideboard for Valence: the left door wants to be opened slowly. Please tell the customer, the hinge is new.\nelise: Je l'appelle.\n* 👍 clara",
    ),
    (
        6,
        14 * 60 + 20,
        "jonas: Kundin in Graz ist erst ab 15 Uhr da, bitte nicht früher läuten.\nclara: Fahrer weiß Bescheid.",
    ),
    (
        5,
        8 * 60 + 12,
        "tiago: A1 com obras até sexta, contem com mais meia hora para o Porto e Braga.\n* 👍 marta lucas",
    ),
    (5, 16 * 60 + 40, "tiago &AR-2041: AR-2041 entregue, mas com um risco numa perna. Já falei com a Marta."),
    (
        4,
        10 * 60 + 15,
        "lucas: Dijon : quatrième étage sans ascenseur, deux personnes obligatoires.\nelise: Deux personnes prévues, plus un thermos.",
    ),
    (
        4,
        15 * 60 + 33,
        "aoife: Dispatch was silent for nine minutes just now, I restarted it. Nothing is lost, it only told you later.\n* 👍 tiago marta",
    ),
    (
        3,
        11 * 60 + 2,
        "tiago: Perna nova montada no Porto, D. Rosa ofereceu bolo.\n* 🍰 marta ines\nmarta: Bolo de quê?\ntiago: Laranja. Voltava lá já amanhã.",
    ),
    (
        3,
        17 * 60 + 15,
        "felix: Bett in Wels steht, Kunde schickt Foto mit Katze darauf.\n* 😻 niamh clara aoife",
    ),
    (
        2,
        12 * 60 + 48,
        "clara: Klagenfurt needs a lift van, the bed does not fit through the staircase. Moved to the afternoon.",
    ),
    (
        1,
        9 * 60 + 10,
        "marta: @Tiago can Tomar be before noon? They have guests from one.\ntiago: Pode, troco com Santarém.\n* 🙌 marta",
    ),
    (1, 16 * 60 + 50, "tiago: Tudo entregue hoje, zero devoluções. Boa noite!\n* 👏 ines marta clara"),
];

/// The channel; its script comes from [`script`].
pub(super) fn talk(script: &str) -> Talk<'_> {
    Talk {
        key: "deliveries",
        kind: "channel",
        by: "tiago",
        with: &["dispatch", "ines", "clara", "marta", "lucas", "jonas", "aoife", "niamh", "elise", "felix"],
        title: "deliveries",
        description: "Where every order is. Dispatch writes, people answer.",
        script,
        unread: &[("clara", 4), ("marta", 3), ("jonas", 9), ("niamh", 22), ("ines", 2)],
        ..TALK
    }
}

/// Everything said in the channel, in order.
pub(super) fn script() -> String {
    let mut said: Vec<(i64, i64, String)> =
        REMARKS.iter().map(|(ago, minute, text)| (*ago, *minute, (*text).to_owned())).collect();
    for (place, order) in (0..).zip(&ORDERS) {
        said.extend(of_order(place, order));
    }
    for ago in 1..=7 {
        let leaving = ORDERS.iter().filter(|order| order.5 == ago);
        let list: Vec<String> =
            leaving.map(|(number, what, _, _, to, ..)| format!("\\n- AR-{number} {what}, {to}")).collect();
        said.push((ago, 7 * 60 + 2, format!("dispatch: **Leaving today**{}", list.concat())));
    }
    said.sort_by_key(|(ago, minute, _)| (-ago, *minute));
    let lines = said
        .iter()
        .map(|(ago, minute, text)| format!("= -{ago} {:02}:{:02}\n{text}\n", minute / 60, minute % 60));
    lines.collect()
}

/// The three messages about an order. Its place among the others spreads them over the day.
fn of_order(place: i64, order: &Order) -> [(i64, i64, String); 3] {
    let (number, what, parcels, from, to, ago, hours) = *order;
    let leaves = 7 * 60 + 20 + place * 23 % 130;
    let arrives = leaves + hours * 60 + place * 17 % 50;
    let parcels = if parcels == 1 { "1 parcel".to_owned() } else { format!("{parcels} parcels") };
    [
        (ago, leaves, format!("dispatch: AR-{number} ({what}, {parcels}) has left {from} for {to}")),
        (
            ago,
            (leaves + arrives) / 2,
            format!("dispatch: AR-{number} is {} minutes from {to}", arrives - (leaves + arrives) / 2),
        ),
        (ago, arrives, format!("dispatch: AR-{number} delivered in {to}, signed for")),
    ]
}
