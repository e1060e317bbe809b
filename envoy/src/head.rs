//! The head of a request as the proxy holds it. Bytes that are no text have no meaning here.

use sentinel_engine::HttpHead;

use crate::pairs::{Pairs, TextPairs};

/// Method, target and headers, each as it was received.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pairs: TextPairs,
    /// The scheme of the connection, whatever the head says of itself.
    scheme: Option<&'static str>,
}

/// Why header pairs are no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// A value that is not UTF-8: nobody knows how the other side reads it.
    NotText,
    /// A pseudo-header twice, or one that nobody knows.
    Pseudo,
}

/// What the pseudo-headers say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Target<'h> {
    pub(crate) method: &'h str,
    pub(crate) scheme: &'h str,
    pub(crate) authority: &'h str,
    pub(crate) path: &'h str,
}

impl Head {
    /// Reads what the proxy hands over. `:scheme` is the proxy's own word; where it has none the
    /// caller says what the connection is.
    pub(crate) fn read(pairs: Pairs) -> Result<Self, HeadError> {
        let pairs = pairs.into_text().ok_or(HeadError::NotText)?;
        let mut seen = 0_u8;
        for (name, _) in pairs.iter().filter(|(name, _)| name.starts_with(':')) {
            let bit = match name {
                ":method" => 1,
                ":scheme" => 2,
                ":authority" => 4,
                ":path" => 8,
                _ => return Err(HeadError::Pseudo),
            };
            if seen & bit != 0 {
                return Err(HeadError::Pseudo);
            }
            seen |= bit;
        }
        Ok(Self { pairs, scheme: None })
    }

    /// The same over a connection of this scheme.
    pub(crate) fn over(mut self, scheme: &'static str) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// What the pseudo-headers say; nothing where one is missing.
    pub(crate) fn target(&self) -> Target<'_> {
        let mut target = Target::default();
        for (name, value) in self.pairs.iter() {
            match name {
                ":method" => target.method = value,
                ":scheme" => target.scheme = value,
                ":authority" => target.authority = value,
                ":path" => target.path = value,
                _ => {}
            }
        }
        target.scheme = self.scheme.unwrap_or(target.scheme);
        target
    }

    /// Headers as the engine wants them.
    pub(crate) fn headers(&self) -> Vec<(&str, &str)> {
        let mut headers = Vec::with_capacity(self.pairs.len());
        headers.extend(self.pairs.iter().filter(|(name, _)| !name.starts_with(':')));
        headers
    }

    /// Whether there is such a header.
    pub(crate) fn has(&self, wanted: &str) -> bool {
        self.pairs.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    }

    /// Whether it carries a payment of x402 in a header.
    pub(crate) fn pays(&self) -> bool {
        self.has("payment-signature") || self.has("x-payment")
    }

    /// Headers that tell a proxy what to do, and that no call has. One the proxy writes over by itself.
    pub(crate) fn proxy_headers(&self) -> impl Iterator<Item = &str> {
        let names = self.pairs.iter().map(|(name, _)| name);
        names.filter(|name| {
            is_below(name, "x-envoy-") && !name.eq_ignore_ascii_case("x-envoy-external-address")
        })
    }

    /// As the engine wants it.
    pub(crate) fn view<'a>(&'a self, headers: &'a [(&'a str, &'a str)]) -> HttpHead<'a> {
        let Target { method, scheme, authority, path } = self.target();
        HttpHead { method, scheme, authority, path, headers }
    }
}

fn is_below(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Head, HeadError};
    use crate::pairs::Pairs;
    use crate::pairs::tests::map;

    pub(crate) fn read(pairs: &[(&str, &[u8])]) -> Result<Head, HeadError> {
        Head::read(Pairs::read(map(pairs)).unwrap())
    }

    #[test]
    fn a_head_is_its_pseudo_headers_and_the_rest() {
        let head =
            read(&[(":method", b"GET"), (":path", b"/x"), (":authority", b"h"), ("accept", b"*/*")]).unwrap();
        let target = head.target();
        assert_eq!((target.method, target.path, target.authority, target.scheme), ("GET", "/x", "h", ""));
        assert_eq!(head.headers(), [("accept", "*/*")]);
        assert!(head.has("Accept") && !head.has("x"));
        assert_eq!(head.over("https").target().scheme, "https");
    }

    #[test]
    fn what_tells_a_proxy_what_to_do_is_found() {
        let head = read(&[
            ("x-envoy-max-retries", b"9"),
            ("X-Envoy-Retry-On", b"5xx"),
            ("x-envoy-external-address", b"10.0.0.1"),
            ("x-envoy", b"1"),
        ]);
        assert_eq!(
            head.unwrap().proxy_headers().collect::<Vec<_>>(),
            ["x-envoy-max-retries", "X-Envoy-Retry-On"]
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(read(&[("x", b"\xff")]).err(), Some(HeadError::NotText));
    }

    #[test]
    fn pseudo_headers_are_known_and_single() {
        assert_eq!(read(&[(":path", b"/a"), (":path", b"/b")]).err(), Some(HeadError::Pseudo));
        assert_eq!(read(&[(":protocol", b"websocket")]).err(), Some(HeadError::Pseudo));
    }
}
