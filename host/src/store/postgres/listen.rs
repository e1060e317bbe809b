//! Hearing of other daemons' changes, on a connection of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::CHANNEL;
use super::connect::{Connection, Connector};
use crate::store::StoreError;

pub(super) struct Listener {
    connector: Arc<Connector>,
    connection: Mutex<Option<Connection>>,
}

impl Listener {
    pub(super) const fn new(connector: Arc<Connector>) -> Self {
        Self { connector, connection: Mutex::new(None) }
    }

    pub(super) fn wait(&self, at_most: Duration) -> Result<bool, StoreError> {
        if !self.connector.notifies {
            thread::sleep(at_most);
            return Ok(true);
        }
        let mut held = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut connection) = held.take()
            && let Ok(is_notified) = connection.notified(at_most)
        {
            *held = Some(connection);
            return Ok(is_notified);
        }
        // What was announced while nobody listened was missed: the caller has to look.
        match self.listen() {
            Ok(connection) => {
                *held = Some(connection);
                Ok(true)
            }
            Err(error) => {
                // The caller asks again, and an absent database answers at once.
                thread::sleep(at_most);
                Err(error)
            }
        }
    }

    fn listen(&self) -> Result<Connection, StoreError> {
        let mut connection = self.connector.connect()?;
        connection.batch(&format!("LISTEN {CHANNEL}"))?;
        Ok(connection)
    }
}
