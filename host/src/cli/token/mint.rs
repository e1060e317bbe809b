//! `sentinel token mint`: a token, signed with the daemon's secret.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use sentinel::auth::jwt::{Claims, mint_jwt};
use sentinel::auth::setup::{Secrets, TokenConfig, VerifierConfig};
use sentinel::auth::{AuthConfig, Authenticator};
use sentinel::config::Config;
use serde_json::json;

use super::super::{Context, Exit};
use super::terms::{Grant, Terms, agent_json, moment, now, parse_duration};
use super::warn_of_terminal;

/// Make a token, signed with SOE_JWT_SECRET
///
/// A token cannot be taken back: it ends when it ends, or with the secret that signed it. Where
/// that is not good enough, make an API key with `sentinel token key create`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    terms: Terms,
    /// How long it is good for: a number and s, m, h or d
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = parse_duration)]
    expires: Duration,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args, config: &Config, context: &Context) -> anyhow::Result<Exit> {
    let (tokens, secrets) = signing(config)?;
    let Grant { subject, roles, agent } = args.terms.grant()?;
    if args.expires > tokens.lifetime_max {
        bail!(
            "tokens are good for {} s at most: use a shorter --expires, or raise SENTINEL_JWT_LIFETIME_MAX",
            tokens.lifetime_max.as_secs()
        );
    }
    let issued_at = now()?;
    let claims = Claims {
        subject,
        roles,
        agent,
        issuer: tokens.issuer.clone(),
        audiences: vec![tokens.audience.clone()],
        issued_at,
        expires_at: issued_at.saturating_add(args.expires.as_secs()),
        not_before: None,
    };
    let token = mint_jwt(&secrets.current, &claims)?;
    // What the daemon would refuse is better refused here.
    Authenticator::open(&config.auth)?
        .verify_token(token.expose(), issued_at)
        .context("the token would not be accepted")?;
    let mut out = context.page.out();
    if args.json {
        let line = json!({
            "token": token.expose(),
            "subject": claims.subject,
            "roles": claims.roles.iter().map(|role| role.word()).collect::<Vec<_>>(),
            "agentId": agent_json(&claims.agent),
            "expiresAt": moment(claims.expires_at),
        });
        writeln!(out, "{line:#}")?;
    } else {
        writeln!(out, "{}", token.expose())?;
    }
    out.flush()?;
    warn_of_terminal(context);
    Ok(Exit::Ok)
}

fn signing(config: &Config) -> anyhow::Result<(&TokenConfig, &Secrets)> {
    match &config.auth {
        AuthConfig::Disabled => bail!("authentication is disabled, so there is nothing to sign with"),
        AuthConfig::Required(accepted) => match &accepted.tokens {
            Some(tokens) => match &tokens.verifier {
                VerifierConfig::Secret(secrets) => Ok((tokens, secrets)),
                VerifierConfig::PublicKey { .. } | VerifierConfig::KeySet { .. } => {
                    bail!("tokens are verified with public keys: whoever has the private key makes them")
                }
            },
            None => bail!("there is no secret to sign with: set SOE_JWT_SECRET to that of the daemon"),
        },
    }
}
