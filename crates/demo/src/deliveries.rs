//! Owns: the long channel of the demo: a program tells where every order is, people answer it now and then. The orders
//! and the remarks are data (`talks/deliveries.toml`); the script of script.rs is made of both.

use parlor_chat::Error;
use serde::Deserialize;

use super::data;
use super::talks::Talk;

/// Number, what, parcels, from, to, the day it leaves (working days ago), hours on the way.
type Order = (u32, String, u32, String, String, i64, i64);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deliveries {
    talk: Talk,
    orders: Vec<Order>,
    #[serde(rename = "remark")]
    remarks: Vec<Remark>,
}

/// What people say in between.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Remark {
    /// Working days ago.
    ago: i64,
    /// Hour and minute.
    time: String,
    script: String,
}

/// The channel with its script.
pub(super) fn talk() -> Result<Talk, Error> {
    let deliveries: Deliveries = data::read(include_str!("../talks/deliveries.toml"))?;
    Ok(Talk { script: script(&deliveries), ..deliveries.talk })
}

/// Everything said in the channel, in order.
fn script(deliveries: &Deliveries) -> String {
    let remark = |remark: &Remark| (remark.ago, remark.time.clone(), remark.script.clone());
    let mut said: Vec<(i64, String, String)> = deliveries.remarks.iter().map(remark).collect();
    for (place, order) in (0..).zip(&deliveries.orders) {
        said.extend(of_order(place, order));
    }
    for ago in 1..=7 {
        let leaving = deliveries.orders.iter().filter(|order| order.5 == ago);
        let list: Vec<String> =
            leaving.map(|(number, what, _, _, to, ..)| format!("\\n- AR-{number} {what}, {to}")).collect();
        said.push((ago, time(7 * 60 + 2), format!("dispatch: **Leaving today**{}", list.concat())));
    }
    said.sort_by(|one, other| (-one.0, &one.1).cmp(&(-other.0, &other.1)));
    said.iter().map(|(ago, time, text)| format!("= -{ago} {time}\n{text}\n")).collect()
}

fn time(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// The three messages about an order. Its place among the others spreads them over the day.
fn of_order(place: i64, order: &Order) -> [(i64, String, String); 3] {
    let (number, what, parcels, from, to, ago, hours) = order;
    let ago = *ago;
    let leaves = 7 * 60 + 20 + place * 23 % 130;
    let arrives = leaves + hours * 60 + place * 17 % 50;
    let parcels = if *parcels == 1 { "1 parcel".to_owned() } else { format!("{parcels} parcels") };
    [
        (ago, time(leaves), format!("dispatch: AR-{number} ({what}, {parcels}) has left {from} for {to}")),
        (
            ago,
            time((leaves + arrives) / 2),
            format!("dispatch: AR-{number} is {} minutes from {to}", arrives - (leaves + arrives) / 2),
        ),
        (ago, time(arrives), format!("dispatch: AR-{number} delivered in {to}, signed for")),
    ]
}
