//! Owns: the demo's attached files, drawn by code: a picture and a list. Must not know: where files are kept.

use std::io::Write;

use flate2::{Compression, Crc, write::ZlibEncoder};
use parlor_chat::attachments::{self, NewFile};
use parlor_chat::conversations::{self, NewConversation};
use parlor_chat::messages::{self, Body, NewMessage};
use parlor_chat::{Error, Kind, RowId, TenantId, Time, read_state};

use super::setup::{Company, Timeline};

/// A file that the caller puts in its place once the database has it.
#[derive(Clone, Debug)]
pub struct DemoFile {
    /// The tenant that it belongs to.
    pub tenant: TenantId,
    /// Its id.
    pub id: RowId,
    /// What is in it.
    pub bytes: Vec<u8>,
}

const SIDE: usize = 240;
const MEASURE: i64 = 240;

/// Two people show each other a showroom's colours.
pub(super) fn showroom(
    timeline: &mut Timeline<'_>,
    company: &Company,
    now: Time,
) -> Result<Vec<DemoFile>, Error> {
    let (ines, hugo) = (&company.actors["ines"], &company.actors["hugo"]);
    let new = NewConversation {
        user_ids: vec![hugo.id()],
        title: Some("Showroom colours".to_owned()),
        ..NewConversation::of(Kind::Group)
    };
    let id = conversations::open(&mut timeline.at(now), ines, &new, None)?.conversation.id;
    let list = "wall;colour\nnorth;oak\neast;sand\nwindow;white\n".as_bytes().to_vec();
    let mut made = Vec::new();
    let things = [
        ("showroom.png", "image/png", picture(), "The gradient for the north wall. Too dark?"),
        ("colours.csv", "text/plain", list, "And the list for the painters."),
    ];
    for (name, content_type, bytes, text) in things {
        let mut tx = timeline.at(now);
        let file = NewFile {
            id: RowId(tx.id()),
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            size: i64::try_from(bytes.len()).unwrap_or(0),
            etag: None,
            measures: (content_type == "image/png").then_some((MEASURE, MEASURE)),
            cleaned: false,
        };
        attachments::add(&mut tx, ines, &file)?;
        let message = NewMessage { attachment_ids: vec![file.id], ..NewMessage::text(text) };
        let body = Body::parse(text, 1_000)?;
        messages::post(&mut timeline.at(now), ines, id, &message, &body)?;
        made.push(DemoFile { tenant: company.tenant.id, id: file.id, bytes });
    }
    read_state::read(&mut timeline.at(now), hugo, id, None)?;
    Ok(made)
}

/// A PNG of a warm gradient.
fn picture() -> Vec<u8> {
    let mut rows = Vec::with_capacity(SIDE * (SIDE * 3 + 1));
    for y in 0..SIDE {
        // Each row begins with its filter: none.
        rows.push(0);
        for x in 0..SIDE {
            let shade = |from: usize, to: usize| {
                u8::try_from((from * (2 * SIDE - x - y) + to * (x + y)) / (2 * SIDE)).unwrap_or(u8::MAX)
            };
            rows.extend([shade(226, 120), shade(196, 72), shade(150, 40)]);
        }
    }
    let side = u32::try_from(SIDE).unwrap_or(0).to_be_bytes();
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let data = packed.write_all(&rows).and_then(|()| packed.finish()).unwrap_or_default();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, *b"IHDR", &[&side[..], &side[..], &[8, 2, 0, 0, 0]].concat());
    chunk(&mut png, *b"IDAT", &data);
    chunk(&mut png, *b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    png.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    let mut sum = Crc::new();
    sum.update(&kind);
    sum.update(data);
    png.extend(kind);
    png.extend(data);
    png.extend(sum.sum().to_be_bytes());
}
