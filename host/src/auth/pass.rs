//! Passes: what a browser holds in the place of a credential, for a while. A login's is in a cookie,
//! a ticket's in one address.
//!
//! A pass is a text with a code over it, so it needs no memory, and every daemon that has the key
//! reads it. It names the credential and is not one: whether that is still good is asked at each
//! use, so a pass is never worth more than what it stands for. That a login was ended, or a ticket
//! used, is for the store to know.

mod proof;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::error::AuthError;
use super::principal::{AgentScope, Principal, RoleSet};
pub use proof::{Print, Proof};

/// Keeps codes of passes apart from everything else that is signed, and from each other.
const DOMAIN: &[u8] = b"sentinel pass 1\n";
const CSRF_DOMAIN: &[u8] = b"sentinel csrf 1\n";
const BLIND_DOMAIN: &[u8] = b"sentinel print 1\n";

/// Most bytes of a pass: what browsers keep of a cookie.
const PASS_BYTES_MAX: usize = 3_800;

/// Random bytes of an id.
const ID_BYTES: usize = 16;

/// How long a login lasts, in seconds, however long its credential does.
pub const LOGIN_SECONDS_MAX: u64 = 12 * 60 * 60;

/// How long a ticket can be used, in seconds.
pub const TICKET_SECONDS: u64 = 30;

/// What a pass is for. One for the one thing is none for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// A browser that somebody logged in with.
    Login,
    /// One event stream.
    Ticket,
}

impl Purpose {
    /// What to call it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Ticket => "ticket",
        }
    }
}

/// Makes and checks passes. It follows from the key of the ledger, so daemons that share one share
/// passes.
#[derive(Clone)]
pub struct SealKey([u8; 32]);

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key of passes]")
    }
}

/// A pass, as it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pass {
    purpose: Purpose,
    /// Its own name, random.
    id: String,
    /// The login that it comes from; its own id for a login.
    login: Option<String>,
    proof: Proof,
    subject: String,
    roles: String,
    agent: String,
    /// When it cannot be used any more, in seconds since 1970.
    ends_at: u64,
    /// When what was begun with it ends, in seconds since 1970; never if absent.
    lasts_until: Option<u64>,
    /// Whether it was made for a page that came encrypted.
    is_secure: bool,
}

/// Who gets a pass, and on the ground of what.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Who.
    pub principal: Principal,
    /// What shows that the credential is still good.
    pub proof: Proof,
    /// When the credential ends, in seconds since 1970; never if absent.
    pub ends_at: Option<u64>,
    /// The login that it was asked for with, if it was.
    pub login: Option<String>,
    /// Whether the page of whoever asked came encrypted.
    pub is_secure: bool,
}

impl SealKey {
    /// A key out of random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[expect(clippy::expect_used, reason = "HMAC is defined for keys of every length")]
    fn code(&self, domain: &[u8], text: &[u8]) -> [u8; 32] {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length");
        mac.chain_update(domain).chain_update(text).finalize().into_bytes().into()
    }

    /// A print that tells nothing to who has not this key.
    pub(super) fn blind(&self, print: &Print) -> Print {
        Print::of_hash(self.code(BLIND_DOMAIN, print.as_bytes()))
    }

    /// A login, from now on.
    ///
    /// # Errors
    ///
    /// Where the operating system has no randomness.
    pub fn login(&self, holder: Holder, now: u64) -> Result<Pass, getrandom::Error> {
        let id = random_id()?;
        let ends_at = now.saturating_add(LOGIN_SECONDS_MAX).min(holder.ends_at.unwrap_or(u64::MAX));
        let proof = self.blinded(holder.proof);
        let holder = Holder { login: Some(id.clone()), ends_at: Some(ends_at), proof, ..holder };
        Ok(Pass::new(Purpose::Login, id, holder, ends_at))
    }

    /// A ticket, from now on.
    ///
    /// # Errors
    ///
    /// Where the operating system has no randomness.
    pub fn ticket(&self, holder: Holder, now: u64) -> Result<Pass, getrandom::Error> {
        let ends_at = now.saturating_add(TICKET_SECONDS).min(holder.ends_at.unwrap_or(u64::MAX));
        let proof = self.blinded(holder.proof);
        Ok(Pass::new(Purpose::Ticket, random_id()?, Holder { proof, ..holder }, ends_at))
    }

    /// A ticket of whoever is logged in.
    ///
    /// # Errors
    ///
    /// Where the operating system has no randomness.
    pub fn ticket_of(&self, login: &Pass, now: u64) -> Result<Pass, getrandom::Error> {
        let ends_at = now.saturating_add(TICKET_SECONDS).min(login.ends_at);
        Ok(Pass { purpose: Purpose::Ticket, id: random_id()?, ends_at, ..login.clone() })
    }

    fn blinded(&self, proof: Proof) -> Proof {
        match proof {
            Proof::Anybody | Proof::Key(_) => proof,
            Proof::Environment(print) => Proof::Environment(self.blind(&print)),
            Proof::Token(print) => Proof::Token(self.blind(&print)),
        }
    }

    /// The text of a pass; `None` where it is longer than a browser keeps.
    pub fn seal(&self, pass: &Pass) -> Option<String> {
        let said = serde_json::to_vec(pass).ok()?;
        let code = self.code(DOMAIN, &said);
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(said), URL_SAFE_NO_PAD.encode(code));
        (text.len() <= PASS_BYTES_MAX).then_some(text)
    }

    /// Reads what [`Self::seal`] made.
    ///
    /// # Errors
    ///
    /// Where it is anything else, is for something else, or its time is over.
    pub fn open(&self, text: &str, purpose: Purpose, now: u64) -> Result<Pass, AuthError> {
        let pass = self.read(text).filter(|pass| pass.purpose == purpose);
        let pass = pass.ok_or(AuthError::BadPass(purpose.word()))?;
        if now >= pass.ends_at { Err(AuthError::PassExpired(purpose.word())) } else { Ok(pass) }
    }

    fn read(&self, text: &str) -> Option<Pass> {
        if text.len() > PASS_BYTES_MAX {
            return None;
        }
        let (said, code) = text.split_once('.')?;
        let (said, code) = (URL_SAFE_NO_PAD.decode(said).ok()?, URL_SAFE_NO_PAD.decode(code).ok()?);
        let is_genuine: bool = self.code(DOMAIN, &said).as_slice().ct_eq(&code).into();
        if !is_genuine {
            return None;
        }
        serde_json::from_slice(&said).ok()
    }

    /// What a page of ours sends back with a login, and no other page knows.
    pub fn csrf(&self, login: &Pass) -> String {
        URL_SAFE_NO_PAD.encode(self.code(CSRF_DOMAIN, login.id.as_bytes()))
    }

    /// Whether a page sent that.
    pub fn is_csrf(&self, login: &Pass, sent: &[u8]) -> bool {
        self.csrf(login).as_bytes().ct_eq(sent).into()
    }
}

impl Pass {
    fn new(purpose: Purpose, id: String, holder: Holder, ends_at: u64) -> Self {
        let Holder { principal, proof, ends_at: lasts_until, login, is_secure } = holder;
        Self {
            purpose,
            id,
            login,
            proof,
            subject: principal.subject().to_owned(),
            roles: principal.roles().to_string(),
            agent: principal.agent().to_string(),
            ends_at,
            lasts_until,
            is_secure,
        }
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The login that it comes from, if it comes from one.
    pub fn login_id(&self) -> Option<&str> {
        self.login.as_deref()
    }

    /// What shows that the credential is still good.
    pub const fn proof(&self) -> &Proof {
        &self.proof
    }

    /// When it cannot be used any more, in seconds since 1970.
    pub const fn ends_at(&self) -> u64 {
        self.ends_at
    }

    /// Whether what was begun with it may go on.
    pub fn lasts(&self, now: u64) -> bool {
        self.lasts_until.is_none_or(|end| now < end)
    }

    /// Whether it was made for a page that came encrypted.
    pub const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Who holds it. Only what was sealed says anything, so it reads as it was written.
    ///
    /// # Errors
    ///
    /// Where another version of this program wrote it in other words.
    pub fn principal(&self) -> Result<Principal, AuthError> {
        let bad = || AuthError::BadPass(self.purpose.word());
        let roles: RoleSet = self.roles.parse().map_err(|_| bad())?;
        let agent: AgentScope = self.agent.parse().map_err(|_| bad())?;
        Ok(Principal::new(self.subject.as_str(), roles, agent))
    }
}

fn random_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; ID_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SealKey {
        SealKey::new([7; 32])
    }

    fn holder(ends_at: Option<u64>) -> Holder {
        let principal = Principal::new("alice", "approve,audit".parse().unwrap(), AgentScope::Any);
        Holder {
            principal,
            proof: Proof::Key(Print::of_hash([1; 32])),
            ends_at,
            login: None,
            is_secure: false,
        }
    }

    #[test]
    fn a_pass_is_read_as_it_was_made_until_its_end() {
        for (credential_ends, ends) in [(None, 1_000 + LOGIN_SECONDS_MAX), (Some(1_500), 1_500)] {
            let pass = key().login(holder(credential_ends), 1_000).unwrap();
            let text = key().seal(&pass).unwrap();
            assert_eq!(key().open(&text, Purpose::Login, ends - 1).unwrap(), pass);
            assert_eq!(pass.principal().unwrap(), holder(None).principal);
            let late = key().open(&text, Purpose::Login, ends);
            assert_eq!(late, Err(AuthError::PassExpired("login")));
            assert!(pass.lasts(ends - 1) && !pass.lasts(ends));
        }
    }

    #[test]
    fn every_change_makes_it_none() {
        let bad = |purpose: Purpose| Err(AuthError::BadPass(purpose.word()));
        let text = key().seal(&key().login(holder(None), 0).unwrap()).unwrap();
        for place in 0..text.len() {
            for other in ["A", "b", ".", "=", "-", " ", ""] {
                let changed = format!("{}{other}{}", &text[..place], &text[place + 1..]);
                if changed != text {
                    assert_eq!(key().open(&changed, Purpose::Login, 0), bad(Purpose::Login), "{changed}");
                }
            }
        }
        let (said, code) = text.split_once('.').unwrap();
        let long = "A".repeat(PASS_BYTES_MAX + 1);
        for wrong in
            ["", ".", said, code, &format!("{text}."), &format!("{text}="), &format!(".{text}"), &long]
        {
            assert_eq!(key().open(wrong, Purpose::Login, 0), bad(Purpose::Login), "{wrong}");
        }
        let other = SealKey::new([8; 32]);
        assert_eq!(other.open(&text, Purpose::Login, 0), bad(Purpose::Login), "another daemon's");
        assert_eq!(key().open(&text, Purpose::Ticket, 0), bad(Purpose::Ticket), "a login is no ticket");
    }

    #[test]
    fn a_ticket_is_short_and_what_it_opens_lasts_as_long_as_what_it_came_from() {
        let login = key().login(holder(Some(5_000)), 1_000).unwrap();
        let ticket = key().ticket_of(&login, 1_000).unwrap();
        assert_eq!((ticket.ends_at(), ticket.login_id()), (1_030, Some(login.id())));
        assert!(ticket.id() != login.id() && ticket.lasts(4_999) && !ticket.lasts(5_000));
        let text = key().seal(&ticket).unwrap();
        assert!(key().open(&text, Purpose::Ticket, 1_029).is_ok());
        assert!(key().open(&text, Purpose::Ticket, 1_030).is_err());
        assert!(key().open(&text, Purpose::Login, 1_000).is_err(), "a ticket is no login");
        let own = key().ticket(holder(None), 1_000).unwrap();
        assert!(own.lasts(u64::MAX) && own.login_id().is_none() && own.ends_at() == 1_030);
        assert_eq!(key().ticket(holder(Some(1_010)), 1_000).unwrap().ends_at(), 1_010);
    }

    #[test]
    fn no_two_are_equal_and_each_has_its_own_secret() {
        let (one, two) = (key().login(holder(None), 0).unwrap(), key().login(holder(None), 0).unwrap());
        assert!(one.id() != two.id() && key().csrf(&one) != key().csrf(&two));
        assert!(key().is_csrf(&one, key().csrf(&one).as_bytes()));
        for wrong in [key().csrf(&two), String::new(), one.id().to_owned(), format!("{} ", key().csrf(&one))]
        {
            assert!(!key().is_csrf(&one, wrong.as_bytes()));
        }
    }

    #[test]
    fn a_pass_holds_no_print_that_others_could_make() {
        let print = Print::of(&[b"a weak secret"]);
        let pass = key().login(Holder { proof: Proof::Token(print), ..holder(None) }, 0).unwrap();
        assert_eq!(*pass.proof(), Proof::Token(key().blind(&print)));
        assert_ne!(*pass.proof(), Proof::Token(print));
        assert_ne!(Print::of(&[b"ab", b"c"]), Print::of(&[b"a", b"bc"]));
        assert_eq!(format!("{:?} {print:?}", key()), "[key of passes] [print of a key]");
    }
}
