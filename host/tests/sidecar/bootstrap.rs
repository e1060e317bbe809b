//! Bootstraps, read by the Envoy that they are for.

use std::fs;

use sentinel::sidecar::bootstrap::{Place as Where, bootstrap as render};
use sentinel::sidecar::{Https, Sidecar};

use crate::support::{Place, document, filter, policy, repository, validate};

/// The bootstrap for a policy and more arguments; Envoy takes it.
fn bootstrap(place: &Place, arguments: &[&str]) -> String {
    let built = filter();
    let mut all = vec!["sidecar", "--print", "--soe", "coder.soe.json", "--filter", built.to_str().unwrap()];
    all.extend(arguments);
    let text = place.text(&all);
    let file = place.path("envoy.yaml");
    fs::write(&file, &text).unwrap();
    validate(&file).unwrap_or_else(|error| panic!("{error}\n{text}"));
    text
}

#[test]
fn the_file_in_the_repository_is_a_bootstrap() {
    let place = Place::new(&policy(""));
    let text = fs::read_to_string(repository("envoy/envoy.yaml")).unwrap();
    let own = "/usr/share/sentinel/sentinel_envoy.wasm";
    assert_eq!(text.matches(own).count(), 2);
    let file = place.path("envoy.yaml");
    fs::write(&file, text.replace(own, filter().to_str().unwrap())).unwrap();
    validate(&file).unwrap();
    // And what Envoy does not know, it does not take: the check above can fail.
    fs::write(&file, text.replace("merge_slashes", "merge_backslashes")).unwrap();
    assert!(validate(&file).unwrap_err().contains("merge_backslashes"));
}

#[test]
fn every_kind_of_sidecar_is_one() {
    let place = Place::new(&policy(""));
    let plain = bootstrap(&place, &[]);
    assert!(plain.contains("\"policy\": {") && plain.contains("scheme_to_overwrite: http\n"), "{plain}");
    let daemon =
        bootstrap(&place, &["--api-url", "https://soe.example", "--api-key", "sok_0123456789abcdef"]);
    assert!(
        daemon.contains("\"apiKey\":\"sok_0123456789abcdef\"") && !daemon.contains("\"policy\": {"),
        "{daemon}"
    );
    let by_address = bootstrap(&place, &["--api-url", "http://[2001:db8::1]:3100", "--api-key", "sok_x"]);
    assert!(by_address.contains("type: STATIC\n") && by_address.contains("2001:db8::1"), "{by_address}");
    bootstrap(&place, &["--https", "tls-origination", "--allow-private", "10.1.0.0/16,fd00::/8"]);
    bootstrap(
        &place,
        &["--listen", "10.0.0.1", "--health-address", "::", "--admin-socket", "/run/a \"b\"/x.sock"],
    );
}

/// The bootstrap of a document that has more in it than the rest of a policy.
fn with(place: &Place, more: &str, https: Option<Https>) -> String {
    let document = document(more);
    let sidecar = Sidecar {
        https: https.unwrap_or(document.https()),
        document,
        daemon: None,
        environment: None,
        mode: None,
        record: None,
        allow_private: Vec::new(),
        proxy_port: 15001,
        health_port: 3101,
        filter: filter(),
    };
    let local = std::net::Ipv4Addr::LOCALHOST.into();
    let text =
        render(&sidecar, &Where { listen: local, health: local, admin: "/run/x/admin.sock".to_owned() })
            .unwrap();
    let file = place.path("envoy.yaml");
    fs::write(&file, &text).unwrap();
    validate(&file).unwrap_or_else(|error| panic!("{error}\n{text}"));
    text
}

#[test]
fn tls_is_as_the_policy_says_unless_somebody_says_otherwise() {
    let place = Place::new(&policy(""));
    let names = r#""tlsPassthrough": ["a.example", "*.b.example", "10.0.0.1"]"#;
    let said = |word: &str| format!(r#", "transport": {{ "httpsInspection": "{word}", {names} }}"#);
    let plain = "scheme_to_overwrite: http\n";
    let refused = with(&place, &said("sni-only"), Some(Https::Refuse));
    assert!(!refused.contains("server_names") && refused.contains(plain), "{refused}");
    let sni = with(&place, &said("sni-only"), None);
    let names = "server_names:\n              - a.example\n              - \"*.b.example\"\n";
    assert!(sni.contains(names) && sni.contains(plain) && !sni.contains("10.0.0.1\n"), "{sni}");
    let origination = with(&place, &said("tls-origination"), None);
    assert!(
        origination.contains(names) && origination.contains("scheme_to_overwrite: https\n"),
        "{origination}"
    );
    assert!(origination.contains("auto_san_validation: true"), "{origination}");
}

#[test]
fn the_largest_body_of_the_policy_has_room() {
    let place = Place::new(&policy(""));
    let limit = |more: &str| {
        let text = with(&place, more, None);
        let (_, rest) = text.split_once("per_connection_buffer_limit_bytes: ").unwrap();
        rest.lines().next().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(limit(""), 2 << 20);
    assert_eq!(limit(r#", "network": { "maxBodyBytes": 65536 }"#), 2 << 20);
    assert!(limit(r#", "network": { "maxBodyBytes": 8388608 }"#) > 8 << 20);
    let rules =
        r#""rules": [{ "hosts": ["a.example"] }, { "hosts": ["b.example"], "maxBodyBytes": 4194304 }]"#;
    assert!(limit(&format!(r#", "network": {{ "maxBodyBytes": 10, {rules} }}"#)) > 4 << 20);
}

/// A policy on trial does not open the proxy of an installation that enforces.
#[test]
fn the_mode_of_the_installation_is_that_of_the_proxy() {
    let place = Place::new(&policy(r#", "mode": "audit""#));
    let print = ["sidecar", "--print", "--soe", "coder.soe.json"];
    let own = r#"  "mode": "enforce""#;
    let with = place.text_with(&[("SOE_MODE", "enforce")], &print);
    // In front of the router, and behind the connection.
    assert_eq!(with.matches(own).count(), 2, "{with}");
    let mistyped = place.text_with(&[("SOE_MODE", "enforced")], &print);
    assert_eq!(mistyped.matches(own).count(), 2, "{mistyped}");
    assert!(!place.text(&print).contains(own));
}

/// In front of the router, where it is decided; everywhere that the word has to go through.
#[test]
fn which_verdicts_are_recorded_reaches_the_filter() {
    let place = Place::new(&policy(""));
    let plain = bootstrap(&place, &["--api-url", "http://10.0.0.9:3100", "--api-key", "0123456789abcdef"]);
    assert!(!plain.contains("\"record\""), "{plain}");
    for word in ["durable", "all", "denied"] {
        let daemon = ["--api-url", "http://10.0.0.9:3100", "--api-key", "0123456789abcdef", "--record", word];
        let own = format!("\"record\": \"{word}\"");
        assert_eq!(bootstrap(&place, &daemon).matches(&own).count(), 1, "{word}");
    }
    let around = ["--soe", "coder.soe.json", "--record", "durable", "agent:1"];
    let compose = place.text(&[&["compose"], &around[..]].concat());
    assert_eq!(compose.matches("SENTINEL_RECORD: durable").count(), 1, "{compose}");
    let url = ["--api-url", "http://10.0.0.9:3100", "--token", "0123456789abcdef"];
    let kube = place.text(&[&["kube"], &url[..], &around].concat());
    assert_eq!(kube.matches("name: SENTINEL_RECORD").count(), 1, "{kube}");
    let filter = ["--istio", "--filter-url", "https://files.example/f.wasm"];
    let istio = place.text(&[&["kube"], &url[..], &filter, &around].concat());
    assert_eq!(istio.matches("record: durable").count(), 1, "{istio}");
    // Nobody would keep them.
    for command in [&["kube"][..], &["sidecar", "--print"]] {
        let words = [command, &["--soe", "coder.soe.json", "--record", "durable"]].concat();
        let image: &[&str] = if command.len() == 1 { &["agent:1"] } else { &[] };
        assert!(place.refusal(&[&words, image].concat()).contains("`--record` needs a daemon"));
    }
}

#[test]
fn a_sidecar_says_what_it_lacks() {
    let place = Place::new(&policy(""));
    let sidecar = |arguments: &[&str]| place.refusal(&[&["sidecar", "--print"], arguments].concat());
    assert!(sidecar(&[]).contains("give --soe FILE, or set SOE_AGENT_ID"));
    let soe = ["--soe", "coder.soe.json"];
    assert!(sidecar(&[&soe[..], &["--api-url", "http://x"]].concat()).contains("the daemon needs a key"));
    assert!(sidecar(&[&soe[..], &["--fail-mode", "open"]].concat()).contains("a sidecar fails closed"));
    assert!(sidecar(&[&soe[..], &["--transparent", "false"]].concat()).contains("restrict nobody"));
    assert!(sidecar(&[&soe[..], &["--agent-id", "other"]].concat()).contains("the policy is `coder`'s"));
    assert!(
        sidecar(&[&soe[..], &["--https", "sni-only"]].concat())
            .contains("list names in `transport.tlsPassthrough`")
    );
    assert!(sidecar(&[&soe[..], &["--allow-private", "10.0.0.0/40"]].concat()).contains("is no network"));
    fs::write(place.path("p.soe.yaml"), "agentId: x\nversion: 1.0.0\n").unwrap();
    assert!(!sidecar(&["--soe", "p.soe.yaml"]).is_empty());
    assert!(place.refusal(&["sidecar", "--ready", "--health-port", "1"]).contains("no answer"));
}

#[test]
fn the_environment_of_a_sidecar_is_read() {
    let place = Place::new(&policy(""));
    let built = filter();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sentinel"))
        .args(["sidecar", "--print", "--filter", built.to_str().unwrap()])
        .envs([("SOE_APP_ID", "coder"), ("SOE_DEFINITIONS_DIR", "."), ("SOE_API_URL", "http://soe:3100")])
        .envs([("SOE_API_TOKEN", "abc.def"), ("SOE_PROXY_PORT", "15999"), ("SOE_HEALTH_PORT", "3999")])
        .envs([
            ("SOE_TRANSPARENT", "true"),
            ("SOE_CIRCUIT_BREAKER_FAIL_MODE", "closed"),
            ("SOE_ENVIRONMENT", "test"),
        ])
        .env_remove("SOE_API_KEY")
        .env_remove("SOE_AGENT_ID")
        .current_dir(&place.directory)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for part in
        ["15999", "3999", "\"abc.def\"", "\"soe:3100\"", "\"environment\": \"test\"", "address: soe\n"]
    {
        assert!(text.contains(part), "{part}: {text}{}", String::from_utf8_lossy(&output.stderr));
    }
}
