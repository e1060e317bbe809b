//! Policies: trying a document out, deploying it, looking at what governs, and going back.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{ETAG, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::{self, Reply};
use super::caller::{Admin, Auditor, Caller, Grant, Watcher};
use super::evaluate::heavy;
use super::input::{JsonBody, Named, Params, Within, bounded};
use super::problem::{Code, Problem};
use crate::app::policies::{self, Checked, Deploy, Remove, Source};
use crate::app::{CommitError, OperationError, clock, reads};
use crate::auth::principal::is_agent_id;
use crate::engine::{Diagnostic, Format, LoadError, PolicyText, Severity};
use crate::limits::POLICY_BYTES_MAX;
use crate::state::{PolicyRevision, PolicyState};

/// Revisions of one answer of the history, unless asked otherwise.
const HISTORY_DEFAULT: u32 = 20;

/// Most revisions of one answer of the history, and how far back a rollback can go.
const HISTORY_MAX: u32 = 1_000;

/// A document as it is sent: an object, or text in a notation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent<'a> {
    #[serde(borrow)]
    soe: &'a RawValue,
    #[serde(borrow)]
    format: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "present")]
    base: Option<Option<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Back {
    revision: u64,
    #[serde(default, deserialize_with = "present")]
    base: Option<Option<String>>,
}

/// A member that is there, be it null: `null` says that there was nothing, absence says nothing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
pub(super) struct HistoryQuery {
    limit: Option<u32>,
}

#[derive(Serialize)]
struct Finding<'a> {
    severity: &'static str,
    code: &'a str,
    message: &'a str,
    help: Option<&'a str>,
    pointer: &'a str,
    line: u32,
    column: u32,
    start: u32,
    end: u32,
}

/// POST /v1/validate
pub(super) async fn validate(caller: Caller<Watcher>, body: JsonBody) -> Reply {
    let grant = caller.asking_about_its_own_document();
    let (document, format, base) = document(&body)?;
    if base.is_some() {
        return Err(Problem::bad_request("`base` is for deploying: leave it out"));
    }
    let (is_valid, findings) = match heavy(|| policies::check(grant.app(), document, format)) {
        Ok(checked) => (true, policies::warnings(&checked).to_vec()),
        Err(LoadError::Refused(findings)) => (false, findings),
        Err(LoadError::Engine(error)) => return Err(error.into()),
    };
    answer::json(&json!({
        "valid": is_valid,
        "errors": sentences(&findings, Severity::Error),
        "warnings": sentences(&findings, Severity::Warning),
        "diagnostics": diagnostics(&findings),
    }))
}

/// POST /v1/deploy
pub(super) async fn deploy(caller: Caller<Admin>, body: JsonBody) -> Reply {
    let grant = caller.ruling();
    let (document, format, base) = document(&body)?;
    put(grant, document, format, (Source::Request, base)).await
}

/// POST /v1/agents/{id}/rollback
pub(super) async fn rollback(caller: Caller<Admin>, Named(agent): Named, body: JsonBody) -> Reply {
    let grant = caller.ruling_over(&agent)?;
    let Back { revision, base } = body.parse()?;
    let all = revisions(grant, agent, HISTORY_MAX).await?;
    let own = all.into_iter().find(|own| own.revision == revision);
    let own = own.ok_or_else(|| Problem::not_found(format!("revision {revision} is not known")))?;
    if own.state == PolicyState::Removed {
        return Err(Problem::new(
            Code::Conflict,
            format!("revision {revision} is a removal: DELETE the policy"),
        ));
    }
    put(grant, own.document, own.format, (Source::Rollback, base)).await
}

/// DELETE /v1/agents/{id}/policy
pub(super) async fn remove(caller: Caller<Admin>, Named(agent): Named) -> Reply {
    let grant = caller.ruling_over(&agent)?;
    let by = grant.subject().to_owned();
    let done = policies::remove(grant.shared().app(), Remove { agent, by, revision: None }).await?;
    let own = done.revision.ok_or_else(|| no_policy(&done.agent))?;
    answer::json(&json!({ "removed": true, "agentId": own.agent, "revision": own.revision }))
}

/// GET /v1/agents/{id}/policy
///
/// Who sends an agent's calls may see it too: an enforcement point decides with it.
pub(super) async fn policy(caller: Caller<Watcher>, Named(agent): Named, headers: HeaderMap) -> Reply {
    let grant = caller.seeing(&agent)?;
    let newest = revisions(grant, agent.clone(), 1).await?.pop();
    let own = newest.filter(|own| own.state == PolicyState::Active).ok_or_else(|| no_policy(&agent))?;
    let etag = etag(&own)?;
    if answer::is_known(&headers, &etag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().insert(ETAG, etag);
        return Ok(response);
    }
    let governing = grant.app().catalog.get(&agent).ok_or_else(|| no_policy(&agent))?;
    let description = reads::describe(grant.app(), &governing)?;
    let mut line = answer::fields(line(&own));
    line.insert("format".to_owned(), format_word(own.format).into());
    line.insert("document".to_owned(), own.document.into());
    line.insert("description".to_owned(), (*description).clone());
    let mut response = answer::json(&line)?;
    response.headers_mut().insert(ETAG, etag);
    Ok(response)
}

/// Stands for what the answer says: the same document deployed again is another revision.
fn etag(own: &PolicyRevision) -> Result<HeaderValue, Problem> {
    let text = format!("\"{}.{}\"", own.digest, own.revision);
    HeaderValue::try_from(text).map_err(|error| Problem::internal(&error))
}

/// GET /v1/agents/{id}/policy/history
pub(super) async fn history(
    caller: Caller<Auditor>,
    Named(agent): Named,
    Params(query): Params<HistoryQuery>,
) -> Reply {
    let grant = caller.seeing(&agent)?;
    let limit = bounded("limit", query.limit, HISTORY_DEFAULT, HISTORY_MAX)?;
    let all = revisions(grant, agent.clone(), limit).await?;
    if all.is_empty() {
        return Err(no_policy(&agent));
    }
    answer::json(&json!({ "agentId": agent, "revisions": all.iter().map(line).collect::<Vec<_>>() }))
}

/// GET /v1/agents/{id}/policy/history/{revision}
pub(super) async fn revision(caller: Caller<Auditor>, Within(agent, revision): Within) -> Reply {
    let grant = caller.seeing(&agent)?;
    let app = grant.app();
    let id = agent.clone();
    let own = app.readers.read(move |reader| Ok(reader.policy_revision(&id, revision)?)).await?;
    let own =
        own.ok_or_else(|| Problem::not_found(format!("revision {revision} of `{agent}` is not known")))?;
    let text = PolicyText::new(own.document.clone(), own.format);
    // What an earlier version of this program took may be refused by this one.
    let description = heavy(|| app.pool.describe(&text)).ok();
    let description: Option<Value> = description.and_then(|text| serde_json::from_str(&text).ok());
    let mut line = answer::fields(line(&own));
    line.insert("format".to_owned(), format_word(own.format).into());
    line.insert("document".to_owned(), own.document.into());
    line.insert("description".to_owned(), description.unwrap_or(Value::Null));
    answer::json(&line)
}

/// Checks a document and lets it govern, where what it was made from still does.
async fn put(
    grant: Grant<'_>,
    document: String,
    format: Format,
    (source, base): (Source, Option<Option<String>>),
) -> Reply {
    let policy = match heavy(|| policies::check(grant.app(), document, format)) {
        Ok(policy) => policy,
        Err(LoadError::Refused(findings)) => return Err(refused(&findings)),
        Err(LoadError::Engine(error)) => return Err(error.into()),
    };
    // It becomes part of the name of a file and of addresses.
    if !is_agent_id(&policy.facts.agent_id) {
        return Err(Problem::new(Code::PolicyRefused, "its `agentId` cannot name a file")
            .with("errors", json!(["agentId cannot name a file"])));
    }
    let deploy = Deploy::new(policy, source, grant.subject().to_owned()).made_from(base);
    let done = policies::deploy(grant.shared().app(), deploy).await.map_err(not_newer)?;
    answer::json(&deployed(&done))
}

fn deployed(done: &Deploy) -> Value {
    let Checked { facts, .. } = &done.policy;
    json!({
        "deployed": true,
        "agentId": facts.agent_id,
        "path": done.path,
        "version": facts.version,
        "revision": done.revision.as_ref().map(|own| own.revision),
        "digest": facts.digest,
        "warnings": sentences(policies::warnings(&done.policy), Severity::Warning),
    })
}

fn not_newer(error: CommitError) -> Problem {
    match error {
        CommitError::Operation(OperationError::Conflict { why }) => Problem::new(Code::VersionNotNewer, why),
        CommitError::Operation(_) | CommitError::Busy | CommitError::Stopping | CommitError::Store(_) => {
            error.into()
        }
    }
}

fn no_policy(agent: &str) -> Problem {
    Problem::not_found(format!("no policy governs agent `{agent}`"))
}

async fn revisions(grant: Grant<'_>, agent: String, limit: u32) -> Result<Vec<PolicyRevision>, Problem> {
    let app = grant.app();
    Ok(app.readers.read(move |reader| Ok(reader.policy_history(&agent, limit)?)).await?)
}

fn line(own: &PolicyRevision) -> Value {
    json!({
        "agentId": own.agent,
        "version": own.version,
        "revision": own.revision,
        "digest": own.digest,
        "deployedBy": own.deployed_by,
        "deployedAt": clock::text(own.deployed_at),
        "state": match own.state {
            PolicyState::Active => "active",
            PolicyState::Removed => "removed",
        },
    })
}

/// The text of the document, its notation, and what it was made from. The text of an object is its own bytes, so that
/// places in it are places in what was sent.
fn document(body: &JsonBody) -> Result<(String, Format, Option<Option<String>>), Problem> {
    let sent: Sent<'_> = body.parse()?;
    let text = sent.soe.get();
    let (text, format) = match (text.as_bytes().first(), sent.format.as_deref()) {
        (Some(b'{'), None | Some("json")) => (text.to_owned(), Format::Json),
        (Some(b'"'), Some("yaml")) => (unquoted(text)?, Format::Yaml),
        (Some(b'"'), Some("json")) => (unquoted(text)?, Format::Json),
        _ => {
            let detail =
                "`soe` is the document as an object, or its text with `format` `yaml` or `json` beside it";
            return Err(Problem::bad_request(detail));
        }
    };
    if text.len() as u64 > POLICY_BYTES_MAX {
        let detail = format!("the document is larger than {POLICY_BYTES_MAX} bytes");
        return Err(Problem::new(Code::BodyTooLarge, detail));
    }
    Ok((text, format, sent.base))
}

fn unquoted(text: &str) -> Result<String, Problem> {
    serde_json::from_str(text).map_err(|error| Problem::bad_request(format!("`soe` cannot be read: {error}")))
}

const fn format_word(format: Format) -> &'static str {
    match format {
        Format::Json => "json",
        Format::Yaml => "yaml",
    }
}

fn refused(findings: &[Diagnostic]) -> Problem {
    let errors = sentences(findings, Severity::Error);
    let detail = format!("the policy is refused: {}", errors.join("; "));
    Problem::new(Code::PolicyRefused, detail)
        .with("errors", json!(errors))
        .with("warnings", json!(sentences(findings, Severity::Warning)))
        .with("diagnostics", diagnostics(findings))
}

/// Findings of one kind, one sentence each. Warnings name their place themselves.
fn sentences(findings: &[Diagnostic], severity: Severity) -> Vec<String> {
    let own = findings.iter().filter(|finding| finding.severity == severity);
    own.map(|finding| match (severity, finding.pointer.as_str()) {
        (Severity::Warning, _) | (Severity::Error, "") => finding.message.clone(),
        (Severity::Error, pointer) => format!("{pointer}: {}", finding.message),
    })
    .collect()
}

fn diagnostics(findings: &[Diagnostic]) -> Value {
    let line = |own: &Diagnostic| {
        json!(Finding {
            severity: match own.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            code: &own.code,
            message: &own.message,
            help: own.help.as_deref(),
            pointer: &own.pointer,
            line: own.line,
            column: own.column,
            start: own.start,
            end: own.end,
        })
    };
    findings.iter().map(line).collect()
}
