//! Owns: what of a GIF shows its pictures (GIF89a). Must not know: other formats.

const IMAGE: u8 = 0x2C;
const EXTENSION: u8 = 0x21;
const END: u8 = 0x3B;
const GRAPHIC_CONTROL: u8 = 0xF9;
const APPLICATION: u8 = 0xFF;
/// How often the pictures are shown, up to the number.
const REPEATS: usize = 18;

/// The same pictures without comments, texts and what programs note, but for how often they are shown; and how large the
/// largest is. One that breaks off ends with the last whole picture; `None` when there is none.
pub(super) fn cleaned(bytes: &[u8]) -> Option<(Vec<u8>, (i64, i64))> {
    let head = bytes.get(..13)?;
    let (mut width, mut height) = (number(head, 6)?, number(head, 8)?);
    let mut at = 13 + colours(head[10]);
    let (mut kept, mut pictures) = (bytes.get(..at)?.to_vec(), 0);
    while let Some((end, is_picture)) = next(bytes, at) {
        let whole = &bytes[at..end];
        if is_picture {
            width = width.max(number(whole, 1)? + number(whole, 5)?);
            height = height.max(number(whole, 3)? + number(whole, 7)?);
            pictures += 1;
        }
        let repeats = whole.get(3..14).is_some_and(|name| name == b"NETSCAPE2.0" || name == b"ANIMEXTS1.0");
        match whole.get(..2) {
            Some([EXTENSION, GRAPHIC_CONTROL]) => kept.extend_from_slice(whole),
            Some([EXTENSION, APPLICATION]) if repeats && whole.get(14..16) == Some(&[3, 1]) => {
                kept.extend_from_slice(whole.get(..REPEATS)?);
                kept.push(0);
            }
            _ if is_picture => kept.extend_from_slice(whole),
            _ => {}
        }
        at = end;
    }
    kept.push(END);
    (pictures > 0).then_some((kept, (width, height)))
}

/// Where the block at a place ends, and whether it is a picture; `None` at the end of all, and where it breaks off.
fn next(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    match *bytes.get(at)? {
        // The smallest code stands before the blocks.
        IMAGE => Some((after_blocks(bytes, at + 11 + colours(*bytes.get(at + 9)?))?, true)),
        EXTENSION => Some((after_blocks(bytes, at + 2)?, false)),
        _ => None,
    }
}

fn number(bytes: &[u8], at: usize) -> Option<i64> {
    Some(i64::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

/// The bytes of a table of colours.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn after_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match usize::from(*bytes.get(at)?) {
            0 => return Some(at + 1),
            length => at += 1 + length,
        }
    }
}
