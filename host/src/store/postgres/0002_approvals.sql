-- Version 2: questions to people, and what is learned of executed calls.

-- What counts is the body, as JSON; the other columns are there to look it up.
CREATE TABLE sentinel_approvals (
    tenant   TEXT   NOT NULL,
    log_id   TEXT   NOT NULL,
    key      TEXT   NOT NULL,
    agent    TEXT   NOT NULL,
    state    TEXT   NOT NULL
             CHECK (state IN ('pending', 'approved', 'denied', 'used', 'expired', 'cancelled')),
    asked_at BIGINT NOT NULL,
    ends_at  BIGINT NOT NULL,
    body     TEXT   NOT NULL,
    PRIMARY KEY (tenant, log_id, key)
);

CREATE INDEX sentinel_approvals_by_end ON sentinel_approvals (tenant, log_id, ends_at)
WHERE state IN ('pending', 'approved');

CREATE INDEX sentinel_approvals_open_by_agent
ON sentinel_approvals (agent, tenant, log_id, asked_at, key)
WHERE state IN ('pending', 'approved');

CREATE INDEX sentinel_approvals_by_agent
ON sentinel_approvals (agent, tenant, log_id, asked_at, key);

CREATE INDEX sentinel_approvals_by_time
ON sentinel_approvals (asked_at, key, tenant, log_id);

CREATE TABLE sentinel_baselines (
    tenant TEXT  NOT NULL,
    log_id TEXT  NOT NULL,
    agent  TEXT  NOT NULL,
    key    TEXT  NOT NULL,
    bytes  BYTEA NOT NULL,
    PRIMARY KEY (tenant, log_id, agent, key)
);

-- What an executed call teaches, as JSON. Holds of before teach nothing, and daemons of before
-- that still run do not name the column.
ALTER TABLE sentinel_holds ADD COLUMN observations TEXT NOT NULL DEFAULT '[]';
