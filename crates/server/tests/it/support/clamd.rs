//! A real ClamAV daemon with a database of one virus, which is none: the test file that scanners agreed on.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use parlor_db::testing::TempDir;

const PROGRAM: &str = "/usr/sbin/clamd";

/// Stopped when the test ends.
pub struct Clamd {
    child: Child,
    /// As `PARLOR_CLAMD`.
    pub address: String,
    _folder: TempDir,
}

/// The file that every scanner takes for a virus. Put together here: as one piece it would upset those of this machine.
pub fn eicar() -> String {
    let [first, second] = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}", "$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];
    format!("{first}{second}")
}

impl Clamd {
    /// Starts one; `None`, with a line that says so, where it is not installed.
    pub async fn start() -> Option<Self> {
        if !std::path::Path::new(PROGRAM).exists() {
            eprintln!("skipped: ClamAV is not installed (scripts/need-tools)");
            return None;
        }
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("db")).unwrap();
        let hex: String = eicar().bytes().take(60).map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(path("db").join("test.ndb"), format!("Eicar-Test:0:*:{hex}\n")).unwrap();
        let socket = path("clamd.ctl");
        let config = format!(
            "DatabaseDirectory {}\nLocalSocket {}\nForeground yes\nStreamMaxLength 2M\nMaxThreads 2\n",
            path("db").display(),
            socket.display()
        );
        std::fs::write(path("clamd.conf"), config).unwrap();
        let mut command = Command::new(PROGRAM);
        command.arg("-c").arg(path("clamd.conf")).stdout(Stdio::null()).stderr(Stdio::null());
        let address = format!("unix:{}", socket.display());
        let started = Self { child: command.spawn().unwrap(), address, _folder: folder };
        for _ in 0..200 {
            if tokio::net::UnixStream::connect(&socket).await.is_ok() {
                return Some(started);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("clamd did not start");
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.kill();
    }
}
