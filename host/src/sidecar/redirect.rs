//! The firewall of a namespace that the agent shares with its proxy: `envoy/redirect.nft`.

use super::template::fill;
use super::{Network, RESOLVER_PORT};

const TEMPLATE: &str = include_str!("../../../envoy/redirect.nft");

/// Who keeps the proxy away from what is not public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Private {
    /// This firewall, except for these networks.
    Here(Vec<Network>),
    /// Something that knows the addresses which these rules cannot know: a `NetworkPolicy`.
    Elsewhere,
}

/// The rules. `None` would mean that the template lost a section.
pub fn redirect(proxy_port: u16, private: &Private) -> Option<String> {
    let mut sections = vec![
        ("dns", format!("meta nfproto ipv4 udp dport 53 redirect to :{RESOLVER_PORT}")),
        ("proxy", format!("meta nfproto ipv4 meta l4proto tcp redirect to :{proxy_port}")),
    ];
    match private {
        Private::Here(networks) => {
            let networks = networks.iter().filter(|network| network.address().is_ipv4());
            let elements: Vec<String> =
                std::iter::once("127.0.0.0/8".to_owned()).chain(networks.map(Network::to_string)).collect();
            sections.push(("allowed", format!("elements = {{ {} }}", elements.join(", "))));
        }
        Private::Elsewhere => {
            sections.push(("private", "meta nfproto ipv6 reject with icmpx admin-prohibited".to_owned()));
        }
    }
    fill(TEMPLATE, &sections)
}
