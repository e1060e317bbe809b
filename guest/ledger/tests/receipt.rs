//! Receipts: what they prove, and that nothing of them can be changed.

mod common;

use common::{Store, key};
use sentinel_ledger::{NoteError, Receipt, ReceiptError, VerifyError, leaf_hash};

fn entries(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|n| format!(r#"{{"kind":"verdict","seq":{n}}}"#).into_bytes()).collect()
}

#[test]
fn receipts_prove_their_entry() {
    let store = Store::of(entries(300));
    let keys = [key(1).verifying_key()];
    for index in [0, 1, 42, 255, 256, 299] {
        let receipt = store.receipt(index, &key(1));
        let json = receipt.to_json();
        assert_eq!(Receipt::parse(&json), Ok(receipt.clone()));
        let verified = receipt.verify(&keys).expect("an honest receipt");
        assert_eq!(
            (verified.index(), verified.entry()),
            (index, &store.entries[usize::try_from(index).unwrap()][..])
        );
        assert_eq!((verified.checkpoint().size(), verified.checkpoint().root()), (300, store.tree.root()));
    }
    let mut receipt = store.receipt(7, &key(1));
    assert_eq!(receipt.verify(&[]), Err(ReceiptError::Checkpoint(NoteError::NoTrustedSignature)));
    receipt.index = 8;
    assert_eq!(receipt.verify(&keys), Err(ReceiptError::Proof(VerifyError::Root)));
    receipt.index = 300;
    assert_eq!(
        receipt.verify(&keys),
        Err(ReceiptError::Proof(VerifyError::OutOfRange { of: 300, size: 300 }))
    );
    let mut receipt = store.receipt(7, &key(1));
    // An inner node is no entry.
    receipt.entry = [&[1][..], leaf_hash(b"").as_bytes(), leaf_hash(b"").as_bytes()].concat();
    assert_eq!(receipt.verify(&keys), Err(ReceiptError::Proof(VerifyError::Root)));
}

#[test]
fn every_changed_byte_of_a_receipt_is_noticed() {
    let receipt = Store::of(entries(6)).receipt(2, &key(1));
    let json = receipt.to_json();
    let keys = [key(1).verifying_key()];
    for byte in 0..json.len() {
        for flip in 1..=255 {
            let mut changed = json.clone().into_bytes();
            changed[byte] ^= flip;
            let Ok(changed) = String::from_utf8(changed) else { continue };
            let Ok(read) = Receipt::parse(&changed) else { continue };
            // White space at the end is the only thing that says nothing.
            let same = read == receipt && changed.trim_end() == json.trim_end();
            assert!(same || read.verify(&keys).is_err(), "{changed}");
        }
    }
}

#[test]
fn receipts_are_read_strictly() {
    let json = Store::of(entries(6)).receipt(2, &key(1)).to_json();
    let array = serde_json::from_str::<serde_json::Value>(&json).expect("JSON");
    let values: Vec<_> =
        ["format", "entry", "index", "proof", "checkpoint"].map(|name| array[name].clone()).into();
    for wrong in [
        String::new(),
        "{}".to_owned(),
        json.replacen('{', "{\"more\":1,", 1),
        json.replacen('{', "{\"index\":2,", 1),
        json.replace("\"index\":2", "\"index\":2.0"),
        json.replace("\"index\":2", "\"index\":-2"),
        json.replace("\"proof\":[", "\"proof\":[\"\","),
        json.replace(
            "\"proof\":[",
            &format!("\"proof\":[{}", format!("\"{}\",", leaf_hash(b"").to_base64()).repeat(200)),
        ),
        serde_json::to_string(&values).expect("JSON"),
        format!("{json}{json}"),
    ] {
        assert!(matches!(Receipt::parse(&wrong), Err(ReceiptError::Malformed { .. })), "{wrong}");
    }
    assert_eq!(Receipt::parse(&json.replace("receipt/v1", "receipt/v2")), Err(ReceiptError::Format));
    let long = format!("{json}{}", " ".repeat(1024 * 1024));
    assert_eq!(Receipt::parse(&long), Err(ReceiptError::TooLong { bytes: long.len() }));
}
