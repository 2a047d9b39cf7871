//! The header fields of one block: of a message, of a part, or of a delivery report. Owns: how many are kept, and reading
//! one by its name.
//!
//! Must not know: what a message's parts are.

use mail_parser::{ContentType, HeaderForm, HeaderName, HeaderValue, Message, MessageParser};

/// Beyond these the rest of a block is not read: a block of a million fields takes forty times its size in memory.
const MOST_FIELDS: usize = 200;
const MOST_BYTES: usize = 256 * 1024;

/// The fields of one header block.
pub struct Fields(Message<'static>);

impl Fields {
    /// Reads a block without its empty line.
    pub fn read(block: &[u8]) -> Self {
        let kept = [kept(block), b"\r\n\r\n"].concat();
        Self(MessageParser::default().parse_headers(&kept).map(Message::into_owned).unwrap_or_default())
    }

    /// Whether there is any field at all.
    pub fn is_empty(&self) -> bool {
        self.0.parts.is_empty() || self.0.headers().is_empty()
    }

    /// The first field of this name, unfolded, with its encoded words read (RFC 2047).
    pub fn text(&self, name: &str) -> Option<String> {
        self.values(name, HeaderForm::Text).iter().find_map(|value| Some(value.as_text()?.trim().to_owned()))
    }

    /// The first field of this name as it was written, empty when it has no value.
    pub fn raw(&self, name: &str) -> Option<String> {
        let value = self.values(name, HeaderForm::Raw).into_iter().next()?;
        Some(value.as_text().unwrap_or_default().trim().to_owned())
    }

    /// Display name and address of everybody in the fields of this name; either may be empty.
    pub fn mailboxes(&self, name: &str) -> Vec<(String, String)> {
        let owned =
            |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().unwrap_or_default().trim().to_owned();
        let values = self.values(name, HeaderForm::Addresses);
        let addresses = values.iter().filter_map(HeaderValue::as_address).flat_map(|list| list.iter());
        addresses.map(|addr| (owned(&addr.name), owned(&addr.address))).collect()
    }

    /// Type, subtype and parameters of the part.
    pub fn content_type(&self) -> Option<&ContentType<'static>> {
        if self.is_empty() {
            return None;
        }
        self.0.header(HeaderName::ContentType)?.as_content_type()
    }

    fn values(&self, name: &str, form: HeaderForm) -> Vec<HeaderValue<'_>> {
        if self.is_empty() {
            return Vec::new();
        }
        self.0.header_as(HeaderName::from(name.to_owned()), form)
    }
}

/// As many whole fields of the block as are read.
fn kept(block: &[u8]) -> &[u8] {
    let (mut fields, mut at) = (0, 0);
    for line in block.split_inclusive(|byte| *byte == b'\n') {
        fields += usize::from(!matches!(line.first(), Some(b' ' | b'\t')));
        if fields > MOST_FIELDS || at + line.len() > MOST_BYTES {
            return &block[..at];
        }
        at += line.len();
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_by_name_and_unfolds() {
        let fields = Fields::read(
            b"subject: =?utf-8?q?caf=C3=A9?=\r\n au lait\r\nFrom: \"Lee, Ann\" <a@b.example>\r\nX-Empty:\r\n",
        );
        assert_eq!(fields.text("Subject").as_deref(), Some("café au lait"));
        assert_eq!(fields.mailboxes("From"), [("Lee, Ann".to_owned(), "a@b.example".to_owned())]);
        assert_eq!(fields.raw("x-empty").as_deref(), Some(""));
        assert_eq!(fields.raw("x-missing"), None);
        assert!(Fields::read(b"").is_empty());
    }

    #[test]
    fn a_flood_of_fields_is_cut() {
        let flood = "A: b\r\n".repeat(1_000_000) + "Subject: late\r\n";
        let fields = Fields::read(flood.as_bytes());
        assert_eq!(fields.text("Subject"), None);
        assert_eq!(fields.0.headers().len(), MOST_FIELDS);
        let endless = format!("Subject: early\r\nX: {}", "x".repeat(1_000_000));
        assert_eq!(Fields::read(endless.as_bytes()).text("Subject").as_deref(), Some("early"));
    }
}
