//! `sentinel token show`: what a token says, and whether that is true here.

use std::io::{self, Read as _, Write as _};

use anyhow::Context as _;
use sentinel::auth::jwt::{Unverified, peek};
use sentinel::auth::{AuthError, Authenticator};
use sentinel::config::{Config, ConfigError};
use serde_json::json;

use super::super::page::{Tone, printable};
use super::super::{Context, Exit, Page};
use super::terms::{agent_json, agents_word, moment, now};

/// Bytes of input that are looked at: the longest token and some space around it.
const INPUT_BYTES_MAX: u64 = 64 << 10;

/// Characters of a text from a token that are worth a line.
const TEXT_CHARS_MAX: usize = 200;

/// Show what a token says, and whether the daemon would accept it
///
/// The exit code is 0 if it would and 1 if not.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The token; standard input if absent or `-`. Arguments are seen by others on this machine
    #[arg(value_name = "TOKEN")]
    token: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    args: &Args,
    config: Result<Config, ConfigError>,
    context: &Context,
) -> anyhow::Result<Exit> {
    let text = match args.token.as_deref() {
        Some(token) if token != "-" => token.to_owned(),
        Some(_) | None => read_input()?,
    };
    let token = text.trim();
    // The error does not quote the token.
    let shown =
        peek(token).map_err(|error| anyhow::anyhow!("this is no token that can be shown: {error}"))?;
    let now = now()?;
    let refused = verify(token, config, now).err();
    let mut out = context.page.out();
    if args.json {
        write_json(&shown, refused.as_ref(), &mut out)?;
    } else {
        write_text(&shown, refused.as_ref(), now, context.page, &mut out)?;
    }
    out.flush()?;
    Ok(if refused.is_none() { Exit::Ok } else { Exit::Error })
}

fn read_input() -> anyhow::Result<String> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(INPUT_BYTES_MAX)
        .read_to_string(&mut text)
        .context("standard input could not be read")?;
    Ok(text)
}

/// Why a token is not accepted.
struct Refusal {
    code: &'static str,
    message: String,
}

fn verify(token: &str, config: Result<Config, ConfigError>, now: u64) -> Result<(), Refusal> {
    let unusable = |message: String| Refusal { code: "no-configuration", message };
    let config = config.map_err(|error| unusable(error.to_string()))?;
    let authenticator = Authenticator::open(&config.auth)
        .map_err(|error| unusable(format!("{:#}", anyhow::Error::from(error))))?;
    authenticator
        .verify_token(token, now)
        .map(|_| ())
        .map_err(|error: AuthError| Refusal { code: error.code(), message: error.to_string() })
}

fn write_json(shown: &Unverified, refused: Option<&Refusal>, out: &mut impl io::Write) -> io::Result<()> {
    let claims = &shown.claims;
    let line = json!({
        "accepted": refused.is_none(),
        "problem": refused.map(|refusal| json!({ "code": refusal.code, "message": refusal.message })),
        "algorithm": shown.header.algorithm,
        "keyId": shown.header.key_id,
        "subject": claims.subject,
        "roles": claims.roles.iter().map(|role| role.word()).collect::<Vec<_>>(),
        "agentId": agent_json(&claims.agent),
        "issuer": claims.issuer,
        "audience": claims.audiences,
        "issuedAt": moment(claims.issued_at),
        "notBefore": claims.not_before.map(moment),
        "expiresAt": moment(claims.expires_at),
    });
    writeln!(out, "{line:#}")
}

fn write_text(
    shown: &Unverified,
    refused: Option<&Refusal>,
    now: u64,
    page: Page,
    out: &mut impl io::Write,
) -> io::Result<()> {
    match refused {
        None => writeln!(out, "{}", page.paint(Tone::Good, "accepted"))?,
        Some(refusal) => {
            let word = page.paint(Tone::Bad, "not accepted");
            writeln!(out, "{word}: {} {}", refusal.message, page.paint(Tone::Faint, refusal.code))?;
        }
    }
    let claims = &shown.claims;
    let key = shown.header.key_id.as_ref().map(|key| format!(", key {key}")).unwrap_or_default();
    let passed = if now >= claims.expires_at { ", which has passed" } else { "" };
    let lines = [
        ("subject", claims.subject.clone()),
        ("roles", claims.roles.to_string().replace(',', ", ")),
        ("agent", agents_word(&claims.agent)),
        ("ends", format!("{}{passed}", moment(claims.expires_at))),
        ("issued", moment(claims.issued_at)),
        ("issuer", claims.issuer.clone()),
        ("audience", claims.audiences.join(", ")),
        ("signed", format!("{}{key}", shown.header.algorithm)),
    ];
    for (name, text) in lines {
        let name = page.paint(Tone::Faint, &format!("{name:>9}"));
        writeln!(out, "{name}  {}", printable(&text, TEXT_CHARS_MAX))?;
    }
    Ok(())
}
