//! The two edge examples in the hosts that they are for: the worker in workerd, the component in wasmtime. Both
//! have to say the same, and what the engine says.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a harness fails loudly")]

mod authzen;
mod client;
mod component;
mod corpus;
mod daemon;
mod place;
mod process;
mod records;
mod soe;
mod worker;

use component::Component;
use daemon::{Daemon, Mood};
use place::Settings;
use worker::Worker;

#[test]
fn the_worker_has_the_types_that_it_says() {
    worker::check_types();
}

#[test]
fn the_worker_answers_as_the_daemon_does() {
    let worker = Worker::start(&Settings::default());
    soe::answers(&worker.place);
    soe::credentials(&worker.place);
    soe::malformed(&worker.place);
    soe::without_daemon(&worker.place);
}

#[test]
fn the_worker_speaks_authzen() {
    let worker = Worker::start(&Settings::default());
    authzen::single(&worker.place);
    authzen::many(&worker.place);
    authzen::malformed(&worker.place);
    authzen::configuration(&worker.place);
}

#[test]
fn the_worker_lets_nobody_in_with_a_short_secret() {
    let worker = Worker::start(&Settings { token: Some("short".to_owned()), ..Settings::default() });
    let short = client::Client::new(&worker.place.url, "short");
    let answer = short.post("/v1/evaluate", soe::call("Bash", "npm test"));
    assert_eq!((answer.status, answer.text("code")), (500, "internal"), "{answer:?}");
    assert_eq!(answer.text("decision"), "deny");
}

#[test]
fn the_worker_has_the_environment_of_its_place() {
    let worker =
        Worker::start(&Settings { environment: Some("production".to_owned()), ..Settings::default() });
    soe::environment(&worker.place);
}

#[test]
fn the_worker_tells_a_daemon_of_another_environment_which_one_it_is() {
    let daemon = Daemon::start(soe::policies());
    let settings = Settings { environment: Some("production".to_owned()), ..Settings::with(&daemon) };
    let worker = Worker::start(&settings);
    soe::elsewhere(&worker.place, &daemon);
    records::wait_for_the_daemon_of_their_environment(&worker.place, &daemon);
}

#[test]
fn the_worker_lets_nobody_in_with_a_name_that_no_daemon_takes() {
    let worker = Worker::start(&Settings { point: Some("my edge".to_owned()), ..Settings::default() });
    let answer = worker.place.client().post("/v1/evaluate", soe::call("Bash", "npm test"));
    assert_eq!((answer.status, answer.text("code"), answer.text("decision")), (500, "internal", "deny"));
    assert!(answer.text("detail").contains("EDGE_POINT"), "{answer:?}");
}

#[test]
fn the_worker_asks_the_daemon_for_what_needs_memory() {
    let daemon = Daemon::start(soe::policies());
    let worker = Worker::start(&Settings::with(&daemon));
    soe::with_daemon(&worker.place, &daemon, Some("development"));
    authzen::with_daemon(&worker.place, &daemon, Some("development"));
}

#[test]
fn the_worker_reports_what_it_decided() {
    let daemon = Daemon::start(soe::policies());
    let worker = Worker::start(&Settings::with(&daemon));
    records::are_whole(&worker.place, &daemon);
    records::keep_their_numbers(&worker.place, &daemon);
    records::are_kept_while_the_daemon_is_away(&worker.place, &daemon);
    records::are_sent_again_if_the_answer_is_lost(&worker.place, &daemon);
    records::are_sent_beside_one_that_spoils_the_batch(&worker.place, &daemon);
    records::are_dropped_if_the_daemon_never_takes_them(&worker.place, &daemon);
}

#[test]
fn a_worker_that_must_record_permits_nothing_without_a_daemon() {
    let daemon = Daemon::start(soe::policies());
    let worker = Worker::start(&Settings { required: true, ..Settings::with(&daemon) });
    records::required(&worker.place, &daemon);
    let alone = Worker::start(&Settings { required: true, ..Settings::default() });
    let answer = alone.place.client().post("/v1/evaluate", soe::call("Bash", "npm test"));
    assert_eq!((answer.status, answer.text("code")), (503, "store-unavailable"), "{answer:?}");
}

#[test]
fn the_worker_decides_the_corpus_as_the_engine_does() {
    let daemon = Daemon::start(corpus::policies());
    let worker = Worker::start_with(&corpus::settings(&daemon), &corpus::policies());
    println!("worker: {}", corpus::same_bytes(&worker.place, &daemon));
}

/// One test: wasmtime compiles the component anew for each server.
#[test]
fn the_component_says_the_same() {
    let daemon = Daemon::start(corpus::policies());
    let component = Component::start(&corpus::settings(&daemon), &corpus::policies());
    soe::answers(&component.place);
    soe::credentials(&component.place);
    soe::malformed(&component.place);
    soe::with_daemon(&component.place, &daemon, None);
    authzen::single(&component.place);
    authzen::many(&component.place);
    authzen::malformed(&component.place);
    authzen::configuration(&component.place);
    authzen::with_daemon(&component.place, &daemon, None);
    daemon.mood(Mood::Well);
    println!("component: {}", corpus::same_bytes(&component.place, &daemon));
}
