//! Ids and tokens that come back by mail: Message-IDs, reply addresses, the envelope sender of bounces, links to
//! unsubscribe, the mark of this instance. Owns: their forms, and what each signature covers.
//!
//! A token is read in two steps, because its tenant is known only once what it names was looked up: first a `Claim`, which
//! proves nothing, then `holds`. Must not know: addresses' people, or what may be done with a token.

use data_encoding::{BASE32_NOPAD_NOCASE, HEXLOWER};
use uuid::Uuid;

use super::{Address, Keys, MessageId, address::MOST_LOCAL, keys::Purpose};

/// Bytes of a signature in addresses: with key number and id they are 25 bytes, 40 letters.
const SHORT: usize = 8;
/// Bytes of a signature in a Message-ID and in links.
const IN_MESSAGE_ID: usize = 4;
const IN_LINK: usize = 16;
/// The longest name of a type of notification.
const MOST_TYPE: usize = 40;

/// What a token names before anything is proven: good for looking up the tenant, and for `holds`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<K> {
    /// The id that the token names.
    pub id: Uuid,
    kind: K,
    /// None for a Message-ID, which does not say.
    key: Option<u8>,
    signature: Vec<u8>,
}

/// A Message-ID of Parlor: names a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mail;
/// A reply address: names a conversation, and is signed for one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply;
/// An envelope sender: names a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounce;
/// A link to unsubscribe: names a person and a type of notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsubscribe {
    /// The type of notification that the person no longer wants by mail.
    pub notification: String,
}

/// How tokens are put into addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressForm {
    /// `support+c.{token}@domain`: the mailbox takes whatever follows a plus.
    Plus,
    /// `reply-{token}@domain`: the domain takes every local part.
    CatchAll,
}

/// The local part of the mailbox leaves no room for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the part before the @ may have at most {most} characters, so that a token fits behind it")]
pub struct NoRoom {
    /// As many characters as fit.
    pub most: usize,
}

/// The Message-ID of a mail, at the domain of its sender: the same at every try, so that receivers fold repeated ones.
pub fn message_id(keys: &Keys, tenant: Uuid, mail: Uuid, sender: &Address) -> MessageId {
    let signature: [u8; IN_MESSAGE_ID] =
        keys.signing().sign(Purpose::MessageId, &[tenant.as_bytes(), mail.as_bytes()]);
    MessageId::of_parts(&format!("m.{mail}.{}", HEXLOWER.encode(&signature)), sender.domain())
}

/// What a Message-ID claims that has the form of ours. The domain is not looked at: it may have changed since.
pub fn read_message_id(id: &MessageId) -> Option<Claim<Mail>> {
    let (left, _) = id.inside().split_once('@')?;
    let (written, signature) = left.strip_prefix("m.")?.split_once('.')?;
    let mail = Uuid::try_parse(written).ok().filter(|mail| mail.to_string() == written)?;
    let signature =
        HEXLOWER.decode(signature.as_bytes()).ok().filter(|signature| signature.len() == IN_MESSAGE_ID)?;
    Some(Claim { id: mail, kind: Mail, key: None, signature })
}

/// Where answers go: whoever writes there as the recipient writes into the conversation.
pub fn reply_address(
    keys: &Keys,
    tenant: Uuid,
    conversation: Uuid,
    recipient: Uuid,
    (mailbox, form): (&Address, AddressForm),
) -> Result<Address, NoRoom> {
    let fields: [&[u8]; 3] = [tenant.as_bytes(), conversation.as_bytes(), recipient.as_bytes()];
    let token = short_token(keys, Purpose::Reply, conversation, &fields);
    match form {
        AddressForm::Plus => mailbox.with_local(&format!("{}+c.{token}", mailbox.local())),
        AddressForm::CatchAll => mailbox.with_local(&format!("reply-{token}")),
    }
    .ok_or(NoRoom { most: MOST_LOCAL - "+c.".len() - token.len() })
}

/// What a reply address claims, in either form.
pub fn read_reply_address(address: &Address) -> Option<Claim<Reply>> {
    let local = address.local().to_ascii_lowercase();
    let token = local.rsplit_once("+c.").map(|(_, token)| token).or_else(|| local.strip_prefix("reply-"))?;
    read_short_token(token, Reply)
}

/// The envelope sender of a mail: what cannot be delivered comes back to it (VERP).
pub fn bounce_address(
    keys: &Keys,
    tenant: Uuid,
    mail: Uuid,
    (mailbox, form): (&Address, AddressForm),
) -> Result<Address, NoRoom> {
    let token = short_token(keys, Purpose::Bounce, mail, &[tenant.as_bytes(), mail.as_bytes()]);
    match form {
        AddressForm::Plus => mailbox.with_local(&format!("{}+b.{token}", mailbox.local())),
        AddressForm::CatchAll => mailbox.with_local(&format!("bounce-{token}")),
    }
    .ok_or(NoRoom { most: MOST_LOCAL - "+b.".len() - token.len() })
}

/// What an envelope sender claims, in either form.
pub fn read_bounce_address(address: &Address) -> Option<Claim<Bounce>> {
    let local = address.local().to_ascii_lowercase();
    let token = local.rsplit_once("+b.").map(|(_, token)| token).or_else(|| local.strip_prefix("bounce-"))?;
    read_short_token(token, Bounce)
}

/// The token of a link to unsubscribe. None for a type whose name is no word.
pub fn unsubscribe_token(keys: &Keys, tenant: Uuid, person: Uuid, notification: &str) -> Option<String> {
    if !is_type(notification) {
        return None;
    }
    let key = keys.signing();
    let fields: [&[u8]; 3] = [tenant.as_bytes(), person.as_bytes(), notification.as_bytes()];
    let signature: [u8; IN_LINK] = key.sign(Purpose::Unsubscribe, &fields);
    let bytes = [&[key.number], &person.as_bytes()[..], &signature, notification.as_bytes()].concat();
    Some(BASE32_NOPAD_NOCASE.encode(&bytes).to_ascii_lowercase())
}

/// What a token to unsubscribe claims.
pub fn read_unsubscribe_token(token: &str) -> Option<Claim<Unsubscribe>> {
    let (key, person, rest) = split(token)?;
    let (signature, notification) = rest.split_at_checked(IN_LINK)?;
    let notification = std::str::from_utf8(notification).ok().filter(|name| is_type(name))?.to_owned();
    Some(Claim {
        id: person,
        kind: Unsubscribe { notification },
        key: Some(key),
        signature: signature.to_vec(),
    })
}

/// The mark of this instance, for `X-Parlor-Instance`: mail that carries it has come round.
pub fn instance_mark(keys: &Keys) -> String {
    HEXLOWER.encode(&keys.signing().sign::<SHORT>(Purpose::Instance, &[]))
}

/// Whether a mark is one of this instance.
pub fn is_own_mark(keys: &Keys, mark: &str) -> bool {
    let bytes = HEXLOWER.decode(mark.trim().as_bytes()).unwrap_or_default();
    bytes.len() == SHORT && keys.all().any(|key| key.verifies(Purpose::Instance, &[], &bytes))
}

impl Claim<Mail> {
    /// Whether a key of the ring signed this Message-ID for this tenant.
    pub fn holds(&self, keys: &Keys, tenant: Uuid) -> bool {
        self.verify(keys, Purpose::MessageId, &[tenant.as_bytes(), self.id.as_bytes()])
    }
}

impl Claim<Reply> {
    /// Whether the address was made for this recipient. When the sender is none of the conversation's people, the caller
    /// learns for whom it was made by asking for each of them.
    pub fn holds(&self, keys: &Keys, tenant: Uuid, recipient: Uuid) -> bool {
        self.verify(keys, Purpose::Reply, &[tenant.as_bytes(), self.id.as_bytes(), recipient.as_bytes()])
    }
}

impl Claim<Bounce> {
    /// Whether the address was made for this mail of this tenant.
    pub fn holds(&self, keys: &Keys, tenant: Uuid) -> bool {
        self.verify(keys, Purpose::Bounce, &[tenant.as_bytes(), self.id.as_bytes()])
    }
}

impl Claim<Unsubscribe> {
    /// The type of notification that the link is about.
    pub fn notification(&self) -> &str {
        &self.kind.notification
    }

    /// Whether the link was made for this person of this tenant, and this type.
    pub fn holds(&self, keys: &Keys, tenant: Uuid) -> bool {
        let fields: [&[u8]; 3] = [tenant.as_bytes(), self.id.as_bytes(), self.kind.notification.as_bytes()];
        self.verify(keys, Purpose::Unsubscribe, &fields)
    }
}

impl<K> Claim<K> {
    fn verify(&self, keys: &Keys, purpose: Purpose, fields: &[&[u8]]) -> bool {
        match self.key {
            Some(number) => {
                keys.numbered(number).is_some_and(|key| key.verifies(purpose, fields, &self.signature))
            }
            None => keys.all().any(|key| key.verifies(purpose, fields, &self.signature)),
        }
    }
}

fn short_token(keys: &Keys, purpose: Purpose, id: Uuid, fields: &[&[u8]]) -> String {
    let key = keys.signing();
    let signature: [u8; SHORT] = key.sign(purpose, fields);
    BASE32_NOPAD_NOCASE.encode(&[&[key.number], &id.as_bytes()[..], &signature].concat()).to_ascii_lowercase()
}

fn read_short_token<K>(token: &str, kind: K) -> Option<Claim<K>> {
    let (key, id, signature) = split(token)?;
    (signature.len() == SHORT).then_some(Claim { id, kind, key: Some(key), signature })
}

/// The key's number, the id, and what follows.
fn split(token: &str) -> Option<(u8, Uuid, Vec<u8>)> {
    let most = 1 + 16 + IN_LINK + MOST_TYPE;
    let bytes = BASE32_NOPAD_NOCASE.decode(token.as_bytes()).ok().filter(|bytes| bytes.len() <= most)?;
    let (key, rest) = bytes.split_first()?;
    let (id, rest) = rest.split_at_checked(16)?;
    Some((*key, Uuid::from_slice(id).ok()?, rest.to_vec()))
}

fn is_type(name: &str) -> bool {
    let word = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    word && (1..=MOST_TYPE).contains(&name.len())
}
