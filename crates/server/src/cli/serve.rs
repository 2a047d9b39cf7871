//! `parlor serve`.

use std::io::Write;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::failure::Failure;
use crate::clock::Clock;
use crate::config::{DataArgs, ServeArgs};
use crate::serve::{Server, stop_signal};

pub(super) fn run(data: &DataArgs, config: ServeArgs) -> Result<(), Failure> {
    start_log(&config)?;
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
    let targets: Targets =
        config.log.parse().map_err(|error| Failure::new(format!("--log {}: {error}", config.log)))?;
    let registry = tracing_subscriber::registry().with(targets);
    let done = match config.log_json {
        true => {
            registry.with(tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr)).try_init()
        }
        false => registry.with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr)).try_init(),
    };
    done.map_err(|error| Failure::new(error.to_string()))
}
