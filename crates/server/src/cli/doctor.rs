//! `parlor doctor`: finds the usual causes of "no live updates", and of a server that does not start.

use clap::Args;
use parlor_chat::tenants;
use parlor_db::DatabaseFiles;

use super::failure::Failure;
use super::output::JsonArg;
use super::store::{Store, block_on, one_connection};
use crate::adapters::blobs::Blobs;
use crate::adapters::clamd::{self, Verdict};
use crate::adapters::outbound::Outbound;
use crate::app::start::open_database;
use crate::cli::doctor::check::Check;
use crate::config::{DataArgs, FilesArgs, values};
use crate::error::StartError;
use crate::services::rotation::{self, Status};

mod check;
mod live;

#[derive(Args)]
pub(super) struct DoctorArgs {
    /// Address of a running server, as browsers reach it (through the proxy)
    #[arg(long, env = "PARLOR_PUBLIC_URL", value_name = "URL", value_parser = values::public_address)]
    url: Option<String>,
    /// Token of any person, for checks that need one (`parlor token --sub doctor`)
    #[arg(long, env = "PARLOR_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Origin of the page that does not get updates, such as https://shop.example
    #[arg(long, value_parser = values::origin)]
    origin: Option<String>,
    #[command(flatten)]
    files: FilesArgs,
    #[command(flatten)]
    json: JsonArg,
}

impl DoctorArgs {
    /// The running server to look at.
    pub(super) fn url(&self) -> Option<&str> {
        self.url.as_deref().filter(|url| !url.is_empty())
    }
}

/// Free space below which writing may soon fail.
const LITTLE_SPACE: u64 = 1 << 30;
pub(super) fn run(data: &DataArgs, args: &DoctorArgs) -> Result<(), Failure> {
    let mut checks = Vec::new();
    if data.is_there() {
        checks.extend([database(data), secret_key(data)]);
        checks.extend(disk(data));
    }
    checks.extend(bucket(data, &args.files)?);
    checks.extend(virus_scanner(&args.files)?);
    if let Some(url) = args.url() {
        let (url, token) = (url.trim_end_matches('/'), args.token.as_deref());
        let outbound = Outbound::new(false)?;
        checks.extend(block_on(live::checks(&outbound, url, token, args.origin.as_deref()))?);
    }
    let failed = checks.iter().filter(|check| !check.ok).count();
    args.json.print(&checks, |checks| {
        let line = |check: &Check| {
            format!("{}  {}: {}", if check.ok { "ok  " } else { "FAIL" }, check.name, check.detail)
        };
        let mut text = checks.iter().map(line).collect::<Vec<_>>().join("\n");
        if args.url.is_none() {
            text.push_str("\n      live updates were not checked: give --url of the running server");
        }
        text
    });
    if failed == 0 {
        Ok(())
    } else {
        Err(Failure::new(format!("{failed} of {} checks failed", checks.len())))
    }
}

fn database(data: &DataArgs) -> Check {
    let name = "database";
    // Before anything opens it: that may drop what cannot be read.
    let files = match DatabaseFiles::of(&data.database_url()) {
        Ok(files) => files,
        Err(error) => return Check::bad(name, error.to_string()),
    };
    match files.as_ref().map(DatabaseFiles::check).transpose() {
        Ok(Some(Some(word))) => return Check::bad(name, word),
        Ok(_) => {}
        Err(error) => return Check::bad(name, error.to_string()),
    }
    let opened = Store::open(data).and_then(|store| Ok(store.read(tenants::list)?));
    match opened {
        Ok(tenants) => {
            let sound = format!("opens and is writable, {} tenant(s)", tenants.len());
            files.map_or_else(|| Check::good(name, &sound), |files| read_through(&files, &sound))
        }
        Err(failure) => Check::bad(name, failure.text),
    }
}

fn read_through(files: &DatabaseFiles, sound: &str) -> Check {
    let name = "database";
    match files.quick_check() {
        Ok(found) if found.is_empty() => Check::good(name, format!("{sound}, read through without a fault")),
        Ok(found) => Check::bad(
            name,
            format!(
                "damaged: {}. Stop the server, keep a copy of the folder, put the files back from a backup",
                found.join("; ")
            ),
        ),
        Err(error) => Check::bad(name, error.to_string()),
    }
}

fn secret_key(data: &DataArgs) -> Check {
    let name = "secret key";
    let status = match open_database(data, one_connection()).and_then(|engine| rotation::status(data, engine))
    {
        Ok(status) => status,
        Err(error) => return Check::bad(name, error.to_string()),
    };
    let Status { current, previous, source, .. } = status;
    match (current, previous) {
        (_, Some(previous)) => Check::bad(
            name,
            format!("the rotation from {previous} has not ended: run `parlor secrets rotate` again"),
        ),
        (Some(current), None) => Check::good(
            name,
            format!("{current}, in {source}; a backup of the database is unreadable without it"),
        ),
        (None, None) => Check::good(name, format!("none yet; a first start takes the one in {source}")),
    }
}

/// The bucket of files, where one is named.
fn bucket(data: &DataArgs, files: &FilesArgs) -> Result<Option<Check>, Failure> {
    let name = "files";
    let blobs = match Blobs::of(data, files, &Outbound::new(false)?) {
        Ok(blobs) => blobs,
        Err(StartError::NoFiles) if !data.is_there() => return Ok(None),
        Err(error) => return Ok(Some(Check::bad(name, error.to_string()))),
    };
    let tried = block_on(blobs.try_bucket())?;
    Ok(tried.map(|tried| match tried {
        Ok(text) => Check::good(name, text),
        Err(error) => Check::bad(name, error.to_string()),
    }))
}

/// The virus scanner, where one is named.
fn virus_scanner(files: &FilesArgs) -> Result<Option<Check>, Failure> {
    let name = "virus scanner";
    let Some(address) = files.clamd() else { return Ok(None) };
    Ok(Some(match block_on(clamd::scan(address, Box::pin(futures_util::stream::empty())))? {
        Ok(Verdict::Clean) => Check::good(name, "answers"),
        Ok(Verdict::Infected(found)) => Check::bad(name, format!("finds {found} in nothing")),
        Err(error) => Check::bad(name, error.to_string()),
    }))
}

fn disk(data: &DataArgs) -> Option<Check> {
    let name = "disk";
    if !data.is_embedded() {
        return None;
    }
    let free = fs4::available_space(&data.data).ok()?;
    let text = format!("{} MiB free in {}", free >> 20, data.data.display());
    Some(if free < LITTLE_SPACE { Check::bad(name, format!("only {text}")) } else { Check::good(name, text) })
}
