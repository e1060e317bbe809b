//! Asks the daemon. It knows the routes and no terminal.
//!
//! The credential goes to the server that was named and nowhere else: a redirect is an error, and a
//! daemon on this machine is never asked through a proxy.

mod failure;

use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url, redirect};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::answer::Word;
use super::question::Question;
use super::text;
use super::{DEFAULT_URL, Server};

pub(super) use failure::Failure;

/// Time to connect, and time for a whole answer. A person is waiting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Most bytes of an answer: a list of calls of the largest size would be more, and nobody reads that.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Most bytes of a file with a credential.
const TOKEN_FILE_BYTES_MAX: u64 = 64 << 10;

/// The variable with the credential.
pub(in crate::cli) const TOKEN_VARIABLE: &str = "SENTINEL_TOKEN";

/// A daemon, and who is asking.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    name: String,
    agent: Option<String>,
    credential: Option<HeaderValue>,
}

/// What the daemon said.
#[derive(Clone, Debug)]
pub(super) struct Reply<T> {
    pub(super) value: T,
    /// The same as it came.
    pub(super) text: String,
    /// When it was said, by the daemon's clock.
    pub(super) at: Option<Timestamp>,
}

/// Which questions.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Those that are over, too, newest first.
    pub(super) all: bool,
    pub(super) after: Option<String>,
    pub(super) limit: Option<u32>,
}

#[derive(Deserialize)]
struct List {
    approvals: Vec<Box<RawValue>>,
}

impl Reply<()> {
    /// With what its text means.
    fn map<T>(self, read: impl FnOnce(&str) -> serde_json::Result<T>) -> serde_json::Result<Reply<T>> {
        Ok(Reply { value: read(&self.text)?, text: self.text, at: self.at })
    }
}

impl Client {
    pub(super) fn new(args: &Server) -> anyhow::Result<Self> {
        // An empty variable is how many shells say "not set".
        let base = server(if args.url.is_empty() { DEFAULT_URL } else { &args.url }, "--server")?;
        let credential = credential(args.token_file.as_deref())?;
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .redirect(redirect::Policy::none())
            .tls_backend_preconfigured(tls()?);
        if is_here(&base) {
            http = http.no_proxy();
        }
        Ok(Self {
            http: http.build().context("the HTTP client could not be started")?,
            name: text::line(base.as_str().trim_end_matches('/'), 80),
            base,
            agent: args.agent.clone(),
            credential,
        })
    }

    /// What to call the daemon.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether others could read the credential on its way.
    pub(super) fn is_exposed(&self) -> bool {
        self.credential.is_some() && self.base.scheme() == "http" && !is_here(&self.base)
    }

    pub(super) async fn list(&self, wanted: &Wanted) -> Result<Reply<Vec<Question>>, Failure> {
        let mut url = self.url(&[]);
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("status", if wanted.all { "all" } else { "open" });
            let limit = wanted.limit.map(|limit| limit.to_string());
            let named = [("agent", &self.agent), ("after", &wanted.after), ("limit", &limit)];
            for (name, value) in named {
                query.extend_pairs(value.iter().map(|value| (name, value)));
            }
        }
        let reply = self.ask(Method::GET, url, None).await?;
        reply
            .map(|text| {
                let list: List = serde_json::from_str(text)?;
                list.approvals.into_iter().map(Question::read).collect()
            })
            .map_err(|error| self.strange(&error))
    }

    pub(super) async fn one(&self, id: &str) -> Result<Reply<Question>, Failure> {
        let url = self.url(&[checked(id)?]);
        self.question(Method::GET, url, None).await
    }

    /// The same answer again changes nothing, so this can be repeated.
    pub(super) async fn answer(
        &self,
        id: &str,
        word: Word,
        note: Option<&str>,
    ) -> Result<Reply<Question>, Failure> {
        let url = self.url(&[checked(id)?, word.route()]);
        let body = note.map_or_else(|| json!({}), |note| json!({ "note": note }));
        self.question(Method::POST, url, Some(body.to_string())).await
    }

    async fn question(
        &self,
        method: Method,
        url: Url,
        body: Option<String>,
    ) -> Result<Reply<Question>, Failure> {
        let reply = self.ask(method, url, body).await?;
        reply.map(|text| Question::read(serde_json::from_str(text)?)).map_err(|error| self.strange(&error))
    }

    fn strange(&self, error: &serde_json::Error) -> Failure {
        Failure::other(&self.name, &format!("something else ({error})"))
    }

    fn url(&self, below: &[&str]) -> Url {
        let mut url = self.base.clone();
        // A base with a host has segments: `server` has looked.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["v1", "approvals"]).extend(below);
        }
        url
    }

    async fn ask(&self, method: Method, url: Url, body: Option<String>) -> Result<Reply<()>, Failure> {
        let failed = |error: reqwest::Error| Failure::transport(&self.name, &error);
        let mut request = self.http.request(method, url).headers(self.headers());
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        let at = response.headers().get(DATE).and_then(moment);
        let to = location(&response);
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Failure::other(&self.name, "an answer that is far too large"));
            }
            bytes.extend_from_slice(&chunk);
        }
        if status != StatusCode::OK {
            return Err(Failure::refusal(&self.name, status, to, &bytes, self.credential.is_some()));
        }
        let text = String::from_utf8(bytes).map_err(|_| Failure::other(&self.name, "no text"))?;
        Ok(Reply { value: (), text, at })
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.extend(self.credential.clone().map(|value| (AUTHORIZATION, value)));
        headers
    }
}

/// The address of a daemon, and nothing that would end up in a log.
pub(in crate::cli) fn server(text: &str, flag: &str) -> anyhow::Result<Url> {
    let shown = text::line(text, 80);
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .with_context(|| {
            format!("`{shown}` is no address of a daemon: use one such as `http://127.0.0.1:3100`")
        })?;
    if !url.username().is_empty() || url.password().is_some() {
        bail!("{flag} takes no user and no password: set {TOKEN_VARIABLE}, or use --token-file");
    }
    ensure!(url.query().is_none() && url.fragment().is_none(), "`{shown}` has a query: leave it out");
    Ok(url)
}

/// Whether the daemon is on this machine.
pub(in crate::cli) fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

/// From a file or [`TOKEN_VARIABLE`], never from an argument.
pub(in crate::cli) fn credential(file: Option<&Path>) -> anyhow::Result<Option<HeaderValue>> {
    let (text, origin) = match (file, std::env::var_os(TOKEN_VARIABLE)) {
        (Some(path), _) => (read(path)?, format!("the file `{}`", path.display())),
        (None, Some(text)) if !text.is_empty() => {
            let text = text.into_string().ok().with_context(|| format!("{TOKEN_VARIABLE} is no text"))?;
            (text, TOKEN_VARIABLE.to_owned())
        }
        (None, _) => return Ok(None),
    };
    let token = text.trim();
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    ensure!(is_token, "{origin} holds no credential: it is one line of letters and digits");
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .with_context(|| format!("{origin} holds no credential"))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn read(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(TOKEN_FILE_BYTES_MAX).read_to_string(&mut text))
        .with_context(|| format!("the credential `{}` could not be read", path.display()))?;
    Ok(text)
}

/// The authorities that this machine trusts, and the crypto library that we have.
pub(in crate::cli) fn tls() -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("TLS could not be set up")?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// An id that cannot become another path.
fn checked(id: &str) -> Result<&str, Failure> {
    let is_id =
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_id { Ok(id) } else { Err(Failure::bad_id(id)) }
}

fn location(response: &Response) -> Option<String> {
    let to = response.headers().get(reqwest::header::LOCATION)?;
    Some(text::line(&String::from_utf8_lossy(to.as_bytes()), 80))
}

/// The time of a `Date` header.
fn moment(value: &HeaderValue) -> Option<Timestamp> {
    let zoned = jiff::fmt::rfc2822::parse(value.to_str().ok()?).ok()?;
    Some(zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_no_more() {
        for good in ["http://127.0.0.1:3100", "https://sentinel.example/behind/a/proxy/"] {
            assert!(server(good, "--server").is_ok(), "{good}");
        }
        for wrong in
            ["127.0.0.1:3100", "ftp://a", "http://u:p@a", "http://u@a", "http://a/?q", "http://a/#f", ""]
        {
            assert!(server(wrong, "--server").is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_this_machine_is_here() {
        let here = |text: &str| is_here(&Url::parse(text).unwrap());
        assert!(here("http://127.0.0.1:1") && here("http://[::1]:1") && here("http://localhost"));
        assert!(
            !here("http://10.0.0.1") && !here("http://localhost.example") && !here("http://127.0.0.1.nip.io")
        );
    }

    #[test]
    fn an_id_stays_in_its_place() {
        assert!(checked("apr_0123456789abcdef0123456789abcdef_1").is_ok());
        for wrong in ["", "../agents", "a/b", "a?b", "a b", "ä"] {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_date_of_http_is_a_time() {
        let value = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(moment(&value), Some("1994-11-06T08:49:37Z".parse().unwrap()));
        assert_eq!(moment(&HeaderValue::from_static("soon")), None);
    }
}
