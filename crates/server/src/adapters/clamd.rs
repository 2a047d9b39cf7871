//! Owns: asking ClamAV's daemon whether bytes are a virus (clamd(8), INSTREAM). Must not know: whose bytes these are, what
//! becomes of them.
//!
//! "Clean" means that nothing was found, not that everything was looked into: the daemon skips what is larger than its own
//! limits, and what is packed too deeply.

use std::io;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::blobs::Chunks;
use crate::config::ClamdAddress;

/// How long it may take to accept a connection, and to go on.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const STEP_TIMEOUT: Duration = Duration::from_secs(60);
/// How long all of it may take.
const SCAN_TIMEOUT: Duration = Duration::from_secs(300);
/// As much of an answer as is read.
const LONGEST_ANSWER: u64 = 4_096;

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing was found.
    Clean,
    /// What was found, by the name that the daemon's database gives it.
    Infected(String),
}

/// Asks about bytes.
///
/// # Errors
/// When the daemon is not reached or does not go on; `InvalidData` when it answers that it could not look.
pub(crate) async fn scan(address: &ClamdAddress, bytes: Chunks) -> io::Result<Verdict> {
    match address {
        ClamdAddress::Tcp(address) => {
            let stream = within(CONNECT_TIMEOUT, TcpStream::connect(address)).await?;
            within(SCAN_TIMEOUT, ask(stream, bytes)).await
        }
        #[cfg(unix)]
        ClamdAddress::Unix(path) => {
            let stream = within(CONNECT_TIMEOUT, tokio::net::UnixStream::connect(path)).await?;
            within(SCAN_TIMEOUT, ask(stream, bytes)).await
        }
        #[cfg(not(unix))]
        ClamdAddress::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Each piece goes with its length in front; none ends them. A daemon that has seen enough answers before it has read
/// everything, and closes.
async fn ask(stream: impl AsyncRead + AsyncWrite + Unpin, mut bytes: Chunks) -> io::Result<Verdict> {
    let (read, mut write) = tokio::io::split(stream);
    let mut read = read.take(LONGEST_ANSWER);
    let sent = async {
        write.write_all(b"zINSTREAM\0").await?;
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk?;
            let length = u32::try_from(chunk.len()).map_err(io::Error::other)?;
            within(STEP_TIMEOUT, write.write_all(&length.to_be_bytes())).await?;
            within(STEP_TIMEOUT, write.write_all(&chunk)).await?;
        }
        write.write_all(&[0; 4]).await?;
        write.flush().await
    };
    let mut answer = Vec::new();
    // Listened to all the while: what it said before it closed is lost with the next piece that it does not take.
    let (sent, heard) = tokio::join!(sent, read.read_to_end(&mut answer));
    let answer = String::from_utf8_lossy(&answer);
    match (verdict(answer.trim_end_matches(['\0', '\n'])), sent, heard) {
        // Of what it did not get it can say nothing good.
        (Some(Ok(Verdict::Clean)), Err(error), _) => Err(error),
        (Some(verdict), _, _) => verdict,
        (None, Err(error), _) | (None, _, Err(error)) => Err(error),
        (None, Ok(()), Ok(_)) => Err(io::Error::other("the virus scanner answers nothing that can be read")),
    }
}

/// `stream: OK`, `stream: NAME FOUND`, or `… ERROR`.
fn verdict(answer: &str) -> Option<io::Result<Verdict>> {
    if let Some(why) = answer.strip_suffix(" ERROR") {
        return Some(Err(io::Error::new(io::ErrorKind::InvalidData, why.to_owned())));
    }
    match answer.strip_prefix("stream: ")? {
        "OK" => Some(Ok(Verdict::Clean)),
        found => found.strip_suffix(" FOUND").map(|name| Ok(Verdict::Infected(name.to_owned()))),
    }
}

async fn within<T>(limit: Duration, doing: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limit, doing).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn answers() {
        assert_eq!(verdict("stream: OK").unwrap().unwrap(), Verdict::Clean);
        let found = verdict("stream: Eicar-Test.UNOFFICIAL FOUND").unwrap().unwrap();
        assert_eq!(found, Verdict::Infected("Eicar-Test.UNOFFICIAL".to_owned()));
        assert!(verdict("INSTREAM size limit exceeded. ERROR").unwrap().is_err());
        for other in ["", "OK", "stream: ", "stream: maybe", "HTTP/1.1 400 Bad Request"] {
            assert!(verdict(other).is_none(), "{other}");
        }
    }

    /// A daemon that reads so many bytes, says something, and closes.
    async fn daemon(reads: usize, says: &'static str) -> ClamdAddress {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = ClamdAddress::Tcp(listener.local_addr().unwrap().to_string());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read_exact(&mut vec![0; reads]).await;
            let _ = stream.write_all(says.as_bytes()).await;
        });
        address
    }

    fn pieces(texts: &[&'static [u8]]) -> Chunks {
        let texts: Vec<io::Result<Bytes>> = texts.iter().map(|text| Ok(Bytes::from_static(text))).collect();
        Box::pin(futures_util::stream::iter(texts))
    }

    #[tokio::test]
    async fn clean_is_believed_of_what_was_looked_at() {
        static PIECE: [u8; 1 << 20] = [7; 1 << 20];
        let large = pieces(&[&PIECE[..]; 32]);
        assert!(scan(&daemon(14, "stream: OK\0").await, large).await.is_err(), "it answered the first piece");
    }

    #[tokio::test]
    async fn a_daemon_that_lies_or_leaves_is_an_error_and_no_verdict() {
        let whole = 10 + 4 + 3 + 4;
        assert_eq!(
            scan(&daemon(whole, "stream: OK\0").await, pieces(&[b"abc"])).await.unwrap(),
            Verdict::Clean
        );
        for (reads, says) in [(whole, ""), (0, "rubbish"), (whole, "stream: \u{FFFD}"), (4, "size. ERROR\0")]
        {
            assert!(scan(&daemon(reads, says).await, pieces(&[b"abc"])).await.is_err(), "{says}");
        }
        let gone = ClamdAddress::Tcp("127.0.0.1:9".to_owned());
        assert!(scan(&gone, pieces(&[b"abc"])).await.is_err());
        let broken: Vec<io::Result<Bytes>> =
            vec![Ok(Bytes::from_static(b"a")), Err(io::ErrorKind::TimedOut.into())];
        let half = scan(&daemon(15, "").await, Box::pin(futures_util::stream::iter(broken))).await;
        assert!(half.is_err(), "what broke off was not looked at");
    }
}
