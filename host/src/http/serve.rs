//! The socket: accepting, and stopping in order.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::attempts::Peer;
use super::shared::Shared;
use crate::app::App;

/// How long a client may take to send the head of a request, and a connection may be idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait where no connection can be accepted: most often for a file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections at the same time: fewer than the files that a process may have open by default, so
/// that the store, its log and the definitions still get theirs.
const CONNECTIONS_MAX: usize = 768;

/// Answers on a socket until `shutdown` is ready. Then no new connection is accepted, event streams
/// end, and open requests get the drain timeout of the configuration.
///
/// # Errors
///
/// Where the socket cannot be used.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_with(app, listener, shutdown, super::with).await
}

/// The same server, which answers every call with a constant: what a benchmark of the real one is
/// held against.
///
/// # Errors
///
/// Where the socket cannot be used.
#[doc(hidden)]
pub async fn serve_constant(
    app: Arc<App>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_with(app, listener, shutdown, super::constant).await
}

async fn serve_with(
    app: Arc<App>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    router: fn(&Arc<Shared>) -> axum::Router,
) -> io::Result<()> {
    listener.local_addr()?;
    let drain_timeout = app.config.drain_timeout;
    let shared = Shared::new(app);
    let router = router(&shared);
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            // Beyond that they wait in the queue of the socket.
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((stream, address)) => {
                    let peer = Peer(address.ip());
                    connections.spawn(answer(stream, peer, router.clone(), shared.stopping.subscribe()));
                }
                // The client went away again, or descriptors have run out. Neither ends the daemon.
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            // Done is done; this only frees what is remembered of it.
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    shared.stopping.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(drain_timeout, drained).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests were cut off: the drain timeout is over");
    }
    Ok(())
}

/// Answers on one connection until it ends.
async fn answer(stream: TcpStream, peer: Peer, router: axum::Router, mut stopping: watch::Receiver<bool>) {
    // Where this fails, answers are slower and not wrong.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = TowerToHyperService::new(router.map_request(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        request
    }));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let stopped = async {
        // The other end of the channel lives as long as the server; without it, too, it is over.
        let _ = stopping.wait_for(|is_stopping| *is_stopping).await.map(drop);
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
