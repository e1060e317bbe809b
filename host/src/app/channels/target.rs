//! Sends one request to somebody else's service, and nowhere else: no redirects, no proxies,
//! bounded in time and size, to public addresses only.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

use crate::config::address::is_public;

/// Until there is a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// For a request and its answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Most of an answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Nothing can be sent at all.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The crypto library refuses.
    #[error("TLS cannot be used")]
    Tls(#[from] rustls::Error),
    /// The client refuses.
    #[error("the client of channels could not be made")]
    Client(#[source] reqwest::Error),
}

/// Something was not sent, or not answered. No URL is in it: it may be a secret.
#[derive(Debug, Error)]
pub(super) enum SendError {
    #[error("{0}")]
    Failed(String),
    #[error("the answer is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    #[error("it answered {0}")]
    Status(StatusCode),
    #[error("{0}")]
    NotUnderstood(&'static str),
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    /// Empty where nobody wants it.
    pub(super) body: Vec<u8>,
}

/// The client of all channels.
#[derive(Clone, Debug)]
pub(super) struct Target {
    client: reqwest::Client,
}

impl Target {
    pub(super) fn new(allow_private: bool) -> Result<Self, TargetError> {
        let mut roots = RootCertStore::empty();
        // Where the machine trusts nobody, every connection fails and says so.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("sentinel/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .referer(false)
            // A proxy would look up names by itself.
            .no_proxy()
            .http1_only()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .dns_resolver(Arc::new(Lookup { allow_private }))
            .build()
            .map_err(TargetError::Client)?;
        Ok(Self { client })
    }

    /// Sends a JSON body. The answer's body is read where it is wanted.
    pub(super) async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Vec<u8>,
        wants_body: bool,
    ) -> Result<Reply, SendError> {
        self.send(self.client.post(url).headers(headers).body(body), wants_body).await
    }

    pub(super) async fn get(&self, url: &str, headers: HeaderMap) -> Result<Reply, SendError> {
        self.send(self.client.get(url).headers(headers), true).await
    }

    async fn send(&self, request: reqwest::RequestBuilder, wants_body: bool) -> Result<Reply, SendError> {
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let mut body = Vec::new();
        while wants_body && let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
                return Err(SendError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, body })
    }
}

/// The whole story without the URL.
fn failed(error: reqwest::Error) -> SendError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(own) = cause {
        text = format!("{text}: {own}");
        cause = own.source();
    }
    SendError::Failed(text)
}

/// Looks names up, and forgets addresses that are not public. What is left is connected to, so
/// nobody can change the answer between the look and the connection.
#[derive(Debug)]
struct Lookup {
    allow_private: bool,
}

impl Resolve for Lookup {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let usable = usable(found, allow_private)?;
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}

fn usable(found: impl Iterator<Item = SocketAddr>, allow_private: bool) -> io::Result<Vec<SocketAddr>> {
    let usable: Vec<_> = found.filter(|own| allow_private || is_public(own.ip())).collect();
    if usable.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the name has no public address: set SENTINEL_WEBHOOK_ALLOW_PRIVATE if that is meant",
        ));
    }
    Ok(usable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_public_addresses_only() {
        let found = |texts: &[&str]| {
            texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect::<Vec<_>>()
        };
        let mixed = found(&["10.0.0.1", "8.8.8.8", "::1", "fd00::1", "2606:4700::1111", "169.254.169.254"]);
        let left = usable(mixed.clone().into_iter(), false).unwrap();
        assert_eq!(left, found(&["8.8.8.8", "2606:4700::1111"]));
        assert_eq!(usable(mixed.clone().into_iter(), true).unwrap(), mixed);
        let private = found(&["127.0.0.1", "::ffff:8.8.8.8"]);
        assert!(usable(private.into_iter(), false).unwrap_err().to_string().contains("no public address"));
    }

    #[tokio::test]
    async fn a_private_name_is_not_connected_to() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        let target = Target::new(false).unwrap();
        let error = target.post(&url, HeaderMap::new(), Vec::new(), false).await.unwrap_err().to_string();
        assert!(error.contains("no public address") && !error.contains("localhost:"), "{error}");
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "somebody connected");
    }
}
