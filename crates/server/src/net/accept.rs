//! Owns: turning accepted connections into requests, with a limit on how slowly they may arrive, and letting open
//! requests, and what they became (WebSockets), end when the server stops. Whoever is still sending one then must be
//! quick. Must not know: routes.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tower_service::Service;

use crate::net::arriving::{Arriving, Held, Late};
use crate::net::write_timeout::WriteTimeout;

/// How long a connection may take to send a request's head, and may idle between requests. Longer than proxies keep
/// idle connections, so that they close first.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// How long the rest of a request may take to arrive once the server stops: a stranger who sends none must not hold up
/// its end, and supervisors kill after ten seconds.
const REST_TIMEOUT: Duration = Duration::from_secs(2);

/// How often is looked whether a connection has become idle while the server stops.
const LOOK: Duration = Duration::from_millis(50);

/// Held as long as a connection is in use. A request carries it along, so that whoever takes the connection over for a
/// WebSocket holds it to the last byte: the process must not end before the close frames have left.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    _open: mpsc::Sender<Infallible>,
}

/// Accepts until `stop` turns true, then waits for all connections, at most `drain_timeout` long; false when some were cut
/// off.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    mut stop: watch::Receiver<bool>,
    drain_timeout: Duration,
    write_timeout: Duration,
) -> bool {
    let stopping = stop.clone();
    let (open, mut all_closed) = mpsc::channel::<Infallible>(1);
    let open = Open { _open: open };
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let _ = stream.set_nodelay(true);
                    let stream = WriteTimeout::new(stream, write_timeout);
                    tokio::spawn(connection(stream, peer, router.clone(), stopping.clone(), open.clone()));
                }
                Err(error) => pause(&error).await,
            },
        }
    }
    drop((listener, open));
    timeout(drain_timeout, all_closed.recv()).await.is_ok()
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// One connection; `open` is held as long as it lives.
async fn connection(
    stream: WriteTimeout<TcpStream>,
    peer: SocketAddr,
    router: Router,
    mut stop: watch::Receiver<bool>,
    open: Open,
) {
    let working = Arc::new(());
    let (work, stopping, writing) = (working.clone(), stop.clone(), stream.writing());
    let service = service_fn(move |request: Request<Incoming>| {
        let (working, stop) = (work.clone(), stopping.clone());
        let mut request = request.map(|body| Arriving::new(body, move || late(stop)));
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(open.clone());
        let answer = router.clone().call(request);
        async move { answer.await.map(|response| response.map(|body| Held::new(body, working))) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stopped(&mut stop) => connection.as_mut().graceful_shutdown(),
    }
    if timeout(REST_TIMEOUT, connection.as_mut()).await.is_ok() {
        return;
    }
    // Two hold it when nothing is worked at: this function and the service. What is left then is half a head.
    while Arc::strong_count(&working) > 2 || writing.load(Ordering::Relaxed) {
        if timeout(LOOK, connection.as_mut()).await.is_ok() {
            return;
        }
    }
}

fn late(mut stop: watch::Receiver<bool>) -> Late {
    Box::pin(async move {
        stopped(&mut stop).await;
        sleep(REST_TIMEOUT).await;
    })
}

/// Out of descriptors: others must end before we accept again.
async fn pause(error: &std::io::Error) {
    let theirs = [ErrorKind::ConnectionRefused, ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset];
    if !theirs.contains(&error.kind()) {
        tracing::error!(%error, "connections cannot be accepted");
        sleep(Duration::from_millis(500)).await;
    }
}
