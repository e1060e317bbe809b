//! Where a published ledger goes: a bucket or a directory. Both are an object store to us.
//!
//! The checkpoint is written last, so that what it covers is there. It is read first, so that no
//! ledger is written over another one.

use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Attribute, Attributes, ObjectStore, ObjectStoreExt as _, PutOptions, RetryConfig};
use sentinel_ledger::tiles::TilePath;
use sentinel_ledger::{Checkpoint, NOTE_BYTES_MAX, root_at};

use super::PublishError;
use super::tiles::{self, CHECKPOINT};
use crate::app::reads::{Readers, StoredHashes};
use crate::config::{BucketConfig, BucketProvider};

/// Files that are written at the same time. Each holds a reader, and calls need some, too.
const FILES_AT_ONCE: usize = 4;

/// A request that fails in passing is repeated for so long. What fails longer is reported, and
/// tried again by whoever asked.
const RETRY_TIMEOUT: Duration = Duration::from_secs(10);

/// How often such a request is repeated at most.
const RETRIES_MAX: usize = 3;

/// A bucket or a directory.
#[derive(Debug)]
pub struct Destination {
    store: Arc<dyn ObjectStore>,
    /// What names begin with.
    prefix: String,
    /// What to call it.
    place: String,
    /// Whether files have a type and a time to live.
    has_attributes: bool,
}

impl Destination {
    /// A bucket. Credentials and endpoint come from the usual variables of its provider.
    ///
    /// # Errors
    ///
    /// Where those cannot be used. Whether they open the bucket is seen later.
    pub fn bucket(config: &BucketConfig) -> Result<Self, PublishError> {
        // Ours already, or somebody else's that is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let retry =
            RetryConfig { max_retries: RETRIES_MAX, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() };
        let (store, scheme): (Result<Arc<dyn ObjectStore>, _>, _) = match config.provider {
            BucketProvider::S3 => {
                let builder = AmazonS3Builder::from_env().with_bucket_name(&config.name).with_retry(retry);
                (builder.build().map(|store| Arc::new(store) as _), "s3")
            }
            BucketProvider::Gcs => {
                let builder =
                    GoogleCloudStorageBuilder::from_env().with_bucket_name(&config.name).with_retry(retry);
                (builder.build().map(|store| Arc::new(store) as _), "gs")
            }
        };
        let prefix = match config.prefix.as_str() {
            "" => String::new(),
            prefix => format!("{}/", prefix.trim_end_matches('/')),
        };
        Ok(Self {
            store: store.map_err(|error| PublishError::Settings(Box::new(error)))?,
            prefix,
            place: format!("`{scheme}://{}/{}`", config.name, config.prefix),
            has_attributes: true,
        })
    }

    /// A directory, made if it is not there. Files appear in it whole or not at all.
    ///
    /// # Errors
    ///
    /// Where it cannot be made or entered.
    pub fn directory(path: &FilePath) -> Result<Self, PublishError> {
        std::fs::create_dir_all(path).map_err(PublishError::Directory)?;
        let store = LocalFileSystem::new_with_prefix(path)
            .map_err(|error| PublishError::Directory(std::io::Error::other(error)))?;
        Ok(Self {
            store: Arc::new(store),
            prefix: String::new(),
            place: format!("`{}`", path.display()),
            has_attributes: false,
        })
    }

    /// Publishes what is recorded now, and returns how many entries that are. `known` is how many
    /// are there already; where it is not known, the destination is asked.
    ///
    /// # Errors
    ///
    /// Where not all of it could be published. Then the old checkpoint is still there.
    pub async fn publish(&self, readers: &Readers, known: Option<u64>) -> Result<u64, PublishError> {
        let head = readers.read(|reader| Ok(reader.head()?)).await?;
        let size = head.tree.size();
        let from = match known {
            Some(size) => size,
            None => self.size(readers, &head.checkpoint, size).await?,
        };
        if from == size {
            return Ok(size);
        }
        stream::iter(tiles::added(from, size))
            .map(|path| self.write_tile(readers, path))
            .buffer_unordered(FILES_AT_ONCE)
            .try_for_each(|()| std::future::ready(Ok(())))
            .await?;
        self.write(CHECKPOINT, head.checkpoint.into_bytes(), "text/plain; charset=utf-8", "no-cache").await?;
        Ok(size)
    }

    /// Entries that are there already. They have to be the first ones of our ledger.
    async fn size(&self, readers: &Readers, own: &str, own_size: u64) -> Result<u64, PublishError> {
        let Some(note) = self.read_checkpoint().await? else { return Ok(0) };
        if note == own.as_bytes() {
            return Ok(own_size);
        }
        let other = |reason: String| PublishError::OtherLedger { place: self.place.clone(), reason };
        let found = checkpoint_of(&note).ok_or_else(|| other("its checkpoint cannot be read".to_owned()))?;
        let origin = own.lines().next().unwrap_or_default();
        if own_size > 0 && found.origin() != origin {
            return Err(other(format!("it is named `{}`, not `{origin}`", found.origin().escape_debug())));
        }
        let size = found.size();
        if size > own_size {
            let reason = format!("it has {size} entries and ours {own_size}, so ours may be an old copy");
            return Err(other(reason));
        }
        let root = readers
            .read(move |reader| {
                root_at(&StoredHashes::new(reader), size)
                    .map_err(|error| crate::app::reads::ReadError::Unproven { reason: error.to_string() })
            })
            .await?;
        if root == found.root() {
            return Ok(size);
        }
        Err(other(format!("its first {size} entries are not ours")))
    }

    async fn read_checkpoint(&self) -> Result<Option<Vec<u8>>, PublishError> {
        let failed = |source| PublishError::Remote { name: CHECKPOINT.to_owned(), done: "read", source };
        let too_long = |bytes: u64| bytes > NOTE_BYTES_MAX as u64;
        let found = match self.store.get(&self.name(CHECKPOINT)?).await {
            Ok(found) if too_long(found.meta.size) => return Ok(Some(Vec::new())),
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(Box::new(error))),
        };
        let bytes = found.bytes().await.map_err(|error| failed(Box::new(error)))?;
        Ok(Some(bytes.to_vec()))
    }

    async fn write_tile(&self, readers: &Readers, path: TilePath) -> Result<(), PublishError> {
        let bytes = readers.read(move |reader| tiles::content(reader, path)).await?;
        // A name always has the same content, whatever the ledger becomes.
        self.write(&path.to_string(), bytes, "application/octet-stream", "max-age=31536000, immutable").await
    }

    async fn write(
        &self,
        name: &str,
        bytes: Vec<u8>,
        kind: &'static str,
        cache: &'static str,
    ) -> Result<(), PublishError> {
        let attributes = [(Attribute::ContentType, kind), (Attribute::CacheControl, cache)];
        let options = PutOptions {
            attributes: if self.has_attributes {
                Attributes::from_iter(attributes)
            } else {
                Attributes::new()
            },
            ..PutOptions::default()
        };
        let written = self.store.put_opts(&self.name(name)?, bytes.into(), options).await;
        written.map(drop).map_err(|error| PublishError::Remote {
            name: name.to_owned(),
            done: "written",
            source: Box::new(error),
        })
    }

    fn name(&self, name: &str) -> Result<Path, PublishError> {
        let name = format!("{}{name}", self.prefix);
        Path::parse(&name).map_err(|error| PublishError::Settings(Box::new(error.into())))
    }
}

/// The text of a checkpoint. Who signed it does not matter here: it is compared with our own.
fn checkpoint_of(note: &[u8]) -> Option<Checkpoint> {
    let (text, _) = std::str::from_utf8(note).ok()?.split_once("\n\n")?;
    Checkpoint::parse(&format!("{text}\n")).ok()
}
