//! The nouns of the contracts in each contract's own spelling, made from the native ones: the REST answers and the codecs
//! of their realtime protocols use the same ones. Pure; must not know HTTP, sockets or the database.

pub mod chat;
pub mod crm;
pub mod erp;
