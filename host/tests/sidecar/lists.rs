//! What is not public is written down in four places, for four readers. They say the same.

use std::collections::BTreeSet;
use std::fs;

use crate::support::{Place, policy, repository};

/// Everything between two marks that looks like a network of IPv4.
fn networks(text: &str) -> BTreeSet<String> {
    let word = |c: char| !c.is_ascii_digit() && c != '.' && c != '/';
    let network = |word: &&str| word.contains('/') && word.matches('.').count() == 3;
    text.split(word).filter(network).map(str::to_owned).collect()
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).unwrap_or_else(|| panic!("no {from}")).0
}

#[test]
fn everybody_calls_the_same_networks_not_public() {
    let read = |path| fs::read_to_string(repository(path)).unwrap();
    let rules = networks(between(&read("envoy/redirect.nft"), "set not_public4 {", "set allowed4"));
    assert!(rules.len() >= 15, "{rules:?}");
    assert_eq!(networks(between(&read("examples/netns/up.sh"), "set not_public4 {", "set allowed4")), rules);

    let bootstrap = read("envoy/envoy.yaml");
    let list = between(&bootstrap, "not-public:", "# Internal hosts").replace("\", prefix_len: ", "/");
    assert_eq!(networks(&list), rules);

    let place = Place::new(&policy(""));
    let manifests = place.text(&["kube", "--soe", "coder.soe.json", "x"]);
    let except = manifests.rsplit_once("except:").unwrap().1;
    assert_eq!(networks(except), rules);
}
