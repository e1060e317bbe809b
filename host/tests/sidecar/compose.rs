//! Compose files, held against the schema of the Compose Specification.

use serde_json::{Value, json};

use crate::support::{Place, policy};

const KEY: &str = "${SOE_API_KEY:?a key of 16 characters or more}";

fn compose(place: &Place, arguments: &[&str]) -> Value {
    let text = place.text(&[&["compose", "--soe", "coder.soe.json"], arguments].concat());
    assert_eq!(place.mistakes("compose", &text), "", "{text}");
    place.documents(&text).remove(0)
}

#[test]
fn the_schema_finds_mistakes() {
    let place = Place::new(&policy(""));
    let text = place.text(&["compose", "--soe", "coder.soe.json", "agent"]);
    let wrong = text.replace("network_mode:", "network_mood:");
    assert!(place.mistakes("compose", &wrong).contains("network_mood"));
}

#[test]
fn an_agent_has_no_way_out_of_its_own() {
    let place = Place::new(&policy(""));
    let file = compose(&place, &["my-agent:latest", "--", "npm", "start", "$HOME"]);
    let agent = &file["services"]["agent"];
    assert_eq!(agent["image"], "my-agent:latest");
    assert_eq!(agent["command"], json!(["npm", "start", "$$HOME"]));
    assert_eq!(agent["network_mode"], "service:namespace");
    assert_eq!((&agent["cap_drop"], &agent["user"]), (&json!(["ALL"]), &json!("10001:10001")));
    assert_eq!(agent["security_opt"], json!(["no-new-privileges:true"]));
    assert!(agent.get("networks").is_none() && agent.get("cap_add").is_none(), "{agent}");
    let waits = &agent["depends_on"];
    assert_eq!(waits["namespace"], json!({ "condition": "service_healthy", "restart": true }));
    assert_eq!(waits["sidecar"]["condition"], "service_healthy");
    for (name, service) in file["services"].as_object().unwrap() {
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(service.get("cap_add").is_some(), name == "namespace", "{name}");
        assert_eq!(service.get("ports"), None, "{name}");
    }
}

#[test]
fn it_brings_a_daemon_unless_there_is_one() {
    let place = Place::new(&policy(""));
    let own = compose(&place, &["x"]);
    assert_eq!(own["services"]["daemon"]["environment"]["SOE_API_KEY"], KEY);
    let address = &own["services"]["daemon"]["networks"]["control"]["ipv4_address"];
    let url = format!("http://{}:3100", address.as_str().unwrap());
    assert_eq!(own["services"]["sidecar"]["environment"]["SOE_API_URL"], url);
    assert!(
        own["configs"]["redirect"]["content"]
            .as_str()
            .unwrap()
            .contains(&format!("{}/32", address.as_str().unwrap()))
    );
    assert_eq!(own["networks"]["control"]["internal"], true);

    let other = compose(&place, &["--api-url", "https://soe.example", "--token", "sok_a$b", "x"]);
    let environment = &other["services"]["sidecar"]["environment"];
    assert_eq!(
        (&environment["SOE_API_URL"], &environment["SOE_API_KEY"]),
        (&json!("https://soe.example"), &json!("sok_a$$b"))
    );
    assert!(other["services"].get("daemon").is_none() && other.get("volumes").is_none(), "{other}");
    let without = compose(&place, &["--api-url", "https://soe.example", "x"]);
    assert_eq!(without["services"]["sidecar"]["environment"]["SOE_API_KEY"], KEY);
}

#[test]
fn the_policy_arrives_as_it_is() {
    let text = policy("");
    let place = Place::new(&text);
    let file = compose(&place, &["x"]);
    // Compose takes one of two dollars away.
    assert_eq!(file["configs"]["policy"]["content"].as_str().unwrap().replace("$$", "$"), text);
}

#[test]
fn it_goes_into_a_file_that_is_its_owners() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new(&policy(""));
    assert_eq!(place.text(&["compose", "--soe", "coder.soe.json", "-o", "c.yaml", "x"]), "");
    let file = place.path("c.yaml");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        std::fs::read_to_string(file).unwrap(),
        place.text(&["compose", "--soe", "coder.soe.json", "x"])
    );
}

#[test]
fn nobody_is_the_proxy_but_the_proxy() {
    let place = Place::new(&policy(""));
    let user = |user| place.refusal(&["compose", "--soe", "coder.soe.json", "--user", user, "x"]);
    assert!(user("1337:1").contains("1337 is the proxy"));
    assert!(user("0").contains("another uid"));
    assert!(user("node").contains("in numbers"));
    let file = compose(&place, &["--user", "1000", "x"]);
    assert_eq!(file["services"]["agent"]["user"], "1000:1000");
    let refusal = place.refusal(&["compose", "--soe", "coder.soe.json", "--api-url", "soe.example", "x"]);
    assert!(refusal.contains("is no URL of a daemon"), "{refusal}");
}
