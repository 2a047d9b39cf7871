//! What clients see of each noun: the objects of the API and of its events. Plain data, named once for both, and read
//! back from the log by the same names. Must not know: rows, rules, or who sees what.

pub mod conversation;
pub mod groups;
pub mod message;
pub mod notification;
pub mod people;
pub mod presence;
