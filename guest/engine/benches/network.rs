//! Requests over HTTP to decide: 100 rules for hosts, and any number of further hosts.

/// A policy with `hosts` further hosts in each list, most of which have nothing to do with the requests.
pub(crate) fn policy(hosts: usize) -> String {
    let list = |own: &str, other: &dyn Fn(usize) -> String| {
        let mut entries: Vec<String> = (0..hosts).map(other).collect();
        // The entry that matters stands in the middle.
        entries.insert(hosts / 2, own.to_owned());
        entries.iter().map(|entry| format!("\"{entry}\"")).collect::<Vec<_>>().join(",")
    };
    let rules: Vec<String> = (0..100)
        .map(|n| {
            format!(
                r#"{{"hosts":["service{n}.example.com","*.team{n}.example.com"],"methods":["GET","POST"],"allowPaths":["/v1/**","/area{n}/*"],"denyPaths":["/v1/admin/**"]}}"#
            )
        })
        .collect();
    format!(
        r#"{{"agentId":"bench","version":"1.0.0","identity":{{"authorityLevel":"limited-ops","environmentScope":["development"]}},
"network":{{"allowHosts":[{}],"denyHosts":[{}],"methods":["GET","POST"],"allowPaths":["/v1/**","/repos/**"],
"denyPaths":["/v1/keys/**"],"rules":[{}]}}}}"#,
        list("api.example.net", &|n| if n % 3 == 0 {
            format!("*.zone{n}.example.org")
        } else {
            format!("host{n}.example.org")
        }),
        list("bad.example.net", &|n| if n % 3 == 0 {
            format!("100.{}.{}.0/24", n / 250 % 250, n % 250)
        } else {
            format!("*.evil{n}.example")
        }),
        rules.join(",")
    )
}

fn call(authority: &str, path: &str, headers: &str) -> Vec<u8> {
    format!(
        r#"{{"agentId":"bench","toolName":"http","toolInput":{{"method":"GET","scheme":"https","authority":"{authority}","path":"{path}","headers":[{headers}],"resolvedIps":["8.8.8.8"]}}}}"#
    )
    .into_bytes()
}

/// Twelve headers, as a client sends them.
const HEADERS: &str = r#"["user-agent","python-httpx/0.28"],["accept","application/json"],["accept-encoding","gzip, br"],["authorization","Bearer 0123456789abcdef0123456789abcdef"],["content-type","application/json"],["x-request-id","6f1c2b9e-7d0a-4c33-9a55-d1f1c7d2a001"],["x-forwarded-proto","https"],["x-forwarded-for","10.1.2.3"],["traceparent","00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],["cache-control","no-cache"],["accept-language","en"],["connection","keep-alive"]"#;

/// Ordinary requests by name.
pub(crate) fn calls() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("allowed", call("api.example.net", "/repos/acme/shop/issues/42?page=2", HEADERS)),
        ("by-rule", call("service50.example.com", "/v1/orders/42", HEADERS)),
        ("denied", call("bad.example.net", "/v1/orders/42", HEADERS)),
        ("unknown", call("host.example.invalid", "/v1/orders/42", HEADERS)),
        ("respelled", call("API.Example.net.", "/repos//acme/./%73hop/x/../issues", HEADERS)),
    ]
}

/// A policy whose paths have many `**`.
pub(crate) fn star_policy() -> String {
    let deep = "/**/a".repeat(150);
    let run = "a".repeat(1_000);
    format!(
        r#"{{"agentId":"bench","version":"1.0.0","identity":{{"authorityLevel":"limited-ops","environmentScope":["development"]}},
"network":{{"allowHosts":["*"],"allowPaths":["{deep}/b","/**/*a*a*a*b","/**/*{run}b"],"denyPaths":["{deep}/c"]}}}}"#
    )
}

/// Requests at the limits of the engine, by name.
pub(crate) fn adversarial() -> Vec<(&'static str, Vec<u8>)> {
    let host = "api.example.net";
    let size = 16 << 10;
    vec![
        ("16-kib-path", call(host, &format!("/{}", "a".repeat(size - 1)), HEADERS)),
        ("segments", call(host, &"/a".repeat(255), HEADERS)),
        ("dots", call(host, &"/a/..".repeat(size / 5), HEADERS)),
        ("escaped-dots", call(host, &"/a/%2e%2e".repeat(size / 9), HEADERS)),
        ("slashes", call(host, &format!("/a{}", "/".repeat(size - 2)), HEADERS)),
        ("escaped-twice", call(host, &format!("/a%25{}", "25".repeat(size / 2 - 4)), HEADERS)),
        ("labels", call(&"a.".repeat(10_000), "/", HEADERS)),
        ("deep-name", call(&format!("{}net", "a.".repeat(125)), "/", HEADERS)),
        ("headers", call(host, "/", &vec![r#"["x-a","b"]"#; 1_000].join(","))),
    ]
}
