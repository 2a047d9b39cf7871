//! Owns: the life of a server: listen, announce, serve, stop without cutting anybody off in the middle.

use std::net::SocketAddr;
use std::time::Duration;

use parlor_realtime::Close;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::app::{App, Ctx, secrets, start};
use crate::auth::token::new_session_token;
use crate::clock::Clock;
use crate::config::{DataArgs, ServeArgs};
use crate::error::StartError;
use crate::net::accept;
use crate::router::router;
use crate::transport::pusher::{self, state::Pusher};
use crate::workers;

/// How long open requests and connections may take once the server stops, beside the time in which it asks them to go.
/// With the usual three seconds for that, the stop ends before the ten after which supervisors kill.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// How many times a second some connections are asked to leave while the server stops.
const STEPS_A_SECOND: usize = 20;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    /// The application, for tests.
    pub app: Ctx,
    pusher: Pusher,
    /// The URL of its database.
    database: String,
    listener: TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Opens the data and the port.
    ///
    /// # Errors
    /// What is missing, in a sentence for the terminal.
    pub async fn bind(data: &DataArgs, config: ServeArgs, clock: Clock) -> Result<Self, StartError> {
        let wanted = config.listen;
        let refused = |error| StartError::Listen(wanted, error);
        // First the port: a second start by mistake must not touch the data.
        let listener = listen(wanted).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let (app, feeds) = App::open(data, with_secret(config)?, clock).await?;
        workers::start(&app, feeds)?;
        let pusher = pusher::start(&app);
        Ok(Self { app, pusher, database: data.database_url(), listener, address })
    }

    /// Serves until `stop` is done, then lets open requests end and tells every connection, to the last byte.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) {
        let Self { app, pusher, listener, database, .. } = self;
        let stopping = app.clone();
        let draining = tokio::spawn(async move {
            stop.await;
            drain(&stopping).await;
        });
        let drain_timeout = DRAIN_TIMEOUT + Duration::from_secs(app.config.drain_seconds);
        let writes = Duration::from_secs(app.config.client_write_timeout);
        let stop = app.stopping.subscribe();
        let all_ended = accept::serve(listener, router(&app, &pusher), stop, drain_timeout, writes).await;
        let _ = draining.await;
        if !all_ended {
            tracing::warn!("some requests were cut off");
        }
        let db = app.db.engine().clone();
        let closed = move || {
            db.shutdown();
            start::end_use(&database);
        };
        let _ = tokio::task::spawn_blocking(closed).await;
    }
}

/// Secrets that are none end the start. The playground signs tokens as a host application would, with a secret of its own where none is given.
fn with_secret(mut config: ServeArgs) -> Result<ServeArgs, StartError> {
    secrets::check(&config)?;
    if config.playground && !config.listen.ip().is_loopback() {
        return Err(StartError::Playground(config.listen));
    }
    if config.playground && config.jwt_secret.as_deref().is_none_or(str::is_empty) {
        config.jwt_secret = Some(new_session_token());
    }
    Ok(config)
}

/// Takes the port, with room for a crowd that comes back at once after a restart.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Takes no more connections and asks those there are to come back, one after the other in random order, so that
/// they do not fall upon the next server all at once.
async fn drain(app: &App) {
    tracing::info!(connections = app.hub.joined(), "stopping");
    app.stopping.send_replace(true);
    let mut open = app.hub.mailboxes();
    open.retain(|mailbox| !mailbox.is_last());
    let steps = usize::try_from(app.config.drain_seconds).unwrap_or(0) * STEPS_A_SECOND;
    let step = open.len().div_ceil(steps.max(1)).max(1);
    for some in open.chunks(step) {
        some.iter().for_each(|mailbox| mailbox.close(Close::Restart));
        if steps > 0 {
            sleep(Duration::from_secs(1) / u32::try_from(STEPS_A_SECOND).unwrap_or(1)).await;
        }
    }
    // Those that leave last, those that joined meanwhile, and those that still will. Their connections are waited for where they are
    // accepted, until the last of them has been told and has gone.
    app.hub.stop(Close::Restart);
}

/// SIGINT or SIGTERM.
///
/// # Errors
/// When signals cannot be listened to.
pub fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
