//! The reading connection. Reading twice does no harm, so it opens a lost connection again.

use std::sync::Arc;

use postgres::Row;
use postgres::types::ToSql;
use sentinel_ledger::Hash;

use super::connect::{Connection, Connector, Values};
use super::fault::Fault;
use super::rows;
use crate::auth::KeyRecord;
use crate::state::{Agent, Approval, Entry, Head, Meter, MeterKey, Millis, PolicyRevision, Session, TENANT};
use crate::store::{ApprovalFilter, EntryFilter, LOG, Order, Reader, StoreError, encode};

pub(super) struct PostgresReader {
    connector: Arc<Connector>,
    connection: Option<Connection>,
}

impl PostgresReader {
    pub(super) fn new(connector: Arc<Connector>) -> Result<Self, StoreError> {
        let connection = connector.connect()?;
        Ok(Self { connector, connection: Some(connection) })
    }

    fn query(&mut self, sql: &str, values: Values<'_>) -> Result<Vec<Row>, StoreError> {
        let found = match self.attempt(sql, values) {
            Err(fault) if fault.is_lost() || fault.is_collision() => self.attempt(sql, values),
            first => first,
        };
        Ok(found?)
    }

    fn attempt(&mut self, sql: &str, values: Values<'_>) -> Result<Vec<Row>, Fault> {
        let mut own = self.connection.take().map_or_else(|| self.connector.connect(), Ok)?;
        let found = own.query(sql, values);
        if !found.as_ref().is_err_and(Fault::is_lost) {
            self.connection = Some(own);
        }
        found
    }

    fn rows<T>(
        &mut self,
        sql: &str,
        values: Values<'_>,
        row: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.query(sql, values)?.iter().map(row).collect()
    }
}

impl Reader for PostgresReader {
    fn head(&mut self) -> Result<Head, StoreError> {
        let select = format!("SELECT {} FROM sentinel_logs WHERE tenant = $1 AND log_id = $2", rows::HEAD);
        Ok(self.rows(&select, &[&TENANT, &LOG], rows::head)?.pop().unwrap_or_else(Head::empty))
    }

    fn entries(
        &mut self,
        from: u64,
        order: Order,
        filter: &EntryFilter,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let (from, limit) = (encode::signed(from), i64::from(limit));
        let kind = filter.kind.map(|kind| kind.as_str());
        let (range, direction) = match order {
            Order::OldestFirst => ("seq >= $3", "ASC"),
            Order::NewestFirst => ("seq < $3", "DESC"),
        };
        let mut sql = format!(
            "SELECT {} FROM sentinel_entries WHERE tenant = $1 AND log_id = $2 AND {range}",
            rows::ENTRY
        );
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![&TENANT, &LOG, &from];
        for (column, value) in [
            ("agent", filter.agent.as_ref().map(|value| value as &(dyn ToSql + Sync))),
            ("kind", kind.as_ref().map(|value| value as &(dyn ToSql + Sync))),
            ("decision", filter.decision.as_ref().map(|value| value as &(dyn ToSql + Sync))),
        ] {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {column} = ${}", values.len()));
            }
        }
        values.push(&limit);
        sql.push_str(&format!(" ORDER BY seq {direction} LIMIT ${}", values.len()));
        self.rows(&sql, &values, rows::entry)
    }

    fn hashes(&mut self, level: u8, start: u64, count: u32) -> Result<Vec<Hash>, StoreError> {
        let (first, end) = (encode::signed(start), encode::signed(start.saturating_add(count.into())));
        if level == 0 {
            let select = "SELECT leaf FROM sentinel_entries
                WHERE tenant = $1 AND log_id = $2 AND seq >= $3 AND seq < $4 ORDER BY seq";
            return self.rows(select, &[&TENANT, &LOG, &first, &end], |row| rows::hash(row, 0));
        }
        let select = "SELECT hash FROM sentinel_nodes
            WHERE tenant = $1 AND log_id = $2 AND level = $5 AND idx >= $3 AND idx < $4 ORDER BY idx";
        let level = i64::from(level);
        self.rows(select, &[&TENANT, &LOG, &first, &end, &level], |row| rows::hash(row, 0))
    }

    fn agents(&mut self) -> Result<Vec<(String, Agent)>, StoreError> {
        let select = format!("SELECT {} FROM sentinel_agents WHERE tenant = $1 AND log_id = $2", rows::AGENT);
        let mut found = self.rows(&select, &[&TENANT, &LOG], rows::agent)?;
        // Here and below: the order of texts in a database depends on how it was made.
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found)
    }

    fn agent(&mut self, id: &str) -> Result<Option<Agent>, StoreError> {
        let select = format!(
            "SELECT {} FROM sentinel_agents WHERE tenant = $1 AND log_id = $2 AND agent = $3",
            rows::AGENT
        );
        Ok(self.rows(&select, &[&TENANT, &LOG, &id], rows::agent)?.pop().map(|(_, agent)| agent))
    }

    fn meters(&mut self, agent: &str) -> Result<Vec<(MeterKey, Meter)>, StoreError> {
        let select = format!(
            "SELECT {} FROM sentinel_meters WHERE tenant = $1 AND log_id = $2 AND agent = $3",
            rows::METER
        );
        let mut found = self.rows(&select, &[&TENANT, &LOG, &agent], rows::meter)?;
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found)
    }

    fn meter(&mut self, key: &MeterKey) -> Result<Option<Meter>, StoreError> {
        let select = format!(
            "SELECT {} FROM sentinel_meters WHERE tenant = $1 AND log_id = $2 AND agent = $3 AND meter = $4",
            rows::METER
        );
        let [agent, ..] = key.parts();
        Ok(self
            .rows(&select, &[&TENANT, &LOG, &agent, &key.as_str()], rows::meter)?
            .pop()
            .map(|(_, meter)| meter))
    }

    fn session(&mut self, id: &str) -> Result<Option<Session>, StoreError> {
        let select = format!(
            "SELECT {} FROM sentinel_sessions WHERE tenant = $1 AND log_id = $2 AND session = $3",
            rows::SESSION
        );
        Ok(self.rows(&select, &[&TENANT, &LOG, &id], rows::session)?.pop().map(|(_, session)| session))
    }

    fn sessions(&mut self, agent: &str, limit: u32) -> Result<Vec<(String, Session)>, StoreError> {
        let select = format!(
            "SELECT {} FROM sentinel_sessions WHERE tenant = $1 AND log_id = $2 AND agent = $3
             ORDER BY started_at DESC LIMIT $4",
            rows::SESSION
        );
        self.rows(&select, &[&TENANT, &LOG, &agent, &i64::from(limit)], rows::session)
    }

    fn policies(&mut self) -> Result<Vec<PolicyRevision>, StoreError> {
        let select = format!(
            "SELECT DISTINCT ON (agent) {} FROM sentinel_policies WHERE tenant = $1 AND log_id = $2
             ORDER BY agent, revision DESC",
            rows::POLICY
        );
        let mut found = self.rows(&select, &[&TENANT, &LOG], rows::policy)?;
        found.sort_by(|one, other| one.agent.cmp(&other.agent));
        Ok(found)
    }

    fn generation(&mut self) -> Result<u64, StoreError> {
        let select = "SELECT generation FROM sentinel_generations WHERE tenant = $1";
        let found = self.rows(select, &[&TENANT], |row| rows::column(row, 0))?;
        encode::unsigned(found.first().copied().unwrap_or(0))
    }

    fn policy_history(&mut self, agent: &str, limit: u32) -> Result<Vec<PolicyRevision>, StoreError> {
        let select = format!(
            "SELECT {} FROM sentinel_policies WHERE tenant = $1 AND log_id = $2 AND agent = $3
             ORDER BY revision DESC LIMIT $4",
            rows::POLICY
        );
        self.rows(&select, &[&TENANT, &LOG, &agent, &i64::from(limit)], rows::policy)
    }

    fn policy_revision(&mut self, agent: &str, revision: u64) -> Result<Option<PolicyRevision>, StoreError> {
        let select = format!(
            "SELECT {} FROM sentinel_policies
             WHERE tenant = $1 AND log_id = $2 AND agent = $3 AND revision = $4",
            rows::POLICY
        );
        Ok(self.rows(&select, &[&TENANT, &LOG, &agent, &encode::signed(revision)], rows::policy)?.pop())
    }

    fn keys(&mut self) -> Result<Vec<KeyRecord>, StoreError> {
        let select = "SELECT hash, record, revoked_at FROM sentinel_api_keys WHERE tenant = $1";
        let mut found = self.rows(select, &[&TENANT], |row| {
            encode::key_back(rows::column(row, 0)?, rows::column(row, 1)?, rows::column(row, 2)?)
        })?;
        found.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(found)
    }

    fn spent(&mut self) -> Result<Vec<(String, u64)>, StoreError> {
        let select = "SELECT id, until FROM sentinel_spent WHERE tenant = $1";
        let found = self.rows(select, &[&TENANT], |row| {
            Ok((rows::column::<String>(row, 0)?, rows::column::<i64>(row, 1)?))
        })?;
        found.into_iter().map(|(id, until)| Ok((id, encode::unsigned(until)?))).collect()
    }

    fn approval(&mut self, key: &str) -> Result<Option<Approval>, StoreError> {
        let select = format!(
            "SELECT {} FROM sentinel_approvals WHERE tenant = $1 AND log_id = $2 AND key = $3",
            rows::APPROVAL
        );
        Ok(self.rows(&select, &[&TENANT, &LOG, &key], rows::approval)?.pop().map(|(_, approval)| approval))
    }

    fn approvals(&mut self, wanted: &ApprovalFilter) -> Result<Vec<(String, Approval)>, StoreError> {
        let mut sql = format!(
            "SELECT {} FROM sentinel_approvals
             WHERE tenant = $1 AND log_id = $2 AND (asked_at, key) {} ($3, $4)",
            rows::APPROVAL,
            if wanted.open { ">" } else { "<" }
        );
        let start = (Millis(if wanted.open { i64::MIN } else { i64::MAX }), String::new());
        let ((moment, key), limit) = (wanted.past.as_ref().unwrap_or(&start), i64::from(wanted.limit));
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![&TENANT, &LOG, &moment.0, key, &limit];
        if let Some(agent) = &wanted.agent {
            values.push(agent);
            sql.push_str(" AND agent = $6");
        }
        sql.push_str(&if wanted.open {
            format!(" AND {} ORDER BY asked_at ASC, key ASC LIMIT $5", rows::APPROVAL_IS_OPEN)
        } else {
            " ORDER BY asked_at DESC, key DESC LIMIT $5".to_owned()
        });
        let mut found = self.rows(&sql, &values, rows::approval)?;
        let place = |(key, own): &(String, Approval)| (own.asked_at, key.clone());
        found.sort_by_cached_key(place);
        if !wanted.open {
            found.reverse();
        }
        Ok(found)
    }
}
