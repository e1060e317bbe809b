//! Ways around a proxy. Each is tried, and must end nowhere or at the filter.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use super::request::{TIMEOUT, Target, ask, connect};
use super::{CANARY, Check, ours};

/// A public address with servers on the usual ports, of a resolver that is meant to be asked by
/// everybody: what cannot be reached here cannot be reached.
pub(super) const OUTSIDE: Ipv4Addr = Ipv4Addr::new(1, 1, 1, 1);
/// The same in IPv6.
const OUTSIDE_6: Ipv6Addr = Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111);

/// The web, names over TCP, and a port of no protocol that a proxy knows.
const PORTS: [(&str, u16); 4] = [
    ("no way around, port 80", 80),
    ("no way around, port 443", 443),
    ("no way around, port 53", 53),
    ("no way around, port 853", 853),
];

/// Where Envoy's administration usually is: its own default, Istio's, and what examples use.
const ADMIN_PORTS: [u16; 4] = [9901, 15000, 19000, 8001];

pub(super) fn around(outside: Ipv4Addr, proxy: &Target) -> Vec<Check> {
    let mut checks: Vec<Check> =
        PORTS.iter().map(|(name, port)| Check::new(name, tcp(SocketAddr::from((outside, *port))))).collect();
    checks.push(Check::new("no way around, QUIC", quic(SocketAddr::from((outside, 443)))));
    checks.push(Check::new("no way around, IPv6", tcp(SocketAddr::from((OUTSIDE_6, 80)))));
    checks.push(Check::new("names are not sent out", names(outside)));
    checks.push(Check::new("administration is out of reach", administration(proxy)));
    checks
}

/// A connection that was made must be one to the filter.
fn tcp(address: SocketAddr) -> Result<String, String> {
    let stream = match connect(address) {
        Ok(stream) => stream,
        Err(error) => return Ok(format!("{address}: {error}")),
    };
    let answer = Target::parse(CANARY).map(|canary| ask(stream, &canary))?;
    match answer.map(|answer| ours(&answer)) {
        Ok(Ok(_)) => Ok(format!("{address} leads to the proxy")),
        Ok(Err(_)) | Err(_) => {
            Err(format!("{address} is reached, and not by way of the proxy: redirect or refuse it"))
        }
    }
}

/// HTTP/3 is UDP, which a redirection of TCP does not see. A server answers a version that it does not know with
/// the ones that it does.
fn quic(address: SocketAddr) -> Result<String, String> {
    let asked = || -> std::io::Result<usize> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        socket.connect(address)?;
        // A long header, a version that is reserved for this, two names of eight bytes.
        let mut hello = vec![0xC0, 0x1A, 0x2A, 0x3A, 0x4A, 8];
        hello.extend(b"sentinel");
        hello.push(8);
        hello.extend(b"canaries");
        // Shorter ones are not answered.
        hello.resize(1200, 0);
        socket.send(&hello)?;
        socket.recv(&mut [0; 1500])
    };
    match asked() {
        Err(error) => Ok(format!("{address}, UDP: {error}")),
        Ok(_) => Err(format!("{address} answers over UDP, where HTTP/3 is spoken: refuse UDP")),
    }
}

/// An answer must be our resolver's, which knows every name. The canary's is one that nobody knows.
fn names(outside: Ipv4Addr) -> Result<String, String> {
    let asked = || -> std::io::Result<Vec<u8>> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        socket.connect((outside, 53))?;
        let mut query = vec![0x50, 0xE0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        query.extend(b"\x0fsentinel-canary\x07invalid\x00\x00\x01\x00\x01");
        socket.send(&query)?;
        let mut answer = vec![0; 512];
        let length = socket.recv(&mut answer)?;
        answer.truncate(length);
        Ok(answer)
    };
    match asked() {
        Err(error) => Ok(format!("{outside}:53: {error}")),
        // No error, and one record.
        Ok(answer) if answer.get(3).is_some_and(|flags| flags & 0x0F == 0) && answer.get(7) == Some(&1) => {
            Ok("answered by a resolver that asks nobody".to_owned())
        }
        Ok(_) => Err(format!("a resolver behind {outside}:53 answers: whatever stands in a name gets out")),
    }
}

/// Whoever reaches the administration can switch the proxy off.
fn administration(proxy: &Target) -> Result<String, String> {
    let mut places = vec![IpAddr::from(Ipv4Addr::LOCALHOST)];
    places.extend(proxy.place.0.parse::<IpAddr>().ok());
    places.dedup();
    for place in places {
        for port in ADMIN_PORTS {
            let address = SocketAddr::from((place, port));
            let target = Target::parse(&format!("http://{address}/server_info"))?;
            let Ok(Ok(answer)) = connect(address).map(|stream| ask(stream, &target)) else { continue };
            if answer.status == 200 && answer.text().contains("version") {
                return Err(format!("{address} answers: put it on a socket that the agent cannot open"));
            }
        }
    }
    Ok(format!("nothing of Envoy's at ports {ADMIN_PORTS:?}"))
}
