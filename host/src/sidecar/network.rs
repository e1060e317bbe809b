//! Networks in CIDR form, as somebody writes them on a command line.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

/// An address and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text is no network.
#[derive(Debug, Error)]
#[error("`{text}` is no network: write an address, or one with a length, as 10.1.0.0/16")]
pub struct NetworkError {
    text: String,
}

impl Network {
    /// The address that it begins with.
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// How many bits count.
    pub const fn bits(self) -> u8 {
        self.bits
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self { address, bits: if address.is_ipv4() { 32 } else { 128 } }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let error = || NetworkError { text: text.to_owned() };
        let Some((address, bits)) = text.split_once('/') else {
            return text.parse::<IpAddr>().map(Self::from).map_err(|_| error());
        };
        let whole = Self::from(address.parse::<IpAddr>().map_err(|_| error())?);
        let bits = bits.parse().ok().filter(|bits| *bits <= whole.bits).ok_or_else(error)?;
        Ok(Self { bits, ..whole })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn what_is_a_network() {
        let read = |text: &str| text.parse::<Network>().map(|network| network.to_string()).ok();
        assert_eq!(read("10.1.2.3").as_deref(), Some("10.1.2.3/32"));
        assert_eq!(read("10.1.0.0/16").as_deref(), Some("10.1.0.0/16"));
        assert_eq!(read("fd00::/8").as_deref(), Some("fd00::/8"));
        for wrong in ["", "10.1/16", "10.0.0.0/33", "10.0.0.0/-1", "example.com", "10.0.0.0/8; drop"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
