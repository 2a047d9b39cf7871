//! Owns: what of a WebP shows its picture (RFC 9649). Must not know: other formats.

use image::metadata::Orientation;

/// Of the flags in the head of an extended file.
const EXIF_FLAG: u8 = 0x08;
const XMP_FLAG: u8 = 0x04;
/// What stands before the chunks of a frame.
const FRAME_HEAD: usize = 16;

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// The chunks that are kept.
    chunks: Vec<u8>,
    pub measures: Option<(u32, u32)>,
    pub orientation: Option<Orientation>,
}

/// Whether bytes begin as a WebP.
pub(super) fn is_webp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

/// Copies chunks, and the chunks of frames; `None` when no picture is among them, or one breaks off.
pub(super) fn cleaned(bytes: &[u8]) -> Option<Found> {
    let mut found = Found { chunks: Vec::with_capacity(bytes.len()), ..Found::default() };
    let size = usize::try_from(u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?)).ok()?;
    // What stands behind the end is nothing.
    let mut left = bytes.get(12..size.checked_add(8)?)?;
    let mut has_pixels = false;
    while !left.is_empty() {
        let (kind, contents, rest) = first(left)?;
        left = rest;
        match &kind {
            b"VP8X" => {
                let mut head = contents.get(..10)?.to_vec();
                head[0] &= !(EXIF_FLAG | XMP_FLAG);
                found.seen(Some((u24(head.get(4..7)?) + 1, u24(head.get(7..10)?) + 1)));
                put(&mut found.chunks, kind, &head);
            }
            b"VP8 " | b"VP8L" => {
                found.seen(measures(&kind, contents));
                put(&mut found.chunks, kind, contents);
                has_pixels = true;
            }
            b"ANMF" => {
                let frame = found.frame(contents)?;
                put(&mut found.chunks, kind, &frame);
                has_pixels = true;
            }
            b"ALPH" | b"ANIM" | b"ICCP" => put(&mut found.chunks, kind, contents),
            b"EXIF" if found.orientation.is_none() => {
                let tiff = contents.strip_prefix(b"Exif\0\0").unwrap_or(contents);
                found.orientation = Orientation::from_exif_chunk(tiff);
            }
            _ => {}
        }
    }
    has_pixels.then_some(found)
}

impl Found {
    /// As large as the largest that is said.
    fn seen(&mut self, measures: Option<(u32, u32)>) {
        let ((width, height), (known_width, known_height)) =
            (measures.unwrap_or_default(), self.measures.unwrap_or_default());
        self.measures = Some((width.max(known_width), height.max(known_height)));
    }

    fn frame(&mut self, contents: &[u8]) -> Option<Vec<u8>> {
        let (head, mut left) = contents.split_at_checked(FRAME_HEAD)?;
        let mut frame = head.to_vec();
        while !left.is_empty() {
            let (kind, contents, rest) = first(left)?;
            left = rest;
            if matches!(&kind, b"VP8 " | b"VP8L" | b"ALPH") {
                self.seen(measures(&kind, contents));
                put(&mut frame, kind, contents);
            }
        }
        Some(frame)
    }

    /// The file, with what says which side is up where the file can say so.
    pub(super) fn file(mut self, tiff: Option<&[u8]>) -> Vec<u8> {
        if let Some(tiff) = tiff
            && self.chunks.starts_with(b"VP8X")
        {
            self.chunks[8] |= EXIF_FLAG;
            put(&mut self.chunks, *b"EXIF", tiff);
        }
        let size = u32::try_from(self.chunks.len() + 4).unwrap_or(u32::MAX).to_le_bytes();
        [b"RIFF", &size[..], b"WEBP", &self.chunks].concat()
    }
}

/// Kind and contents of the first chunk, and what follows it.
fn first(bytes: &[u8]) -> Option<([u8; 4], &[u8], &[u8])> {
    let kind = bytes.get(..4)?.try_into().ok()?;
    let length = usize::try_from(u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?)).ok()?;
    let end = length.checked_add(8)?;
    let contents = bytes.get(8..end)?;
    // Chunks end on even bytes; the last one may lack that.
    Some((kind, contents, bytes.get(end + length % 2..).unwrap_or_default()))
}

fn put(into: &mut Vec<u8>, kind: [u8; 4], contents: &[u8]) {
    into.extend(kind);
    into.extend(u32::try_from(contents.len()).unwrap_or_default().to_le_bytes());
    into.extend_from_slice(contents);
    into.extend((contents.len() % 2 == 1).then_some(0));
}

/// Width and height as the picture itself has them: RFC 6386, 9.1, and RFC 9649, 3.4.
fn measures(kind: &[u8; 4], contents: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from(u16::from_le_bytes(contents.get(at..at + 2)?.try_into().ok()?)));
    match kind {
        b"VP8 " => Some((number(6)? & 0x3FFF, number(8)? & 0x3FFF)),
        b"VP8L" => {
            let bits = number(1)? | number(3)? << 16;
            Some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
        }
        _ => None,
    }
}

fn u24(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}
