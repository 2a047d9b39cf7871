//! What everything else stands on: ids, time, errors, rights, people as others see them, the table of kinds, the
//! transaction. Must not know: any noun's rows.

pub mod characters;
pub mod error;
pub mod folding;
pub mod ids;
pub mod json;
pub mod kinds;
pub mod lists;
pub mod page;
pub mod person;
pub mod related;
pub mod rights;
pub mod sealing;
pub mod setting_types;
pub mod setting_values;
pub mod signing;
pub mod text;
pub mod time;
pub mod tx;
pub mod words;
pub mod zone;
