//! Agents in namespaces, with a real kernel, a real Envoy and the filter: what reaches the world, and what
//! does not.
//!
//! Each runs on a machine of its own, as far as the network goes: nothing of this one is touched. It
//! takes root, as the firewall does.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Place, envoy, filter, here, policy, repository};

/// The names resolve to a public address, to one that is not, and to one of each.
const NETWORK: &str = r#",
  "network": {
    "allowHosts": ["allowed.test", "private.test", "rebound.t:81", "10.9.0.0/24", "unnamed.test", "forbidden.test"],
    "denyHosts": ["10.9.0.6"]
  }"#;

/// What an agent tried, and what the world saw of it.
struct Story {
    probes: BTreeMap<String, String>,
    seen: Vec<String>,
    left: String,
}

impl Story {
    /// Runs a script with the program, Envoy and the filter where everybody can start them.
    fn of(place: &Place, script: &str, first: &Path) -> Self {
        let directory = place.directory.path();
        fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
        let share = |from: &Path, name: &str| {
            let to = place.path(name);
            fs::hard_link(from, &to).or_else(|_| fs::copy(from, &to).map(drop)).unwrap();
            to
        };
        let output = Command::new("unshare")
            .args(["--net", "--mount", "--pid", "--fork", "--kill-child"])
            .arg(here(script))
            .arg(first)
            .args([&here(""), directory])
            .env("POLICY", place.path("coder.soe.json"))
            .env("SENTINEL", share(Path::new(env!("CARGO_BIN_EXE_sentinel")), "sentinel"))
            .env("ENVOY", share(&envoy(), "envoy"))
            .env("FILTER", share(&filter(), "filter.wasm"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let lines = |prefix: &'static str| said.lines().filter_map(move |line| line.strip_prefix(prefix));
        let probes = lines("probe ").filter_map(|line| line.split_once(": "));
        Self {
            probes: probes.map(|(name, result)| (name.to_owned(), result.trim().to_owned())).collect(),
            seen: lines("saw: world: ").filter(|line| *line != "ready").map(str::to_owned).collect(),
            left: lines("left: ").collect(),
        }
    }

    fn probe(&self, name: &str) -> &str {
        self.probes.get(name).unwrap_or_else(|| panic!("no probe {name}: {:?}", self.probes))
    }

    /// Each of them was answered by the filter, whatever it was meant for.
    fn denied(&self, names: &[&str]) {
        for name in names {
            let said = self.probe(name);
            assert!(said.contains("egress_denied") && said.ends_with("403"), "{name}: {said}");
        }
    }

    fn failed(&self, names: &[&str]) {
        for name in names {
            assert!(self.probe(name).starts_with("failed"), "{name}: {}", self.probe(name));
        }
    }

    /// What connected to another port was answered by the filter as well.
    fn redirected(&self, names: &[&str]) {
        for name in names {
            assert_eq!(self.probe(name), "HTTP/1.1 403", "{name}");
        }
    }
}

#[test]
fn the_only_way_out_of_the_example_is_the_filter() {
    let place = Place::new(&policy(NETWORK));
    let story = Story::of(&place, "namespace.sh", &repository("examples/netns"));
    assert_eq!(story.probe("allowed"), "world  200");
    // Where somebody connects to does not count, only what they say.
    assert_eq!(story.probe("address-of-somebody-else"), "world  200");
    story.denied(&[
        "denied",
        "by-address",
        "host-of-somebody-else",
        "no-proxy-variables",
        "other-port",
        "private",
    ]);
    assert!(story.probe("private").contains("address-private"), "{}", story.probe("private"));
    for (name, status) in [
        ("upgrade", "403"),
        ("escaped-slash", "400"),
        ("underscore", "400"),
        ("old", "426"),
        ("rebound", "503"),
    ] {
        assert!(story.probe(name).ends_with(status), "{name}: {}", story.probe(name));
    }
    story.redirected(&["smtp", "dns-over-tcp", "raw-http", "admin", "ssh-of-the-machine", "health"]);
    story.failed(&["tls", "connect", "ipv6", "namespace", "rules", "other-namespaces", "proxy-uid", "key"]);
    assert_eq!(story.probe("dns-elsewhere"), "192.0.2.1");
    assert!(story.probe("names").starts_with("192.0.2.1 "), "{}", story.probe("names"));
    for name in ["icmp", "packet"] {
        assert_eq!(story.probe(name), "no: Operation not permitted", "{name}");
    }
    assert_eq!((story.probe("root-forward"), story.probe("root-icmp")), ("403", "0"));
    // The whole of what was meant for the world, and nothing of it came from the agent itself.
    assert_eq!(story.seen, ["tcp 80 from 93.184.0.1 host allowed.test"; 2]);
    assert_eq!(story.left, "world (id: 0) ", "up.sh leaves nothing behind");
}

#[test]
fn the_rules_of_a_pod_let_nobody_out_but_the_proxy() {
    let place = Place::new(&policy(NETWORK));
    let networks = "10.8.0.0/24,10.9.0.0/24";
    let text = place.text(&["compose", "--soe", "coder.soe.json", "--allow-private", networks, "x"]);
    let rules = place.path("redirect.nft");
    let file = place.documents(&text).remove(0);
    fs::write(&rules, file["configs"]["redirect"]["content"].as_str().unwrap().replace("$$", "$")).unwrap();
    let story = Story::of(&place, "pod.sh", &rules);
    assert_eq!((story.probe("allowed"), story.probe("allowed-private")), ("world  200", "world  200"));
    story.denied(&["denied", "by-address", "unnamed", "forbidden"]);
    // The firewall lets the proxy to both addresses, and so does Envoy's own list: only the filter behind
    // the connection knows that the policy names neither of them, and forbids one.
    for (name, code) in [("unnamed", "address-private"), ("forbidden", "host-denied")] {
        let said = story.probe(name);
        assert!(
            said.contains(&format!("\"code\":\"{code}\"")) && said.contains("policyDigest"),
            "{name}: {said}"
        );
    }
    story.redirected(&["smtp"]);
    // Envoy tries until its own timeout, and the client waits for longer. That nothing arrives is below.
    assert!(story.probe("rebound").ends_with("503"), "{}", story.probe("rebound"));
    story.failed(&["tls", "udp", "docker", "ipv6", "rules", "proxy-uid", "key", "admin-socket"]);
    assert!(story.probe("names").starts_with("192.0.2.1 "), "{}", story.probe("names"));
    assert_eq!((story.probe("own"), story.probe("inbound")), ("own", "own"));
    let web = |host: &str, from: &str| format!("tcp 80 from {from} host {host}");
    let expected = [
        web("allowed.test", "93.184.0.1"),
        web("private.test", "10.9.0.1"),
        // On connections to `unnamed` and `forbidden` nothing was said. This is asked for by `doctor --allow`.
        web("allowed.test", "93.184.0.1"),
    ];
    assert_eq!(story.seen.get(..3), Some(expected.as_slice()), "{:?}", story.seen);

    let failing = |name: &str| {
        let said = story.probe(name);
        let json = said.find('[').and_then(|start| said.get(start..)).unwrap_or_default();
        let checks: Vec<Value> = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {said}"));
        let failed = checks.into_iter().filter(|check| check["status"] == "fail");
        failed.map(|check| check["check"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(failing("doctor"), Vec::<String>::new(), "{}", story.probe("doctor"));
    // The filter still answers who asks it, and nobody has to.
    let ways = failing("doctor-without-rules");
    assert_eq!(
        ways,
        [
            "no way around, port 80",
            "no way around, port 443",
            "no way around, port 53",
            "no way around, QUIC"
        ]
    );
}
