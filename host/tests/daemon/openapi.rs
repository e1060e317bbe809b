//! Requests made up from the API's own description: none of them is answered with an error of ours.

use std::path::Path;
use std::process::Command;

use crate::harness::{KEY, Place};
use crate::policy;

/// Where `cargo xtask setup` puts it.
const SCHEMATHESIS: &str = "target/tools/schemathesis/bin/st";

/// Requests of each kind that are made up for each route: some seconds.
const EXAMPLES: &str = "40";

/// No error of ours, and every answer as it is described. What is refused, and how, is not for a
/// generator to say: the description cannot tell a policy that loads from one that does not.
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

/// Streams do not end, so nothing can be said of their answers.
const ENDLESS: &str = "/v1/events/stream";

#[test]
fn nothing_that_the_description_allows_breaks_the_daemon() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SCHEMATHESIS);
    assert!(program.exists(), "`{}` is missing: run `cargo xtask setup`", program.display());
    let place = Place::new();
    place.govern(&policy::plain("buyer", "1.0.0"));
    let daemon = place.start();
    let output = Command::new(program)
        .args(["run", &format!("http://{}/openapi.json", daemon.address)])
        .args(["--header", &format!("Authorization: Bearer {KEY}")])
        .args(["--checks", CHECKS, "--exclude-path", ENDLESS])
        .args(["--max-examples", EXAMPLES, "--seed", "1", "--no-color"])
        .args(["--request-timeout", "20", "--generation-database", "none"])
        .current_dir(place.path("."))
        .output()
        .expect("schemathesis runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    println!(
        "{}",
        text.lines().rev().take(20).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
    );
    assert_eq!(daemon.client().get("/v1/health").status, 200);
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}
