//! `sentinel resolver`: answers every name with the same address, and asks nobody.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use anyhow::Context as _;
use sentinel::sidecar::RESOLVER_PORT;
use sentinel::sidecar::resolver::{ANSWER, QUERY_BYTES_MAX, answer};

use super::{Context, Exit, page};

/// Answer every name with one address, for agents behind a proxy
///
/// The proxy goes where a request's host is, not where the agent connects to. So the agent needs no
/// true addresses, and no way to send names out.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address and port to answer at
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, RESOLVER_PORT)))]
    listen: SocketAddr,
    /// What every name resolves to
    #[arg(long, value_name = "ADDRESS", default_value_t = ANSWER)]
    answer: Ipv4Addr,
}

pub(crate) fn run(args: &Args, _context: &Context) -> anyhow::Result<Exit> {
    let socket =
        UdpSocket::bind(args.listen).with_context(|| format!("`{}` cannot be listened at", args.listen))?;
    page::note(&format!("every name is {}, at {}", args.answer, socket.local_addr()?));
    let mut buffer = [0; QUERY_BYTES_MAX];
    loop {
        // A client that is gone is no reason to end.
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        if let Some(answer) = buffer.get(..length).and_then(|query| answer(query, args.answer)) {
            let _ = socket.send_to(&answer, from);
        }
    }
}
