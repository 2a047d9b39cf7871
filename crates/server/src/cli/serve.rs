//! `parlor serve`.

use std::io::{IsTerminal, Write};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::failure::Failure;
use crate::clock::Clock;
use crate::config::{DataArgs, ServeArgs};
use crate::serve::{Server, stop_signal};

pub(super) fn run(data: &DataArgs, config: ServeArgs) -> Result<(), Failure> {
    start_log(&config)?;
    if config.redis_url().is_some() && data.is_embedded() {
        tracing::warn!(
            "REDIS_URL is for several servers on one PostgreSQL: with SQLite there is one, and it gains nothing"
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = stop_signal()?;
        let public_url = config.public_url().map(str::to_owned);
        let server = Server::bind(data, config, Clock::System).await?;
        let address = public_url.unwrap_or_else(|| format!("http://{}", server.address));
        announce(&server, &address);
        server.run(stop).await;
        Ok(())
    })
}

/// The first line is for scripts: they wait for it and read the port. One who reads no further must not stop us.
fn announce(server: &Server, address: &str) {
    let mut text = format!("listening on http://{}\n", server.address);
    if let Some(hint) = server.app.setup_hint(address) {
        text.push_str(&hint);
        text.push('\n');
    }
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn start_log(config: &ServeArgs) -> Result<(), Failure> {
    // A target without its level would be everything that the target says.
    let cut = config.log.split(',').any(|target| target.trim_end().ends_with('='));
    let targets = config.log.parse::<Targets>().ok().filter(|_| !cut).ok_or_else(|| {
        let usual =
            "use a level (error, warn, info, debug, trace, off), or targets such as info,parlor=debug";
        Failure::usage(format!("--log {}: {usual}", config.log))
    })?;
    let registry = tracing_subscriber::registry().with(targets);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // Codes of colours are for terminals, and a file is none (https://no-color.org).
    let coloured =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
    let done = match config.log_json {
        true => registry.with(lines.json()).try_init(),
        false => registry.with(lines.with_ansi(coloured)).try_init(),
    };
    done.map_err(|error| Failure::new(error.to_string()))
}
