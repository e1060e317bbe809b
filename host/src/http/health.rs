//! Whether the daemon works, for everybody; and what is wrong, for those who are known.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::{self, Reply};
use super::caller::Anyone;
use super::shared::Shared;
use crate::app::{App, clock};
use crate::auth::AuthConfig;
use crate::config::{BucketProvider, StoreConfig};
use crate::settings::mode_word;
use crate::state::Millis;

/// How long the store may take to answer.
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a look at the store is good for: nobody needs a credential to ask, and the store has
/// other work.
const LOOK_AGE_MAX: Duration = Duration::from_millis(500);

/// How the store looked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    at: Instant,
    answers: bool,
    /// Policies changed; told with the number of the change, so that nobody counts twice.
    generation: u64,
    deployed_at: Option<Millis>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health<'a> {
    status: &'static str,
    version: &'static str,
    timestamp: String,
    definitions_count: usize,
    definitions_last_reloaded: Option<String>,
    definitions_problems: Value,
    auth_mode: &'static str,
    judge: Value,
    storage: &'static str,
    ledger_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<Value>,
    mode: &'static str,
    environment: &'a str,
    environment_set: bool,
}

/// GET /v1/health
pub(super) async fn health(anyone: Anyone) -> Reply {
    let shared = anyone.public();
    let app = shared.app();
    let look = look(shared).await;
    let problems = app.problems.read().unwrap_or_else(PoisonError::into_inner).clone();
    let is_well = look.answers && app.is_store_well.load(Ordering::Relaxed);
    let (status, code) = match (is_well, problems.is_empty()) {
        (false, _) => ("UNHEALTHY", StatusCode::SERVICE_UNAVAILABLE),
        (true, false) => ("DEGRADED", StatusCode::OK),
        (true, true) => ("HEALTHY", StatusCode::OK),
    };
    let lines = || problems.iter().map(|own| json!({ "file": own.file, "message": own.message })).collect();
    let health = Health {
        status,
        version: env!("CARGO_PKG_VERSION"),
        timestamp: clock::text(clock::now()),
        definitions_count: app.catalog.count(),
        definitions_last_reloaded: look.deployed_at.map(clock::text),
        definitions_problems: if anyone.is_known() { lines() } else { problems.len().into() },
        auth_mode: auth_mode(app),
        judge: json!({ "enabled": false, "running": false }),
        storage: storage(app),
        ledger_size: *app.size.borrow(),
        published: published(app, anyone.is_known()),
        mode: app.config.mode.map_or("policy", mode_word),
        environment: &app.config.environment,
        environment_set: app.config.environment_is_set,
    };
    answer::json_with(code, &health)
}

/// How far the ledger is published, where it is. Only who is known sees what went wrong: it may
/// name the bucket.
fn published(app: &App, is_known: bool) -> Option<Value> {
    let published = app.published.read().unwrap_or_else(PoisonError::into_inner).clone()?;
    Some(json!({
        "size": published.size,
        "at": published.at.map(clock::text),
        "lag": published.lag(*app.size.borrow()),
        "error": published.error.map(|error| if is_known { error } else { "see the log".to_owned() }),
    }))
}

/// Looks at the store, unless somebody just did.
async fn look(shared: &Shared) -> Look {
    let before = *shared.look.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(before) = before.filter(|look| look.at.elapsed() < LOOK_AGE_MAX) {
        return before;
    }
    let known = before.filter(|look| look.answers);
    let reading = shared.app().readers.read(move |reader| {
        let generation = reader.generation()?;
        if let Some(known) = known.filter(|known| known.generation == generation) {
            return Ok((generation, known.deployed_at));
        }
        let newest = reader.policies()?.into_iter().map(|own| own.deployed_at).max();
        Ok((generation, newest))
    });
    let read = tokio::time::timeout(LOOK_TIMEOUT, reading).await;
    let at = Instant::now();
    let look = match read {
        Ok(Ok((generation, deployed_at))) => Look { at, answers: true, generation, deployed_at },
        Ok(Err(_)) | Err(_) => Look { at, answers: false, generation: 0, deployed_at: None },
    };
    *shared.look.lock().unwrap_or_else(PoisonError::into_inner) = Some(look);
    look
}

/// Which credentials are accepted.
fn auth_mode(app: &App) -> &'static str {
    match &app.config.auth {
        AuthConfig::Disabled => "disabled",
        AuthConfig::Required(accepted) => {
            let has_key = accepted.api_key.is_some() || !app.keys.is_empty();
            match (accepted.tokens.is_some(), has_key) {
                (true, true) => "jwt+api-key",
                (true, false) => "jwt",
                (false, _) => "api-key",
            }
        }
    }
}

/// The word of the setting.
const fn storage(app: &App) -> &'static str {
    match (&app.config.store, &app.config.bucket) {
        (StoreConfig::Memory, _) => "memory",
        (StoreConfig::Postgres(_), _) => "postgres",
        (StoreConfig::Embedded, None) => "local",
        (StoreConfig::Embedded, Some(bucket)) => match bucket.provider {
            BucketProvider::S3 => "s3",
            BucketProvider::Gcs => "gcs",
        },
    }
}
