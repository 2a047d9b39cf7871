//! Owns: what a stored file is, found by looking into it: its type, and the measures of a picture. Little of it is read.
//! Must not know: what it is called, who may send it.

use std::io;

use parlor_chat::file_types::{DOCX, OLE, PPTX, WITH_MACROS, XLSX, ZIP};

use super::blobs::{Blob, Blobs, Stored};

/// How much of a file tells what it is, and where a picture's measures are almost always.
const HEAD: u64 = 64 * 1024;
/// Where they are behind a large profile or preview.
const LONG_HEAD: u64 = 1024 * 1024;
/// How much of the end of an archive is looked at: its last record, and the comment that may stand in it.
const TAIL: u64 = 22 + 65_535;
/// How much of the list of an archive's files is read.
const MOST_LIST: u64 = 1024 * 1024;
/// No side of a picture is longer.
const LONGEST_SIDE: i64 = 100_000;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its type.
    pub content_type: String,
    /// Width and height of a picture. One that does not tell is shown without.
    pub measures: Option<(i64, i64)>,
}

/// Looks into a file.
///
/// # Errors
/// When it cannot be read.
pub(crate) async fn look(blobs: &Blobs, blob: Blob, stored: &Stored) -> io::Result<Found> {
    let (etag, size) = (stored.etag.as_deref(), stored.size);
    let head = blobs.read_whole(blob, etag, 0..size.min(HEAD)).await?;
    let kind = by_head(&head, size);
    if kind == ZIP {
        let tail = blobs.read_whole(blob, etag, size.saturating_sub(TAIL)..size).await?;
        let list = match listed(&tail, size) {
            Some(at) => blobs.read_whole(blob, etag, at).await?,
            None => Vec::new(),
        };
        return Ok(Found { content_type: in_archive(&list).to_owned(), measures: None });
    }
    let mut measures = None;
    if kind.starts_with("image/") {
        measures = measured(&head);
        if measures.is_none() && size > HEAD {
            measures = measured(&blobs.read_whole(blob, etag, 0..size.min(LONG_HEAD)).await?);
        }
    }
    Ok(Found { content_type: kind.to_owned(), measures })
}

/// Width and height of a picture, read from its header.
fn measured(head: &[u8]) -> Option<(i64, i64)> {
    let size = imagesize::blob_size(head).ok()?;
    let [width, height] = [size.width, size.height].map(|length| i64::try_from(length).ok());
    width
        .zip(height)
        .filter(|(width, height)| (1..=LONGEST_SIDE).contains(width) && (1..=LONGEST_SIDE).contains(height))
}

/// What a file is, by its first bytes. Its name says nothing.
fn by_head(head: &[u8], size: u64) -> &'static str {
    // The outer forms of many kinds: what is in them is looked at by itself, or cannot be.
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return ZIP;
    }
    if head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
        return OLE;
    }
    // Two letters are no picture: words begin with them.
    let is_short = |kind: &str| match kind {
        "image/bmp" => head.get(6..10) != Some(&[0; 4]),
        "image/gif" => !head.starts_with(b"GIF87a") && !head.starts_with(b"GIF89a"),
        _ => false,
    };
    if let Some(known) = infer::get(head).filter(|known| !is_short(known.mime_type())) {
        return known.mime_type();
    }
    // A character may be cut at the end of what was looked at.
    let text = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && size > head.len() as u64,
    };
    if text && !head.contains(&0) { "text/plain" } else { "application/octet-stream" }
}

/// Where an archive of so many bytes has the list of its files (APPNOTE.TXT 4.3.16), found in its last bytes.
fn listed(tail: &[u8], size: u64) -> Option<std::ops::Range<u64>> {
    const RECORD: usize = 22;
    let last = tail.len().checked_sub(RECORD)?;
    let at = (0..=last).rev().find(|at| tail[*at..].starts_with(b"PK\x05\x06"))?;
    let number = |from: usize| {
        let bytes = tail.get(at + from..at + from + 4)?;
        Some(u64::from(u32::from_le_bytes(bytes.try_into().ok()?)))
    };
    let (length, start) = (number(12)?, number(16)?);
    let end = start.checked_add(length.min(MOST_LIST))?;
    (end <= size).then_some(start..end)
}

/// What an archive with this list of files is (APPNOTE.TXT 4.3.12).
fn in_archive(list: &[u8]) -> &'static str {
    let (mut typed, mut macros, mut kind) = (false, false, ZIP);
    for name in names(list) {
        typed |= name == b"[Content_Types].xml";
        macros |= name.to_ascii_lowercase().ends_with(b"vbaproject.bin");
        for (folder, found) in [(&b"word/"[..], DOCX), (b"xl/", XLSX), (b"ppt/", PPTX)] {
            if name.starts_with(folder) {
                kind = found;
            }
        }
    }
    match (typed, macros) {
        (true, true) => WITH_MACROS,
        (true, false) => kind,
        (false, _) => ZIP,
    }
}

/// The names in a list, until it ends or cannot be read.
fn names(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    const FIXED: usize = 46;
    let mut rest = list;
    std::iter::from_fn(move || {
        let record = rest.strip_prefix(b"PK\x01\x02").map(|_| rest)?;
        let length = |at: usize| {
            let bytes = record.get(at..at + 2)?;
            Some(usize::from(u16::from_le_bytes(bytes.try_into().ok()?)))
        };
        let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
        let found = record.get(FIXED..FIXED + name)?;
        rest = record.get(FIXED + name + extra + comment..).unwrap_or_default();
        Some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_what_is_in_them() {
        let cases: [(&[u8], &str); 10] = [
            (b"\x89PNG\r\n\x1a\n0000", "image/png"),
            (b"<!DOCTYPE html><script>alert(1)</script>", "text/html"),
            (b"%PDF-1.7 ...", "application/pdf"),
            ("plain words, é".as_bytes(), "text/plain"),
            (b"\x00\x01\x02\x03", "application/octet-stream"),
            (b"", "text/plain"),
            (b"BMW 320d; blue; from 1998", "text/plain"),
            (b"GIFT LIST", "text/plain"),
            (b"PK\x03\x04....", ZIP),
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1....", OLE),
        ];
        for (head, expected) in cases {
            assert_eq!(by_head(head, head.len() as u64), expected);
        }
        let cut = &"é".as_bytes()[..1];
        assert_eq!(by_head(cut, 2), "text/plain", "the rest of the letter was not looked at");
        assert_eq!(by_head(cut, 1), "application/octet-stream");
    }

    /// An archive of empty files.
    fn archive(names: &[&str], comment: &str) -> Vec<u8> {
        let (mut bytes, mut list) = (Vec::new(), Vec::new());
        for name in names {
            let at = u32::try_from(bytes.len()).unwrap().to_le_bytes();
            let length = u16::try_from(name.len()).unwrap().to_le_bytes();
            bytes.extend([&b"PK\x03\x04"[..], &[0; 22], &length, &[0; 2], name.as_bytes()].concat());
            list.extend([&b"PK\x01\x02"[..], &[0; 24], &length, &[0; 12], &at, name.as_bytes()].concat());
        }
        let (start, length) = (u32::try_from(bytes.len()).unwrap(), u32::try_from(list.len()).unwrap());
        let comment_length = u16::try_from(comment.len()).unwrap().to_le_bytes();
        let end = [&b"PK\x05\x06"[..], &[0; 8], &length.to_le_bytes(), &start.to_le_bytes(), &comment_length]
            .concat();
        [bytes, list, end, comment.as_bytes().to_vec()].concat()
    }

    async fn found(bytes: &[u8]) -> String {
        let folder = tempfile();
        let blobs = Blobs::in_folder(folder.path().to_owned());
        let nil = uuid::Uuid::nil();
        let blob = Blob::sent(parlor_chat::TenantId(nil), parlor_chat::RowId(nil));
        let stored = blobs.put(blob, bytes).await.unwrap();
        look(&blobs, blob, &stored).await.unwrap().content_type
    }

    fn tempfile() -> parlor_db::testing::TempDir {
        parlor_db::testing::TempDir::new().unwrap()
    }

    #[tokio::test]
    async fn archives_are_what_their_list_says() {
        for (names, expected) in [
            (&["a.txt", "b/c.txt"][..], ZIP),
            (&["[Content_Types].xml", "_rels/.rels", "word/document.xml"], DOCX),
            (&["[Content_Types].xml", "xl/workbook.xml"], XLSX),
            (&["[Content_Types].xml", "ppt/presentation.xml"], PPTX),
            (&["[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"], WITH_MACROS),
            (&["[Content_Types].xml", "xl/workbook.xml", "xl/VBAPROJECT.BIN"], WITH_MACROS),
            (&["word/document.xml"], ZIP),
            (&[], ZIP),
        ] {
            assert_eq!(found(&archive(names, "")).await, expected, "{names:?}");
            assert_eq!(found(&archive(names, "PK a comment")).await, expected, "{names:?} with a comment");
        }
        let whole = archive(&["[Content_Types].xml", "word/document.xml"], "");
        for end in 4..whole.len() {
            found(&whole[..end]).await;
        }
        for at in whole.len() - 22..whole.len() {
            let mut spoilt = whole.clone();
            spoilt[at] = 0xFF;
            found(&spoilt).await;
        }
    }
}
