//! Manifests, held against the schemas of Kubernetes and the resource definitions of Istio.

use sentinel::sidecar::Sidecar;
use sentinel::sidecar::istio::Istio;
use sentinel::sidecar::kube::Kube;
use serde_json::{Value, json};

use crate::support::{Place, document, policy};

const DAEMON: [&str; 4] = ["--api-url", "http://sentinel.soe:3100", "--token", "sok_0123456789abcdef"];
const ISTIO: [&str; 3] = ["--istio", "--filter-url", "oci://registry.example/sentinel:1"];

fn manifests(place: &Place, kind: &str, arguments: &[&str]) -> Vec<Value> {
    let text = place.text(&[&["kube", "--soe", "coder.soe.json"], arguments, &["my-agent:latest"]].concat());
    assert_eq!(place.mistakes(kind, &text), "", "{text}");
    place.documents(&text)
}

fn of<'a>(manifests: &'a [Value], kind: &str) -> &'a Value {
    manifests.iter().find(|manifest| manifest["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
}

#[test]
fn the_schemas_find_mistakes() {
    let place = Place::new(&policy(""));
    let text = place.text(&["kube", "--soe", "coder.soe.json", "x"]);
    assert!(
        place.mistakes("kube", &text.replace("initContainers:", "initContainer:")).contains("initContainer")
    );
    let text = place.text(&[&["kube", "--soe", "coder.soe.json"], &ISTIO[..], &["x"]].concat());
    assert!(
        place
            .mistakes("istio", &text.replace("failStrategy: FAIL_CLOSE", "failStrategy: CLOSED"))
            .contains("CLOSED")
    );
    assert!(
        place
            .mistakes("istio", &text.replace("pluginConfig:", "pluginConfiguration:"))
            .contains("pluginConfiguration")
    );
}

#[test]
fn the_rules_come_before_the_agent() {
    let place = Place::new(&policy(""));
    let manifests = manifests(&place, "kube", &[&DAEMON[..], &["--namespace", "agents"]].concat());
    let pod = &of(&manifests, "Deployment")["spec"]["template"]["spec"];
    let names: Vec<&str> =
        pod["initContainers"].as_array().unwrap().iter().filter_map(|own| own["name"].as_str()).collect();
    assert_eq!(names, ["redirect", "resolver", "sidecar"]);
    let restarts: Vec<bool> = pod["initContainers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| own["restartPolicy"] == "Always")
        .collect();
    assert_eq!(restarts, [false, true, true]);
    assert_eq!(pod["automountServiceAccountToken"], false);
    let agent = &pod["containers"][0]["securityContext"];
    assert_eq!((&agent["runAsUser"], &agent["runAsNonRoot"]), (&json!(10001), &json!(true)));
    assert_eq!(
        (&agent["allowPrivilegeEscalation"], &agent["capabilities"]),
        (&json!(false), &json!({ "drop": ["ALL"] }))
    );
    for manifest in &manifests {
        assert_eq!(manifest["metadata"]["namespace"], "agents", "{manifest}");
    }
}

#[test]
fn the_key_stands_in_the_secret_alone() {
    let place = Place::new(&policy(""));
    let with = manifests(&place, "kube", &DAEMON);
    let holders: Vec<&Value> =
        with.iter().filter(|manifest| manifest.to_string().contains(DAEMON[3])).collect();
    assert_eq!(holders, [of(&with, "Secret")]);
    let without = manifests(&place, "kube", &DAEMON[..2]);
    assert!(without.iter().all(|manifest| manifest["kind"] != "Secret"));
    assert!(of(&without, "Deployment").to_string().contains("secretKeyRef"));
}

#[test]
fn what_is_not_public_is_not_reached() {
    let place = Place::new(&policy(""));
    let manifests = manifests(&place, "kube", &[&DAEMON[..], &["--allow-private", "10.1.0.0/16"]].concat());
    let policy = &of(&manifests, "NetworkPolicy")["spec"];
    assert_eq!((&policy["policyTypes"], &policy["ingress"]), (&json!(["Ingress", "Egress"]), &json!([])));
    let egress = policy["egress"].as_array().unwrap();
    assert_eq!(egress.len(), 4, "names, daemon, public, allowed: {egress:#?}");
    let daemon = &egress[1]["to"][0];
    assert_eq!(daemon["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], "soe");
    assert_eq!(daemon["podSelector"]["matchLabels"]["app.kubernetes.io/name"], "sentinel");
    let public = &egress[2]["to"][0]["ipBlock"];
    assert_eq!(public["cidr"], "0.0.0.0/0");
    assert!(public["except"].as_array().unwrap().contains(&json!("169.254.0.0/16")));
    assert_eq!(egress[3]["to"], json!([{ "ipBlock": { "cidr": "10.1.0.0/16" } }]));
}

#[test]
fn a_mesh_fails_closed_and_knows_its_registry_only() {
    let place = Place::new(&policy(""));
    let manifests = manifests(&place, "istio", &[&ISTIO[..], &DAEMON[..]].concat());
    let plugin = &of(&manifests, "WasmPlugin")["spec"];
    assert_eq!(
        (&plugin["failStrategy"], &plugin["match"]),
        (&json!("FAIL_CLOSE"), &json!([{ "mode": "CLIENT" }]))
    );
    let configuration = &plugin["pluginConfig"];
    assert_eq!(configuration["agentId"], "coder");
    assert_eq!(configuration["daemon"]["cluster"], "outbound|3100||sentinel.soe.svc.cluster.local");
    let registry = &of(&manifests, "Sidecar")["spec"];
    assert_eq!(registry["outboundTrafficPolicy"]["mode"], "REGISTRY_ONLY");
    assert_eq!(registry["egress"], json!([{ "hosts": ["./*", "soe/*"] }]));
    let filter = of(&manifests, "EnvoyFilter").to_string();
    assert!(filter.contains("REJECT_REQUEST") && filter.contains("SIDECAR_OUTBOUND"), "{filter}");
    // Without a daemon, the policy is there as a document.
    let plain = self::manifests(&place, "istio", &ISTIO);
    assert_eq!(of(&plain, "WasmPlugin")["spec"]["pluginConfig"]["policy"]["agentId"], "coder");
}

#[test]
fn the_mode_of_the_installation_is_that_of_the_proxy() {
    let place = Place::new(&policy(r#", "mode": "audit""#));
    let made = |arguments: &[&str]| {
        let all = [&["kube", "--soe", "coder.soe.json"], arguments, &["x"]].concat();
        place.documents(&place.text_with(&[("SOE_MODE", "enforce")], &all))
    };
    let pod = made(&DAEMON);
    let variables = &of(&pod, "Deployment")["spec"]["template"]["spec"]["initContainers"][2]["env"];
    let mode = json!({ "name": "SOE_MODE", "value": "enforce" });
    assert!(variables.as_array().unwrap().contains(&mode), "{variables}");
    let mesh = made(&[&ISTIO[..], &DAEMON[..]].concat());
    assert_eq!(of(&mesh, "WasmPlugin")["spec"]["pluginConfig"]["mode"], "enforce");
}

/// Envoy refuses before somebody kills it.
#[test]
fn the_pod_has_more_memory_than_envoy_takes() {
    let place = Place::new(&policy(""));
    let pod = manifests(&place, "kube", &DAEMON);
    let sidecar = &of(&pod, "Deployment")["spec"]["template"]["spec"]["initContainers"][2];
    let limit = sidecar["resources"]["limits"]["memory"].as_str().unwrap().strip_suffix("Mi").unwrap();
    let limit: u64 = limit.parse::<u64>().unwrap() << 20;
    let envoy = place.text(&["sidecar", "--print", "--soe", "coder.soe.json"]);
    let bootstrap = place.documents(&envoy).remove(0);
    let manager = &bootstrap["overload_manager"];
    let monitors = manager["resource_monitors"].as_array().unwrap().iter();
    let heap = monitors.filter_map(|own| own["typed_config"]["max_heap_size_bytes"].as_u64()).next().unwrap();
    assert!(heap + (128 << 20) <= limit, "{heap} of {limit}");
    let actions = manager["actions"].as_array().unwrap().iter();
    let stops = |own: &&Value| own["name"] == "envoy.overload_actions.stop_accepting_requests";
    assert_eq!(actions.filter(stops).count(), 1, "{manager}");
}

#[test]
fn the_registry_has_the_hosts_of_the_policy() {
    let place = Place::new(&policy(""));
    let more = r#", "transport": { "httpsInspection": "tls-origination" },
        "network": { "allowHosts": ["api.example.com", "*.example.org", "10.0.0.0/8"] }"#;
    let document = document(more);
    let sidecar = Sidecar {
        https: document.https(),
        document,
        daemon: None,
        environment: Some("test".to_owned()),
        mode: None,
        record: None,
        allow_private: Vec::new(),
        proxy_port: 15001,
        health_port: 3101,
        filter: "/filter.wasm".into(),
    };
    let kube = Kube {
        sidecar: &sidecar,
        agent: "x",
        command: &[],
        user: (1, 1),
        image: "y",
        name: "coder",
        namespace: None,
    };
    let digest = "0f".repeat(32);
    let istio = Istio { kube, filter_url: "https://files.example/f.wasm", filter_sha256: Some(&digest) };
    assert_eq!(istio.left_out(), ["*.example.org", "10.0.0.0/8"]);
    let text = istio.render();
    assert_eq!(place.mistakes("istio", &text), "", "{text}");
    let manifests = place.documents(&text);
    let entry = &of(&manifests, "ServiceEntry")["spec"];
    assert_eq!((&entry["hosts"], &entry["resolution"]), (&json!(["api.example.com"]), &json!("DNS")));
    assert_eq!(
        entry["ports"],
        json!([{ "name": "http", "number": 80, "protocol": "HTTP", "targetPort": 443 }])
    );
    // What is decided goes out once.
    let route = &of(&manifests, "VirtualService")["spec"];
    assert_eq!((&route["hosts"], &route["exportTo"]), (&json!(["api.example.com"]), &json!(["."])));
    assert_eq!(route["http"][0]["retries"], json!({ "attempts": 0 }));
    assert_eq!(
        route["http"][0]["route"],
        json!([{ "destination": { "host": "api.example.com", "port": { "number": 80 } } }])
    );
    let configuration = &of(&manifests, "WasmPlugin")["spec"]["pluginConfig"];
    assert_eq!((&configuration["scheme"], &configuration["environment"]), (&json!("https"), &json!("test")));
    let manager =
        &of(&manifests, "EnvoyFilter")["spec"]["configPatches"][0]["patch"]["value"]["typed_config"];
    assert_eq!((&manager["use_remote_address"], &manager["skip_xff_append"]), (&json!(true), &json!(true)));
    assert_eq!(manager["internal_address_config"]["cidr_ranges"][0]["prefix_len"], 32, "nobody is internal");
    let tls = &of(&manifests, "DestinationRule")["spec"]["trafficPolicy"]["tls"];
    assert_eq!(
        tls,
        &json!({ "mode": "SIMPLE", "sni": "api.example.com", "subjectAltNames": ["api.example.com"] })
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let place = Place::new(&policy(""));
    let kube = |arguments: &[&str]| {
        place.refusal(&[&["kube", "--soe", "coder.soe.json"], arguments, &["x"]].concat())
    };
    assert!(kube(&["--name", "Coder"]).contains("give --name"));
    assert!(kube(&["--namespace", "a b"]).contains("no name of a namespace"));
    assert!(kube(&["--istio"]).contains("--filter-url"));
    assert!(kube(&[&ISTIO[..], &DAEMON[..2]].concat()).contains("give --token"));
    assert!(kube(&[&ISTIO[..], &["--filter-sha256", "00"]].concat()).contains("no SHA-256"));
}
