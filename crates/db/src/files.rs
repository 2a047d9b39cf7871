//! The files of an embedded database: whether what was stored is still all there. A file beside the database says that
//! there is one, and whether a server has it open, so that a database that was lost is not taken for a new one.
//! Must not know: what is stored, or how the finder is told.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::wal::{self, Log};
use crate::{Error, sqlite};

/// Commits after a broken place of the log of which the last may never have been acknowledged: a power cut leaves it so.
const TORN: u64 = 1;

/// The files of one embedded database.
#[derive(Clone, Debug)]
pub struct DatabaseFiles {
    database: PathBuf,
}

/// Whether a server has it open, as the file beside it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// None.
    Closed,
    /// One has, or ended without a word.
    Open,
}

impl Use {
    fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed\n",
            Self::Open => "open\n",
        }
    }
}

impl DatabaseFiles {
    /// Those of the database at this URL; none where another machine keeps it.
    pub fn of(url: &str) -> Result<Option<Self>, Error> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(None);
        }
        Ok(Some(Self { database: sqlite::path_of(url)? }))
    }

    /// Whether there is a database, or was one.
    #[must_use]
    pub fn are_there(&self) -> bool {
        self.database.exists() || self.mark().exists()
    }

    fn beside(&self, end: &str) -> PathBuf {
        let mut path = self.database.clone().into_os_string();
        path.push(end);
        PathBuf::from(path)
    }

    /// The file that says that there is a database.
    fn mark(&self) -> PathBuf {
        self.beside(".installed")
    }

    /// What the file beside the database says; nothing where there was none yet.
    fn marked(&self) -> Option<Use> {
        let text = std::fs::read_to_string(self.mark()).ok()?;
        Some(if text == Use::Open.word() { Use::Open } else { Use::Closed })
    }

    /// Looks whether what was stored is still there, before anything opens the database: opening it makes a file that
    /// is missing, and drops what cannot be read of the log. Answers what is worth a word.
    ///
    /// # Errors
    /// [`Error::Lost`] when going on would lose what may be found again, with what to do.
    pub fn check(&self) -> Result<Option<String>, Error> {
        let Some(used) = self.marked() else { return Ok(None) };
        let (database, log) = (self.database.display(), self.beside("-wal"));
        let anew = format!("to go on with what is left, remove {}", self.mark().display());
        if std::fs::metadata(&self.database).map_or(0, |about| about.len()) == 0 {
            return Err(Error::Lost(format!(
                "{database} is missing or empty, and was not before: put it back from a backup; {anew}: the next start \
                 begins a new installation"
            )));
        }
        let found = wal::look(&log).map_err(|error| Error::Lost(format!("{}: {error}", log.display())))?;
        match (found, used) {
            (Log::Broken { lost }, _) if lost > TORN => Err(Error::Lost(format!(
                "{} is damaged, and {lost} commits after the damage cannot be read: keep a copy of the folder, put the \
                 files back from a backup; {anew}",
                log.display()
            ))),
            (Log::Unreadable, _) => Err(Error::Lost(format!(
                "{} is damaged at its beginning, and nothing of it can be read: keep a copy of the folder, put the files \
                 back from a backup; {anew}",
                log.display()
            ))),
            (Log::Broken { .. }, _) => Ok(Some(format!(
                "the end of {} cannot be read: what was stored last before the crash may be gone",
                log.display()
            ))),
            (Log::Empty, Use::Open) => Ok(Some(format!(
                "the server ended without closing its database, and {} is missing or empty: unless another program has \
                 opened the database since, what was stored last is gone. Copy a database together with its -wal file",
                log.display()
            ))),
            (Log::Empty | Log::Whole, _) => Ok(None),
        }
    }

    /// Says from now on that there is a database, and whether a server has it open. Answers what was said before.
    ///
    /// # Errors
    /// When it cannot be said.
    pub fn say(&self, used: Use) -> io::Result<Option<Use>> {
        let before = self.marked();
        if before == Some(used) {
            return Ok(before);
        }
        let part = self.beside(".installed.part");
        write_private(&part, used.word().as_bytes())?;
        std::fs::rename(&part, self.mark())?;
        Ok(before)
    }

    /// Says that there is a database, where nothing is said yet.
    ///
    /// # Errors
    /// When it cannot be said.
    pub fn say_there_is_one(&self) -> io::Result<()> {
        match self.marked() {
            Some(_) => Ok(()),
            None => self.say(Use::Closed).map(drop),
        }
    }

    /// Reads the whole database and answers what is wrong with it, in SQLite's words. Takes a while.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn quick_check(&self) -> Result<Vec<String>, Error> {
        sqlite::Conn::reader(&self.database)?.quick_check()
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
