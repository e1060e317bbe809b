//! `sentinel token key`: API keys, which the store knows by their hashes.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use sentinel::auth::{ApiKey, KeyRecord};
use sentinel::config::{Config, StoreConfig};
use sentinel::state::Millis;
use sentinel::store::Backend;
use sentinel::store::postgres::Postgres;
use sentinel::store::sqlite::Sqlite;
use serde_json::{Value, json};

use super::super::page::printable;
use super::super::{Context, Exit, page};
use super::terms::{Grant, Terms, agent_json, agents_word, moment, now, parse_duration};
use super::warn_of_terminal;

/// Characters of a subject that are worth a column.
const SUBJECT_CHARS_MAX: usize = 60;

/// Make, list and revoke API keys
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an API key and print it, once
    ///
    /// The store keeps its hash. A key that is lost cannot be shown again: make another one.
    Create {
        #[command(flatten)]
        terms: Terms,
        /// How long it is good for: a number and s, m, h or d [default: until it is revoked]
        #[arg(long, value_name = "TIME", value_parser = parse_duration)]
        expires: Option<Duration>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List API keys, revoked and expired ones as well
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke an API key
    Revoke {
        /// Its id, as `list` shows it
        #[arg(value_name = "ID")]
        id: String,
    },
}

pub(super) fn run(args: Args, config: &Config, context: &Context) -> anyhow::Result<Exit> {
    let store = open_keys(config)?;
    match args.command {
        Command::Create { terms, expires, json } => create(store.as_ref(), terms, expires, json, context),
        Command::List { json } => list(store.as_ref(), json, context),
        Command::Revoke { id } => revoke(store.as_ref(), &id),
    }
}

/// The store of the daemon, which may be running.
fn open_keys(config: &Config) -> anyhow::Result<Box<dyn Backend>> {
    match &config.store {
        StoreConfig::Memory => bail!("storage is `memory`, where a key would end with this command"),
        StoreConfig::Embedded => Ok(Box::new(Sqlite::open_shared(&config.home)?)),
        StoreConfig::Postgres(address) => Ok(Box::new(Postgres::open(address.expose())?)),
    }
}

fn create(
    store: &dyn Backend,
    terms: Terms,
    expires: Option<Duration>,
    json: bool,
    context: &Context,
) -> anyhow::Result<Exit> {
    let Grant { subject, roles, agent } = terms.grant()?;
    let key = ApiKey::generate().context("the operating system has no randomness")?;
    let created_at = now()?;
    let expires_at = expires.map(|time| created_at.saturating_add(time.as_secs()));
    let record = KeyRecord::new(&key, subject, roles, agent, created_at, expires_at);
    store.writer()?.add_key(&record)?;
    let mut out = context.page.out();
    if json {
        let mut line = describe(&record);
        if let Value::Object(fields) = &mut line {
            fields.insert("key".to_owned(), json!(key.expose()));
        }
        writeln!(out, "{line:#}")?;
    } else {
        writeln!(out, "{}", key.expose())?;
    }
    out.flush()?;
    page::note(&format!("note: the key is not kept and cannot be shown again; its id is {}", record.id));
    warn_of_terminal(context);
    Ok(Exit::Ok)
}

fn list(store: &dyn Backend, json: bool, context: &Context) -> anyhow::Result<Exit> {
    let mut records = store.reader()?.keys()?;
    records.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
    let now = now()?;
    let mut out = context.page.out();
    if json {
        writeln!(out, "{:#}", Value::Array(records.iter().map(describe).collect()))?;
    } else {
        let mut table = context.page.table(&["id", "subject", "roles", "agent", "made", "ends"]);
        for record in &records {
            table.add_row([
                record.id.clone(),
                printable(&record.subject, SUBJECT_CHARS_MAX),
                record.roles.to_string(),
                agents_word(&record.agent),
                moment(record.created_at),
                end(record, now),
            ]);
        }
        writeln!(out, "{table}")?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}

fn end(record: &KeyRecord, now: u64) -> String {
    match (record.revoked_at, record.expires_at) {
        (Some(at), _) => format!("revoked {}", moment(at)),
        (None, Some(at)) if now >= at => format!("expired {}", moment(at)),
        (None, Some(at)) => moment(at),
        (None, None) => "never".to_owned(),
    }
}

fn revoke(store: &dyn Backend, id: &str) -> anyhow::Result<Exit> {
    let at = i64::try_from(now()?.saturating_mul(1000)).context("the clock is out of range: set it")?;
    if !store.writer()?.revoke_key(id, Millis(at))? {
        bail!("there is no key `{}` that could be revoked: see `sentinel token key list`", id.escape_debug());
    }
    page::note(&format!("revoked: {}", id.escape_debug()));
    Ok(Exit::Ok)
}

/// A record for programs. The hash stays in the store.
fn describe(record: &KeyRecord) -> Value {
    json!({
        "id": record.id,
        "subject": record.subject,
        "roles": record.roles.iter().map(|role| role.word()).collect::<Vec<_>>(),
        "agentId": agent_json(&record.agent),
        "createdAt": moment(record.created_at),
        "expiresAt": record.expires_at.map(moment),
        "revokedAt": record.revoked_at.map(moment),
    })
}
