//! Reading SQLite's write-ahead log as its file format says (sqlite.org/fileformat2.html, section 4), to see what opening it
//! would silently leave out. Must not know: what is stored, or who opens it.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Result};
use std::path::Path;

/// What is in the log of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// There is none, or nothing is in it.
    Empty,
    /// It can be read to its end.
    Whole,
    /// Its head is damaged, so that nothing of it can be read.
    Unreadable,
    /// It can be read up to a place after which there are so many commits.
    Broken {
        /// Commits after the place that cannot be read, which are lost.
        lost: u64,
    },
}

const HEADER: usize = 32;
const FRAME: usize = 24;
/// The first word of a log; its last bit tells the order of bytes in checksums.
const MAGIC: u32 = 0x377f_0682;

/// Sums over what came before.
type Sums = (u32, u32);

/// Looks through the log at this path.
pub(crate) fn look(path: &Path) -> Result<Log> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Log::Empty),
        file => file?,
    };
    let mut log = BufReader::with_capacity(1 << 16, file);
    let mut header = [0; HEADER];
    if !filled(&mut log, &mut header)? {
        return Ok(Log::Empty);
    }
    let (magic, page) = (word(&header, 0), word(&header, 8));
    let big_endian = magic & 1 == 1;
    let header_sums = summed((0, 0), &header[..24], big_endian);
    let intact = magic & !1 == MAGIC && header_sums == (word(&header, 24), word(&header, 28));
    let page = usize::try_from(page).unwrap_or(0);
    if !intact || !page.is_power_of_two() || page > 1 << 16 {
        return Ok(Log::Unreadable);
    }
    let salts = [word(&header, 16), word(&header, 20)];
    let (mut sums, mut frame, mut broken, mut lost) = (header_sums, vec![0; FRAME + page], false, 0);
    while filled(&mut log, &mut frame)? {
        let ours = [word(&frame, 8), word(&frame, 12)] == salts;
        let told = (word(&frame, 16), word(&frame, 20));
        let expected = summed(summed(sums, &frame[..8], big_endian), &frame[FRAME..], big_endian);
        // Frames with other salts are from before the log began anew, unless more of ours follow.
        let follows = ours && told == expected;
        broken |= !follows;
        let is_commit = word(&frame, 4) != 0;
        lost += u64::from(broken && follows && is_commit);
        sums = told;
    }
    Ok(if lost > 0 { Log::Broken { lost } } else { Log::Whole })
}

/// Fills the buffer; false when the file ends before.
fn filled(from: &mut impl Read, buffer: &mut [u8]) -> Result<bool> {
    match from.read_exact(buffer) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |word| u32::from_be_bytes(word.try_into().unwrap_or_default()))
}

fn summed((mut first, mut second): Sums, bytes: &[u8], big_endian: bool) -> Sums {
    let number = |word: &[u8]| {
        let word = word.try_into().unwrap_or_default();
        if big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
    };
    for pair in bytes.chunks_exact(8) {
        first = first.wrapping_add(number(&pair[..4])).wrapping_add(second);
        second = second.wrapping_add(number(&pair[4..])).wrapping_add(first);
    }
    (first, second)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// The log of a database with so many commits of one row, as a crash leaves it.
    fn log(commits: usize) -> Vec<u8> {
        let folder = std::env::temp_dir().join(format!("parlor-wal-{commits}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let db = Connection::open(folder.join("x.db")).unwrap();
        db.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (text TEXT)").unwrap();
        for number in 1..commits {
            db.execute("INSERT INTO t VALUES ($1)", [format!("row {number}")]).unwrap();
        }
        let bytes = std::fs::read(folder.join("x.db-wal")).unwrap();
        drop(db);
        std::fs::remove_dir_all(&folder).unwrap();
        bytes
    }

    fn looked(name: &str, bytes: &[u8]) -> Log {
        let path = std::env::temp_dir().join(format!("parlor-wal-{name}-{}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        let found = look(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        found
    }

    #[test]
    fn damage_is_told_from_an_end() {
        let sound = log(20);
        let frame = |at: usize| HEADER + at * (FRAME + 4096);
        assert_eq!(looked("sound", &sound), Log::Whole);
        assert_eq!(looked("none", b""), Log::Empty);
        assert_eq!(look(Path::new("/nowhere/x.db-wal")).unwrap(), Log::Empty);
        for cut in [1, 100, 5_000, 20_000] {
            assert_eq!(looked("cut", &sound[..sound.len() - cut]), Log::Whole, "{cut}: as a crash leaves it");
        }
        // In the page, the number of the page and the checksum of a frame in the middle.
        assert_eq!(looked("head", &[&[sound[0] ^ 1], &sound[1..]].concat()), Log::Unreadable);
        for at in [frame(10) + FRAME + 300, frame(10) + 2, frame(10) + 17] {
            let mut damaged = sound.clone();
            damaged[at] ^= 1;
            let found = looked("damaged", &damaged);
            assert!(matches!(found, Log::Broken { lost } if lost >= 1), "{at}: {found:?}");
        }
        let mut last = sound.clone();
        let end = last.len() - 1;
        last[end] ^= 1;
        assert_eq!(looked("last", &last), Log::Whole, "no commit after it is lost");
    }
}
