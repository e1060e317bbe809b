//! Signatures of what is sent: three schemes over the same bytes, all of them HMAC-SHA256. It knows
//! no messages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What a secret of Standard Webhooks begins with; base64 follows.
const STANDARD_PREFIX: &str = "whsec_";

/// HMAC-SHA256 over parts, one after the other.
#[expect(clippy::expect_used, reason = "HMAC is defined for keys of every length")]
pub(super) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    parts.iter().fold(mac, |mac, part| mac.chain_update(part)).finalize().into_bytes().into()
}

/// The value of `X-SOE-Signature`: `t=<unix>,v1=<hex>` over the time, a full stop and the body.
pub(super) fn soe(secret: &str, seconds: i64, body: &[u8]) -> String {
    let mac = hmac_sha256(secret.as_bytes(), &[seconds.to_string().as_bytes(), b".", body]);
    format!("t={seconds},v1={}", hex::encode(mac))
}

/// The value of `webhook-signature`, as Standard Webhooks has it: over id, time and body with full
/// stops between.
pub(super) fn standard(secret: &str, id: &str, seconds: i64, body: &[u8]) -> String {
    // INVARIANT: the configuration holds no such secret that is no base64.
    let decoded = secret.strip_prefix(STANDARD_PREFIX).and_then(|rest| STANDARD.decode(rest).ok());
    let key = decoded.unwrap_or_else(|| secret.as_bytes().to_vec());
    let mac = hmac_sha256(&key, &[id.as_bytes(), b".", seconds.to_string().as_bytes(), b".", body]);
    format!("v1,{}", STANDARD.encode(mac))
}

/// The value of `X-Slack-Signature`, as Slack signs what it sends itself.
pub(super) fn slack(secret: &str, seconds: i64, body: &[u8]) -> String {
    let mac = hmac_sha256(secret.as_bytes(), &[b"v0:", seconds.to_string().as_bytes(), b":", body]);
    format!("v0={}", hex::encode(mac))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_rfc_4231() {
        let long = [0xaa; 131];
        for (key, data, expect) in [
            (
                &[0x0b; 20][..],
                &b"Hi There"[..],
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (
                &long,
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex::encode(hmac_sha256(key, &[data])), expect);
            let (left, right) = data.split_at(data.len() / 2);
            assert_eq!(hex::encode(hmac_sha256(key, &[left, b"", right])), expect);
        }
    }

    // What openssl says, for example
    // printf '%s' '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 'a-secret-of-these-tests-0123456789'
    #[test]
    fn literals_of_openssl() {
        let secret = "a-secret-of-these-tests-0123456789";
        let body = br#"{"a":1}"#;
        assert_eq!(
            soe(secret, 1_700_000_000, body),
            "t=1700000000,v1=79d2ec3de675c8b00e8e3c59c32053bf91d3e4250a1668cbb82794eee27ae915"
        );
        assert_eq!(
            slack(secret, 1_700_000_000, body),
            "v0=108eec7b04141098e90170b540636255244f620de5db5934f85541983c10ad2b"
        );
        assert_eq!(
            standard(secret, "evt_1", 1_700_000_000, body),
            "v1,S9kn/w6NqGaAQe1PlXSYhltInvfuUa4dn5lkJNqqtlE="
        );
        let encoded = "whsec_YS1zZWNyZXQtb2YtdGhlc2UtdGVzdHMtMDEyMzQ1Njc4OQ==";
        assert_eq!(
            standard(encoded, "evt_1", 1_700_000_000, body),
            "v1,S9kn/w6NqGaAQe1PlXSYhltInvfuUa4dn5lkJNqqtlE="
        );
    }
}
