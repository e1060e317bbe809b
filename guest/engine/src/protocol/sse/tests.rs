//! Streams of events: cut anywhere, they are the same events.

use proptest::prelude::*;

use super::*;

fn split(pieces: &[&[u8]]) -> (Vec<Event>, Vec<u8>) {
    let mut splitter = Splitter::new(1 << 20);
    let mut events = Vec::new();
    for piece in pieces {
        splitter.push(piece, &mut events).unwrap();
    }
    events.extend(splitter.finish());
    let joined = events.iter().flat_map(|event| event.raw().to_vec()).collect();
    (events, joined)
}

/// Names and data of the events that have data.
fn said(events: &[Event]) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = events.iter().filter(|event| !event.data().is_empty());
    said.map(|event| (text(event.name()), text(event.data()))).collect()
}

#[track_caller]
fn check(stream: &str, expect: &[(&str, &str)]) {
    let (events, joined) = split(&[stream.as_bytes()]);
    assert_eq!(joined, stream.as_bytes());
    let expect: Vec<_> = expect.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect();
    assert_eq!(said(&events), expect, "{stream:?}");
    // Cut into every two pieces, and into bytes.
    for at in 0..=stream.len() {
        let (one, two) = stream.as_bytes().split_at(at);
        let (events, joined) = split(&[one, two]);
        assert_eq!(joined, stream.as_bytes(), "cut at {at}");
        assert_eq!(said(&events), expect, "{stream:?} cut at {at}");
    }
    let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
    let (events, joined) = split(&bytes);
    assert_eq!(joined, stream.as_bytes());
    assert_eq!(said(&events), expect, "{stream:?} byte by byte");
}

#[test]
fn every_line_end_and_every_field() {
    check("data: a\n\ndata: b\n\n", &[("", "a"), ("", "b")]);
    check("data: a\r\n\r\ndata: b\r\n\r\n", &[("", "a"), ("", "b")]);
    check("data: a\r\rdata: b\r\r", &[("", "a"), ("", "b")]);
    check("data: a\r\n\ndata: b\n\r\n", &[("", "a"), ("", "b")]);
    check("event: message\nid: 7\nretry: 10\ndata: a\n\n", &[("message", "a")]);
    check("data: a\ndata:  b\ndata\ndata:c\n\n", &[("", "a\n b\n\nc")]);
    check(":keep\n\n: alive\r\n\r\ndata: a\n\n", &[("", "a")]);
    check("id: 1\ndata:\n\nretry: 3\n\n", &[]);
    check("\u{feff}data: a\n\ndata: b\n\n", &[("", "a"), ("", "b")]);
    check("data: a\n\n\u{feff}data: b\n\n", &[("", "a")]);
    check("data: a\n:note\ndata: b\n\n", &[("", "a\nb")]);
    check("Data: a\n data: b\ndatax: c\n\n", &[]);
    check("", &[]);
    check("\n\n\r\n", &[]);
}

#[test]
fn a_stream_that_breaks_off_keeps_its_last_event() {
    check("data: a\n\ndata: {\"b\"", &[("", "a"), ("", "{\"b\"")]);
}

#[test]
fn nothing_is_held_longer_than_its_end() {
    let mut splitter = Splitter::new(100);
    let mut out = Vec::new();
    for (piece, expect) in [
        ("data: a\r\n", 0),
        // A carriage return ends the line, whether a line feed follows or not.
        ("\r", 1),
        ("\n", 2),
        (":\r\n", 3),
        (": keep-alive\n", 4),
        ("id: 1\n: within\n", 4),
        ("\n", 5),
    ] {
        splitter.push(piece.as_bytes(), &mut out).unwrap();
        assert_eq!(out.len(), expect, "after {piece:?}");
    }
}

#[test]
fn an_event_that_is_too_long_ends_the_stream() {
    let mut splitter = Splitter::new(10);
    let mut out = Vec::new();
    assert_eq!(splitter.push(b"data: ab\n\ndata: abc\n\ndata: c\n\n", &mut out), Err(EventTooLong));
    assert_eq!(out.len(), 1);
    assert_eq!(splitter.push(b"data: d\n\n", &mut out), Err(EventTooLong));
    assert_eq!(out.len(), 1);

    let mut splitter = Splitter::new(10);
    for byte in [b'x'; 10] {
        splitter.push(&[byte], &mut out).unwrap();
    }
    assert_eq!(splitter.push(b"x", &mut out), Err(EventTooLong));
}

#[test]
fn other_data_leaves_the_rest_as_it_was() {
    #[track_caller]
    fn check(event: &str, data: &str, expect: &str) {
        let (events, _) = split(&[event.as_bytes()]);
        let found = events.first().unwrap().with_data(data.as_bytes());
        assert_eq!(String::from_utf8(found).unwrap(), expect);
    }
    check("event: message\nid: 1\ndata: a\n\n", "b", "event: message\nid: 1\ndata: b\n\n");
    check("data:a\r\ndata: x\r\nid: 2\r\n\r\n", "b", "data: b\r\nid: 2\r\n\r\n");
    check("data: a\r\r", "b\nc", "data: b\rdata: c\r\r");
    check("\u{feff}:x\ndata: a\n\n", "b", "\u{feff}:x\n");
    check("\u{feff}data: a\n\n", "b", "\u{feff}data: b\n\n");
    check("data: a", "b\nc", "data: b\ndata: c");
}

fn stream() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "data: {\"a\":1}",
        "data:x",
        "data",
        "event: message",
        "id: 1",
        ": c",
        "retry: 1",
        "é",
        "\u{feff}",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "\r\n\r\n",
        "\r\r",
        "\n\r",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn pieces_of_any_size_are_the_same_stream(stream in stream(), sizes in prop::collection::vec(1_usize..9, 1..40)) {
        let whole = split(&[stream.as_bytes()]);
        let (mut rest, mut pieces, mut sizes) = (stream.as_bytes(), Vec::new(), sizes.into_iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(sizes.next().unwrap().min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        let cut = split(&pieces);
        prop_assert_eq!(&whole.1, stream.as_bytes());
        prop_assert_eq!(&cut.1, stream.as_bytes());
        prop_assert_eq!(said(&whole.0), said(&cut.0));
        // With other data as well.
        let other = |events: &[Event]| events.iter().flat_map(|event| event.with_data(b"z")).collect::<Vec<u8>>();
        prop_assert_eq!(other(&whole.0), other(&cut.0));
    }
}
