//! The ledger, for whoever wants to check it: checkpoint, key, entries, receipts, proofs, tiles.

use axum::http::header::{CACHE_CONTROL, HeaderValue};
use sentinel_ledger::tiles::{self, TileKind, TilePath};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::{self, EntryLine, Reply};
use super::caller::{Auditor, Caller, Known, Watcher};
use super::input::{self, Named, Params, Place, bounded};
use super::problem::Problem;
use crate::app::reads::{self, ReadError};
use crate::app::signers;
use crate::store::{EntryFilter, Order, Reader};

/// Entries of one answer, unless asked otherwise.
const ENTRIES_DEFAULT: u32 = 100;

/// Most entries of one answer. Each has up to 64 KiB.
const ENTRIES_MAX: u32 = 1_000;

/// What a tile holds never changes. It is nobody else's business, so only the asker keeps it.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

#[derive(Deserialize)]
pub(super) struct EntriesQuery {
    from: Option<u64>,
    limit: Option<u32>,
    agent: Option<String>,
    kind: Option<String>,
    decision: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct SizesQuery {
    old: u64,
    new: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntriesPage {
    entries: Vec<EntryLine>,
    next_from: Option<u64>,
}

/// GET /v1/ledger/checkpoint
pub(super) async fn checkpoint(caller: Caller<Auditor>) -> Reply {
    let head = reads::head(caller.checking().app()).await?;
    Ok(answer::text(head.checkpoint))
}

/// GET /v1/ledger/key
pub(super) async fn key(caller: Caller<Known>) -> Reply {
    Ok(answer::text(format!("{}\n", caller.known().app().signer.verifying_key().encode())))
}

/// GET /v1/ledger/keys
pub(super) async fn keys(caller: Caller<Known>) -> Reply {
    let app = caller.known().app();
    answer::json(&json!({ "keys": signers::all(app).await? }))
}

/// GET /v1/ledger/entries
pub(super) async fn entries(caller: Caller<Auditor>, Params(query): Params<EntriesQuery>) -> Reply {
    let (view, grant) = caller.view()?;
    let limit = bounded("limit", query.limit, ENTRIES_DEFAULT, ENTRIES_MAX)?;
    let from = input::place(query.from)?.unwrap_or(0);
    let filter = EntryFilter {
        agent: view.narrow(query.agent.as_deref())?,
        kind: input::kind(query.kind.as_deref())?,
        decision: input::decision(query.decision)?,
    };
    let reading = grant
        .app()
        .readers
        .read(move |reader| Ok(reader.entries(from, Order::OldestFirst, &filter, limit)?));
    let entries = reading.await?;
    let next = entries.last().filter(|_| entries.len() == limit as usize).map(|last| last.seq + 1);
    let lines = entries.into_iter().map(EntryLine::new).collect::<Result<Vec<_>, _>>()?;
    answer::json(&EntriesPage { entries: lines, next_from: next })
}

/// GET /v1/ledger/entries/{index}
pub(super) async fn entry(caller: Caller<Auditor>, Place(index): Place) -> Reply {
    let (view, grant) = caller.view()?;
    let own = reads::entry(grant.app(), index).await?;
    view.check(&own.entry.agent)?;
    answer::json(&EntryLine::new(own)?)
}

/// GET /v1/ledger/entries/{index}/receipt
pub(super) async fn receipt(caller: Caller<Watcher>, Place(index): Place) -> Reply {
    let (view, grant) = caller.view()?;
    let own = reads::entry(grant.app(), index).await?;
    view.check(&own.entry.agent)?;
    Ok(answer::raw_json(reads::receipt(grant.app(), index).await?.to_json()))
}

/// GET /v1/ledger/consistency
pub(super) async fn consistency(caller: Caller<Auditor>, Params(query): Params<SizesQuery>) -> Reply {
    let SizesQuery { old, new } = query;
    let proof = reads::consistency(caller.checking().app(), old, new).await?;
    let proof: Vec<_> = proof.into_iter().map(sentinel_ledger::Hash::to_base64).collect();
    answer::json(&json!({ "old": old, "new": new, "proof": proof }))
}

/// GET /v1/ledger/tile/{*path}
pub(super) async fn tile(caller: Caller<Auditor>, Named(path): Named) -> Reply {
    let unknown = || Problem::not_found("there is no such tile (yet)");
    let path: TilePath = format!("tile/{path}").parse().map_err(|_| unknown())?;
    let grant = match path.kind() {
        TileKind::Hashes(_) => caller.checking(),
        // Entries are what agents did.
        TileKind::Entries => {
            let (view, grant) = caller.view()?;
            view.check("")?;
            grant
        }
    };
    let bytes = grant.app().readers.read(move |reader| read_tile(reader, path)).await?.ok_or_else(unknown)?;
    let mut response = answer::typed("application/octet-stream", bytes);
    response.headers_mut().insert(CACHE_CONTROL, IMMUTABLE);
    Ok(response)
}

fn read_tile(reader: &mut dyn Reader, path: TilePath) -> Result<Option<Vec<u8>>, ReadError> {
    let level = match path.kind() {
        TileKind::Hashes(level) => level,
        TileKind::Entries => 0,
    };
    let size = reader.head()?.tree.size();
    if path.width() > tiles::width(level, path.index(), size) {
        return Ok(None);
    }
    let start = path.index().saturating_mul(sentinel_ledger::TILE_WIDTH.into());
    let width = u32::from(path.width());
    match path.kind() {
        TileKind::Hashes(level) => {
            let hashes = reader.hashes(level, start, width)?;
            Ok(Some(hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()))
        }
        TileKind::Entries => {
            let entries = reader.entries(start, Order::OldestFirst, &EntryFilter::default(), width)?;
            let bodies = entries.iter().map(|own| own.entry.body.as_bytes());
            let bundle = tiles::encode_bundle(bodies);
            bundle.map(Some).map_err(|error| ReadError::Unproven { reason: error.to_string() })
        }
    }
}
