//! Opening connections, and statements that are prepared once for each.

use std::collections::HashMap;
use std::time::Duration;

use postgres::types::ToSql;
use postgres::{Client, Config, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::fault::Fault;
use super::{CONNECT_TIMEOUT, IDLE_MS, KEEPALIVE, LOCK_MS, STATEMENT_MS, UNACKNOWLEDGED_TIMEOUT, tls};
use crate::store::StoreError;

/// Values of a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Opens connections to one database.
pub(super) struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
    /// Whether this database can tell others of changes.
    pub(super) notifies: bool,
}

impl Connector {
    pub(super) fn new(address: &str) -> Result<Self, StoreError> {
        // Whoever asks for any check of certificates gets all of them.
        let address = ["verify-ca", "verify-full"].into_iter().fold(address.to_owned(), |text, mode| {
            text.replace(&format!("sslmode={mode}"), "sslmode=require")
        });
        // What the parser says may quote the address, so it stays untold.
        let mut config: Config = address.parse().map_err(|_| StoreError::Unavailable {
            reason: "the address of the database cannot be read: write it as \
                     `postgres://USER:PASSWORD@HOST:5432/DATABASE?sslmode=require`"
                .to_owned(),
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("sentinel");
        }
        config
            .tcp_user_timeout(UNACKNOWLEDGED_TIMEOUT)
            .keepalives_idle(KEEPALIVE)
            .keepalives_interval(KEEPALIVE / 4)
            .keepalives_retries(3);
        let tls = tls::connector(config.get_ssl_mode())?;
        Ok(Self { config, tls, notifies: false })
    }

    pub(super) fn connect(&self) -> Result<Connection, StoreError> {
        let mut client = self.config.connect(self.tls.clone()).map_err(|error| Fault::unavailable(&error))?;
        // A verdict is answered when it is durable: a server that commits without waiting for its
        // disk is told to wait. One that waits for replicas as well keeps doing so.
        client
            .batch_execute(&format!(
                "SET statement_timeout = {STATEMENT_MS};
                 SET lock_timeout = {LOCK_MS};
                 SET idle_in_transaction_session_timeout = {IDLE_MS};
                 SELECT set_config('synchronous_commit', 'on', false)
                 WHERE current_setting('synchronous_commit', true) = 'off'"
            ))
            .map_err(|error| Fault::unavailable(&error))?;
        // Every query of ours has its index. A plan that was made when a table was new would read
        // all of it for as long as the plan is kept. Where this is not known, nothing is lost.
        let _ = client.batch_execute("SET enable_seqscan = off");
        Ok(Connection { client, statements: HashMap::new() })
    }
}

/// An open connection.
pub(super) struct Connection {
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Connection {
    pub(super) fn query(&mut self, sql: &str, values: Values<'_>) -> Result<Vec<Row>, Fault> {
        let statement = self.prepared(sql)?;
        Ok(self.client.query(&statement, values)?)
    }

    pub(super) fn execute(&mut self, sql: &str, values: Values<'_>) -> Result<u64, Fault> {
        let statement = self.prepared(sql)?;
        Ok(self.client.execute(&statement, values)?)
    }

    /// Runs statements without values, in one round trip.
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), Fault> {
        Ok(self.client.batch_execute(sql)?)
    }

    /// Waits for a notification. Says whether there was one; further ones go with it.
    pub(super) fn notified(&mut self, at_most: Duration) -> Result<bool, Fault> {
        use postgres::fallible_iterator::FallibleIterator as _;

        let mut notifications = self.client.notifications();
        let is_notified = notifications.timeout_iter(at_most).next()?.is_some();
        while notifications.iter().next()?.is_some() {}
        Ok(is_notified)
    }

    fn prepared(&mut self, sql: &str) -> Result<Statement, Fault> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}
