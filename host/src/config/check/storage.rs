//! Where state is kept, and where the ledger is published.

use super::super::catalog as of;
use super::super::{BucketConfig, BucketProvider, StoreConfig};
use super::reader::Reader;
use super::values;

/// The words of the setting. The ledger in a bucket is a copy: what it is made of stays in the
/// embedded store.
#[derive(Clone, Copy)]
enum Storage {
    Memory,
    Local,
    Postgres,
    Bucket(BucketProvider),
}

pub(super) fn check(reader: &mut Reader) -> (StoreConfig, Option<BucketConfig>) {
    let words = [
        ("local", Storage::Local),
        ("memory", Storage::Memory),
        ("postgres", Storage::Postgres),
        ("s3", Storage::Bucket(BucketProvider::S3)),
        ("gcs", Storage::Bucket(BucketProvider::Gcs)),
    ];
    let Some(storage) = reader.word(&of::STORAGE, &words) else {
        // What would go with it cannot be told.
        return (StoreConfig::Memory, None);
    };
    let store = match storage {
        Storage::Memory => {
            reader.warnings.push("state and ledger are in memory and end with this process".to_owned());
            StoreConfig::Memory
        }
        Storage::Local | Storage::Bucket(_) => StoreConfig::Embedded,
        Storage::Postgres => postgres(reader),
    };
    if !matches!(storage, Storage::Postgres) && reader.is_set(&of::DATABASE_URL) {
        let name = reader.name(&of::STORAGE);
        reader
            .contradiction(format!("DATABASE_URL is set, but {name} is not `postgres`: set both or neither"));
    }
    (store, bucket(reader, storage))
}

fn postgres(reader: &mut Reader) -> StoreConfig {
    let Some(url) = reader.secret(&of::DATABASE_URL) else {
        reader.contradiction(
            "storage `postgres` needs DATABASE_URL, for example postgres://user@host/database",
        );
        return StoreConfig::Memory;
    };
    if !values::is_database_url(url.expose()) {
        reader.refuse(&of::DATABASE_URL, "it is no address like postgres://user@host/database");
    }
    StoreConfig::Postgres(url)
}

fn bucket(reader: &mut Reader, storage: Storage) -> Option<BucketConfig> {
    let Storage::Bucket(provider) = storage else {
        for setting in [&of::BUCKET, &of::BUCKET_PREFIX] {
            if reader.is_set(setting) {
                let name = reader.name(setting);
                reader.contradiction(format!("{name} is set, but storage is neither `s3` nor `gcs`"));
            }
        }
        return None;
    };
    if !reader.is_set(&of::BUCKET) {
        reader.contradiction("storage `s3` or `gcs` needs SENTINEL_BUCKET, the name of the bucket");
    }
    let name = reader.parsed(&of::BUCKET, values::bucket).unwrap_or_default();
    let prefix = reader.parsed(&of::BUCKET_PREFIX, values::bucket_prefix).unwrap_or_default();
    Some(BucketConfig { provider, name, prefix })
}
