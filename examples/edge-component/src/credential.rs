//! Whether a caller may ask: one bearer token, compared in a time that tells nothing of it.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::problem::{Code, Problem};
use crate::settings::Settings;
use crate::wire::Head;

/// Lets the caller in, or says why not.
pub(crate) fn check(head: &Head, settings: &Settings) -> Result<(), Problem> {
    let Some(token) = &settings.token else {
        let detail = "EDGE_TOKEN is not set or shorter than 32 bytes: nobody is let in";
        return Err(Problem::new(Code::Internal, detail));
    };
    let mut sent = head.all("authorization");
    let Some(one) = sent.next() else {
        return Err(Problem::new(Code::NoCredentials, "no credentials: send `Authorization: Bearer …`"));
    };
    if sent.next().is_some() || head.all("x-soe-api-key").next().is_some() {
        return Err(Problem::new(Code::ConflictingCredentials, "more than one credential: send one"));
    }
    let bearer = one.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, sent)) = bearer.filter(|(_, own)| own.bytes().all(|byte| byte.is_ascii_graphic())) else {
        return Err(Problem::new(Code::MalformedCredentials, "the credentials cannot be read"));
    };
    // Digests have one length, so not even the length of the token shows.
    if Sha256::digest(sent).ct_eq(&Sha256::digest(token)).into() {
        Ok(())
    } else {
        Err(Problem::new(Code::UnknownKey, "the key is not known here"))
    }
}
