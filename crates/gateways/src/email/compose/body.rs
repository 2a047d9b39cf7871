//! The body of a message: text, HTML with its pictures, files, as MIME (RFC 2045 and 2046).
//!
//! Must not know: the header of the message.

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};

use super::{
    super::{MessageId, line::clean_line},
    values::MediaType,
};

/// Characters of a file's name; of another one than ASCII each may take twelve on its line.
const MOST_NAME: usize = 200;
const MOST_ENCODED_NAME: usize = 75;
/// Bytes of what counts as the ending of a name.
const MOST_ENDING: usize = 16;
/// Bytes on a line of base64 (RFC 2045, 6.8: 76 letters).
const BYTES_A_LINE: usize = 57;

/// What a message says, and its files.
#[derive(Clone, Debug)]
pub struct Body<'a> {
    /// As text: any.
    pub text: &'a str,
    /// As HTML.
    pub html: Option<Html<'a>>,
    /// Files.
    pub attachments: Vec<Attachment<'a>>,
}

/// The body as HTML, with the pictures that it shows.
#[derive(Clone, Debug)]
pub struct Html<'a> {
    /// The document. It must be safe already.
    pub html: &'a str,
    /// Shown by `src="cid:…"`.
    pub pictures: Vec<Picture<'a>>,
}

/// A picture within the HTML.
#[derive(Clone, Debug)]
pub struct Picture<'a> {
    /// The HTML names it by `cid:` and the id without its brackets.
    pub content_id: MessageId,
    /// A name for saving it.
    pub name: &'a str,
    /// Its type.
    pub media_type: MediaType,
    /// Its bytes.
    pub content: &'a [u8],
}

/// A file.
#[derive(Clone, Debug)]
pub struct Attachment<'a> {
    /// As its sender named it: any text.
    pub name: &'a str,
    /// Its type.
    pub media_type: MediaType,
    /// Its bytes.
    pub content: &'a [u8],
}

/// A part with its own header.
enum Part<'a> {
    Text {
        subtype: &'static str,
        text: &'a str,
    },
    File {
        disposition: &'static str,
        id: Option<&'a MessageId>,
        name: &'a str,
        media_type: &'a MediaType,
        content: &'a [u8],
    },
    Multi {
        subtype: &'static str,
        parts: Vec<Part<'a>>,
    },
}

impl Body<'_> {
    /// The rest of the header, the empty line and the body. The id makes the boundaries of the parts.
    pub(super) fn write(&self, out: &mut Vec<u8>, id: &MessageId) {
        // In quoted-printable and base64 "=_" cannot occur, so that no content ends a part (RFC 2045, 6.7).
        let unique = HEXLOWER.encode(&Sha256::digest(id.as_str())[..8]);
        with_files(self).write(out, &unique, 0);
    }
}

fn with_files<'a>(body: &'a Body<'_>) -> Part<'a> {
    let text = Part::Text { subtype: "plain", text: body.text };
    let message = match &body.html {
        None => text,
        Some(html) => Part::Multi { subtype: "alternative", parts: vec![text, with_pictures(html)] },
    };
    if body.attachments.is_empty() {
        return message;
    }
    let files = body.attachments.iter().map(|file| Part::File {
        disposition: "attachment",
        id: None,
        name: file.name,
        media_type: &file.media_type,
        content: file.content,
    });
    Part::Multi { subtype: "mixed", parts: std::iter::once(message).chain(files).collect() }
}

fn with_pictures<'a>(html: &'a Html<'_>) -> Part<'a> {
    let document = Part::Text { subtype: "html", text: html.html };
    if html.pictures.is_empty() {
        return document;
    }
    let pictures = html.pictures.iter().map(|picture| Part::File {
        disposition: "inline",
        id: Some(&picture.content_id),
        name: picture.name,
        media_type: &picture.media_type,
        content: picture.content,
    });
    Part::Multi { subtype: "related", parts: std::iter::once(document).chain(pictures).collect() }
}

impl Part<'_> {
    fn write(&self, out: &mut Vec<u8>, unique: &str, depth: usize) {
        match self {
            Part::Text { subtype, text } => {
                line(out, &format!("Content-Type: text/{subtype}; charset=utf-8"));
                write_text(out, &clean_text(text));
            }
            Part::File { disposition, id, name, media_type, content } => {
                line(out, &format!("Content-Type: {}", media_type.of_file()));
                line(out, &format!("Content-Disposition: {disposition};"));
                line(out, &file_name(name));
                if let Some(id) = id {
                    line(out, &format!("Content-ID: {id}"));
                }
                write_base64(out, content);
            }
            Part::Multi { subtype, parts } => {
                let boundary = format!("=_{depth}_{unique}");
                line(out, &format!("Content-Type: multipart/{subtype};"));
                line(out, &format!(" boundary=\"{boundary}\""));
                line(out, "");
                for part in parts {
                    line(out, &format!("--{boundary}"));
                    part.write(out, unique, depth + 1);
                }
                line(out, &format!("--{boundary}--"));
            }
        }
    }
}

fn line(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Lines that end with CR LF, and no control characters but tabs.
fn clean_text(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\n' => clean.push_str("\r\n"),
            '\t' => clean.push('\t'),
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

/// Whichever encoding is shorter: scripts without ASCII treble in quoted-printable.
fn write_text(out: &mut Vec<u8>, text: &str) {
    if text.bytes().filter(|byte| !byte.is_ascii()).count() * 3 > text.len() {
        return write_base64(out, text.as_bytes());
    }
    line(out, "Content-Transfer-Encoding: quoted-printable");
    line(out, "");
    out.extend_from_slice(&quoted_printable::encode(text));
    line(out, "");
}

fn write_base64(out: &mut Vec<u8>, content: &[u8]) {
    line(out, "Content-Transfer-Encoding: base64");
    line(out, "");
    for bytes in content.chunks(BYTES_A_LINE) {
        line(out, &BASE64.encode(bytes));
    }
}

/// The parameter: quoted when it is ASCII, else encoded (RFC 2231). Not both: programs differ in which of the two they take.
/// On one line: programs that read the continuations of RFC 2231 wrong are met more often than ones that mind its length.
fn file_name(name: &str) -> String {
    let name = safe_name(name);
    if name.is_ascii() {
        return format!(" filename=\"{name}\"");
    }
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    format!(" filename*=utf-8''{encoded}")
}

/// A name without a path, on one line, without quotes; a long one keeps its ending.
fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let line = clean_line(last, usize::MAX).replace(['"', '\\', ':', '<', '>', '|', '?', '*'], "_");
    let name = line.trim_matches(['.', ' ']);
    if name.is_empty() {
        return "file".to_owned();
    }
    let most = if name.is_ascii() { MOST_NAME } else { MOST_ENCODED_NAME };
    if name.chars().count() <= most {
        return name.to_owned();
    }
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| format!(".{ending}"))
        .filter(|ending| ending.len() <= MOST_ENDING);
    let ending = ending.unwrap_or_default();
    let stem: String = name.chars().take(most - ending.chars().count()).collect();
    format!("{stem}{ending}")
}
