//! TLS to the database, with a certificate made here.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use sentinel::store::postgres::Postgres;
use sentinel_tests::postgres::Postgres as Server;

/// The address for the same test in a process that trusts the certificate.
const URL: &str = "SENTINEL_TEST_URL";

/// A server that speaks TLS, and its certificate.
fn server() -> (Server, PathBuf) {
    let mut server = Server::start();
    let (key, certificate) = (server.data().join("server.key"), server.data().join("server.crt"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
    openssl.args(["-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate);
    let made = openssl.output().expect("openssl is missing; install it with: apt-get install openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // The key has to belong to the user of the server, as its directory does.
    let owner = Command::new("chown").arg("--reference").arg(server.data()).arg(&key).status();
    assert!(owner.expect("chown runs").success());
    server.configure("ssl = on");
    server.restart();
    (server, certificate)
}

fn open(url: &str, mode: &str) -> Result<Postgres, String> {
    Postgres::open(&format!("{url}?sslmode={mode}")).map_err(|error| error.to_string())
}

fn psql(server: &Server, sql: &str) -> String {
    server.psql(&format!("{}?sslmode=disable", server.url()), sql)
}

/// Whether the sessions of a store are encrypted that was opened since then: those of one before it may
/// still be ending.
fn is_encrypted(server: &Server, store: &Postgres, since: &str) -> bool {
    let writer = sentinel::store::Backend::writer(store).expect("a writer");
    let told = psql(
        server,
        &format!(
            "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
             WHERE application_name = 'sentinel' AND backend_start > '{since}'"
        ),
    );
    drop(writer);
    assert!(matches!(told.as_str(), "t" | "f"), "{told}");
    told == "t"
}

#[test]
fn the_mode_says_what_is_encrypted_and_checked() {
    if let Ok(url) = env::var(URL) {
        // In the process that trusts the certificate.
        for mode in ["require", "verify-ca", "verify-full"] {
            open(&url, mode).expect(mode);
            // The certificate is for an address, and this is a name.
            let named = url.replacen("127.0.0.1", "localhost", 1);
            assert!(open(&named, mode).expect_err(mode).contains("certificate"));
        }
        return;
    }
    let (server, certificate) = server();
    let url = server.url();
    for mode in ["require", "verify-ca", "verify-full"] {
        let refused = open(&url, mode).expect_err(mode);
        assert!(refused.contains("certificate"), "{mode}: {refused}");
    }
    for (mode, expected) in [("disable", false), ("prefer", true)] {
        let since = psql(&server, "SELECT clock_timestamp()");
        let store = open(&url, mode).expect(mode);
        assert_eq!(is_encrypted(&server, &store, &since), expected, "{mode}");
    }
    let trusting = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "tls::the_mode_says_what_is_encrypted_and_checked"])
        .env("SSL_CERT_FILE", fs::canonicalize(certificate).expect("a certificate"))
        .env(URL, &url)
        .output()
        .expect("this program again");
    let told = String::from_utf8_lossy(&trusting.stdout);
    assert!(trusting.status.success() && told.contains("1 passed"), "{told}");
}

#[test]
fn a_server_without_tls_is_refused_where_it_is_required() {
    let url = Server::shared().database();
    let refused = open(&url, "require").expect_err("no TLS");
    assert!(refused.contains("TLS"), "{refused}");
    open(&url, "prefer").expect("without TLS");
}
