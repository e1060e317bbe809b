//! Claims: what a payload says, and whether that holds here and now.

use serde_json::{Map, Value};

use super::super::error::{AuthError, shown};
use super::super::principal::{AgentScope, Principal, Role, RoleSet, is_subject};
use super::super::setup::{JWT_SKEW_SECONDS, TokenConfig};

/// The last second of the year 9999. A date beyond it is a mistake in its unit.
const UNIX_MAX: u64 = 253_402_300_799;

/// What a token says, each claim of the right type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `sub`
    pub subject: String,
    /// `roles`
    pub roles: RoleSet,
    /// `agentId`; none if absent, any if `*`
    pub agent: AgentScope,
    /// `iss`
    pub issuer: String,
    /// `aud`, one or several
    pub audiences: Vec<String>,
    /// `iat`, seconds since 1970
    pub issued_at: u64,
    /// `exp`, seconds since 1970
    pub expires_at: u64,
    /// `nbf`, seconds since 1970
    pub not_before: Option<u64>,
}

impl Claims {
    /// Reads a payload. Claims that are not ours are left alone.
    pub(super) fn read(payload: &Map<String, Value>) -> Result<Self, AuthError> {
        let subject = text(payload, "sub")?;
        if !is_subject(subject) {
            return Err(AuthError::bad_claim("sub", "is empty, too long or has control characters"));
        }
        let agent = match payload.get("agentId") {
            None => AgentScope::None,
            Some(_) => match text(payload, "agentId")?.parse() {
                Ok(AgentScope::None) => return Err(AuthError::bad_claim("agentId", "is empty")),
                Ok(scope) => scope,
                Err(error) => return Err(AuthError::bad_claim("agentId", format!("is wrong: {error}"))),
            },
        };
        Ok(Self {
            subject: subject.to_owned(),
            roles: roles(payload)?,
            agent,
            issuer: text(payload, "iss")?.to_owned(),
            audiences: audiences(payload)?,
            issued_at: date(payload, "iat")?,
            expires_at: date(payload, "exp")?,
            not_before: payload.contains_key("nbf").then(|| date(payload, "nbf")).transpose()?,
        })
    }

    /// Holds the claims to the configuration and the clock.
    pub(super) fn check(&self, config: &TokenConfig, now: u64) -> Result<(), AuthError> {
        if self.issuer != config.issuer {
            let problem = format!("is `{}`, not `{}`", shown(&self.issuer), config.issuer);
            return Err(AuthError::bad_claim("iss", problem));
        }
        if !self.audiences.contains(&config.audience) {
            return Err(AuthError::bad_claim("aud", format!("is not `{}`", config.audience)));
        }
        // Sums do not overflow: dates were read below UNIX_MAX.
        if now >= self.expires_at + JWT_SKEW_SECONDS {
            return Err(AuthError::TokenExpired { expired_at: self.expires_at, now });
        }
        let valid_from = self.not_before.unwrap_or(0).max(self.issued_at);
        if now.saturating_add(JWT_SKEW_SECONDS) < valid_from {
            return Err(AuthError::TokenNotYetValid { valid_from, now });
        }
        let Some(seconds) = self.expires_at.checked_sub(self.issued_at).filter(|seconds| *seconds > 0) else {
            return Err(AuthError::bad_claim("exp", "is not after `iat`"));
        };
        let seconds_max = config.lifetime_max.as_secs();
        if seconds > seconds_max {
            return Err(AuthError::TokenLifetime { seconds, seconds_max });
        }
        Ok(())
    }

    pub(super) fn into_principal(self) -> Principal {
        Principal::new(self.subject, self.roles, self.agent)
    }
}

fn claim<'a>(payload: &'a Map<String, Value>, name: &'static str) -> Result<&'a Value, AuthError> {
    payload.get(name).ok_or_else(|| AuthError::bad_claim(name, "is absent"))
}

fn text<'a>(payload: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, AuthError> {
    claim(payload, name)?.as_str().ok_or_else(|| AuthError::bad_claim(name, "is no text"))
}

/// A date as whole seconds. Fractions, negative numbers and texts are not dates to us.
fn date(payload: &Map<String, Value>, name: &'static str) -> Result<u64, AuthError> {
    claim(payload, name)?
        .as_u64()
        .filter(|seconds| *seconds <= UNIX_MAX)
        .ok_or_else(|| AuthError::bad_claim(name, "is no whole number of seconds since 1970"))
}

fn texts<'a>(
    value: &'a Value,
    name: &'static str,
) -> Result<impl Iterator<Item = Result<&'a str, AuthError>>, AuthError> {
    let items = value.as_array().ok_or_else(|| AuthError::bad_claim(name, "is no list of texts"))?;
    Ok(items
        .iter()
        .map(move |item| item.as_str().ok_or_else(|| AuthError::bad_claim(name, "is no list of texts"))))
}

fn audiences(payload: &Map<String, Value>) -> Result<Vec<String>, AuthError> {
    let claim = claim(payload, "aud")?;
    if let Some(one) = claim.as_str() {
        return Ok(vec![one.to_owned()]);
    }
    texts(claim, "aud")?.map(|item| item.map(str::to_owned)).collect()
}

/// A word that is no role is not skipped: it may be a mistyped one, or one of another product.
fn roles(payload: &Map<String, Value>) -> Result<RoleSet, AuthError> {
    let roles: RoleSet = texts(claim(payload, "roles")?, "roles")?
        .map(|word| {
            word?.parse::<Role>().map_err(|error| AuthError::bad_claim("roles", format!("is wrong: {error}")))
        })
        .collect::<Result<_, _>>()?;
    if roles.is_empty() {
        return Err(AuthError::bad_claim("roles", "is empty"));
    }
    Ok(roles)
}
