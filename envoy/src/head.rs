//! The head of a request as the proxy holds it. Bytes that are no text have no meaning here.

use sentinel_engine::HttpHead;

/// Method, target and headers, each as it was received.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) scheme: String,
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
}

/// Why header pairs are no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// A value that is not UTF-8: nobody knows how the other side reads it.
    NotText,
    /// A pseudo-header twice, or one that nobody knows.
    Pseudo,
}

impl Head {
    /// Reads what the proxy hands over. `:scheme` is the proxy's own word; where it has none the
    /// caller says what the connection is.
    pub(crate) fn read(pairs: Vec<(String, Vec<u8>)>) -> Result<Self, HeadError> {
        let mut head = Self { headers: Vec::with_capacity(pairs.len()), ..Self::default() };
        let mut seen = 0_u8;
        for (name, value) in pairs {
            let value = String::from_utf8(value).map_err(|_| HeadError::NotText)?;
            let (field, bit) = match name.as_str() {
                ":method" => (&mut head.method, 1),
                ":scheme" => (&mut head.scheme, 2),
                ":authority" => (&mut head.authority, 4),
                ":path" => (&mut head.path, 8),
                other if other.starts_with(':') => return Err(HeadError::Pseudo),
                _ => {
                    head.headers.push((name, value));
                    continue;
                }
            };
            if seen & bit != 0 {
                return Err(HeadError::Pseudo);
            }
            seen |= bit;
            *field = value;
        }
        Ok(head)
    }

    /// The same over a connection of this scheme, whatever it says of itself.
    pub(crate) fn over(mut self, scheme: &str) -> Self {
        scheme.clone_into(&mut self.scheme);
        self
    }

    /// Headers as the engine wants them.
    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// As the engine wants it.
    pub(crate) fn view<'a>(&'a self, pairs: &'a [(&'a str, &'a str)]) -> HttpHead<'a> {
        HttpHead {
            method: &self.method,
            scheme: &self.scheme,
            authority: &self.authority,
            path: &self.path,
            headers: pairs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Head, HeadError};

    fn read(pairs: &[(&str, &[u8])]) -> Result<Head, HeadError> {
        Head::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect())
    }

    #[test]
    fn a_head_is_its_pseudo_headers_and_the_rest() {
        let head =
            read(&[(":method", b"GET"), (":path", b"/x"), (":authority", b"h"), ("accept", b"*/*")]).unwrap();
        assert_eq!((head.method.as_str(), head.path.as_str(), head.authority.as_str()), ("GET", "/x", "h"));
        assert_eq!(head.headers, [("accept".to_owned(), "*/*".to_owned())]);
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
