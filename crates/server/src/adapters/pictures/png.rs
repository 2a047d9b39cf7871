//! Owns: what of a PNG shows its picture (PNG, third edition; APNG among it). Must not know: other formats.

use flate2::Crc;
use image::metadata::Orientation;

pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// What a decoder needs.
static KEPT: &[&[u8; 4]] = &[
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT",
    b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT",
];
/// Length, kind and checksum.
const AROUND: usize = 12;

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// The signature and the head.
    pub head: Vec<u8>,
    /// All that is kept behind them.
    pub rest: Vec<u8>,
    pub measures: Option<(u32, u32)>,
    pub orientation: Option<Orientation>,
}

/// Copies chunks up to the end of the picture, or to where it breaks off; `None` when there is none until then.
pub(super) fn cleaned(bytes: &[u8]) -> Option<Found> {
    let mut left = bytes.strip_prefix(SIGNATURE)?;
    let mut found = Found { rest: Vec::with_capacity(bytes.len()), ..Found::default() };
    let mut has_pixels = false;
    while let Some((chunk, kind, contents)) = first(left) {
        left = &left[chunk.len()..];
        match &kind {
            b"IHDR" if found.head.is_empty() => {
                let number = |at: usize| Some(u32::from_be_bytes(contents.get(at..at + 4)?.try_into().ok()?));
                found.measures = number(0).zip(number(4));
                found.head = [SIGNATURE, chunk].concat();
            }
            b"eXIf" => found.orientation = Orientation::from_exif_chunk(contents),
            kind if KEPT.contains(&kind) => found.rest.extend_from_slice(chunk),
            _ => {}
        }
        has_pixels |= &kind == b"IDAT";
        if &kind == b"IEND" {
            break;
        }
    }
    (has_pixels && !found.head.is_empty()).then_some(found)
}

/// The first chunk, its kind, and what is in it.
fn first(bytes: &[u8]) -> Option<(&[u8], [u8; 4], &[u8])> {
    let length = usize::try_from(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?)).ok()?;
    let chunk = bytes.get(..length.checked_add(AROUND)?)?;
    Some((chunk, chunk[4..8].try_into().ok()?, &chunk[8..8 + length]))
}

/// The chunk that says which side is up.
pub(super) fn exif_chunk(tiff: &[u8]) -> Vec<u8> {
    let mut sum = Crc::new();
    sum.update(b"eXIf");
    sum.update(tiff);
    let length = u32::try_from(tiff.len()).unwrap_or_default().to_be_bytes();
    [&length[..], b"eXIf", tiff, &sum.sum().to_be_bytes()].concat()
}
