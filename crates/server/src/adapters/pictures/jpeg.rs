//! Owns: what of a JPEG shows its picture (ITU-T T.81, annex B). Must not know: other formats.

use image::metadata::Orientation;

const EXIF: &[u8] = b"Exif\0\0";
const START: u8 = 0xD8;
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;
/// JFIF without a small picture, which would still show what was cut off: version 1.02, square pixels.
const JFIF: [u8; 18] = [0xFF, 0xE0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 2, 0, 0, 1, 0, 1, 0, 0];
/// What Adobe's segment has: which transform the colours went through.
const ADOBE: usize = 12;

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// All that is kept, behind the mark of the start.
    pub rest: Vec<u8>,
    pub measures: Option<(u32, u32)>,
    pub orientation: Option<Orientation>,
}

/// Copies segments and scans up to the end of the picture: behind it cameras put films and second pictures. One that breaks
/// off within a scan ends there. `None` when it has none.
pub(super) fn cleaned(bytes: &[u8]) -> Option<Found> {
    let mut found = Found { rest: Vec::with_capacity(bytes.len()), ..Found::default() };
    let (mut at, mut scans, mut in_scan) = (2, 0, false);
    loop {
        let Some(next) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0xFF)) else {
            return ended(found, bytes.get(at..).filter(|_| in_scan), scans);
        };
        // What stands between segments is nothing.
        if in_scan {
            found.rest.extend_from_slice(&bytes[at..at + next]);
        }
        at += next;
        match bytes.get(at + 1).copied() {
            None | Some(END) => return ended(found, None, scans),
            // A byte of the scan, and restarts within it.
            Some(0x00 | 0x01 | 0xD0..=0xD7) => {
                if in_scan {
                    found.rest.extend_from_slice(&bytes[at..at + 2]);
                }
                at += 2;
            }
            // A mark that is filled up.
            Some(0xFF) => at += 1,
            Some(START) => at += 2,
            Some(marker) => {
                let Some(segment) = segment(bytes, at) else { return ended(found, None, scans) };
                found.take(marker, segment);
                in_scan = marker == SCAN;
                scans += u32::from(in_scan);
                at += segment.len();
            }
        }
    }
}

/// With its mark and its length.
fn segment(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = bytes.get(at + 2..at + 4)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
    bytes.get(at..at + 2 + length)
}

fn ended(mut found: Found, last: Option<&[u8]>, scans: u32) -> Option<Found> {
    found.rest.extend_from_slice(last.unwrap_or_default());
    found.rest.extend([0xFF, END]);
    (scans > 0).then_some(found)
}

impl Found {
    fn take(&mut self, marker: u8, segment: &[u8]) {
        let contents = &segment[4..];
        match marker {
            0xE0 if contents.starts_with(b"JFIF\0") => self.rest.extend(JFIF),
            0xE1 if contents.starts_with(EXIF) && self.orientation.is_none() => {
                self.orientation = Orientation::from_exif_chunk(&contents[EXIF.len()..]);
            }
            0xE2 if contents.starts_with(b"ICC_PROFILE\0") => self.rest.extend_from_slice(segment),
            0xEE if contents.starts_with(b"Adobe") && contents.len() >= ADOBE => {
                self.rest.extend([0xFF, 0xEE, 0, 14]);
                self.rest.extend_from_slice(&contents[..ADOBE]);
            }
            // Frames, tables, scans, the number of lines, restarts, what is expanded.
            0xC0..=0xCF | 0xDA..=0xDF => {
                self.measure(marker, contents);
                self.rest.extend_from_slice(segment);
            }
            _ => {}
        }
    }

    /// Frames have the measures; what has their numbers but is none, are tables.
    fn measure(&mut self, marker: u8, contents: &[u8]) {
        if !matches!(marker, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF) {
            return;
        }
        let number =
            |at: usize| Some(u32::from(u16::from_be_bytes(contents.get(at..at + 2)?.try_into().ok()?)));
        if let (Some(height), Some(width)) = (number(1), number(3)) {
            let (known_width, known_height) = self.measures.unwrap_or_default();
            self.measures = Some((width.max(known_width), height.max(known_height)));
        }
    }
}

/// The segment that says which side is up.
pub(super) fn exif_segment(tiff: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(2 + EXIF.len() + tiff.len()).ok()?;
    Some([&[0xFF, 0xE1][..], &length.to_be_bytes(), EXIF, tiff].concat())
}
