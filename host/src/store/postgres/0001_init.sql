-- Tables of the shared store. Times are milliseconds since the epoch, UTC. Every row names its
-- tenant and its log, first in every primary key, so that rows can be spread over shards. Other
-- indexes begin with what they are for: with the same beginning as a primary key they would look
-- as good to the planner before it knows that there is one tenant, and read all of it.

CREATE TABLE sentinel_migrations (
    version    BIGINT      NOT NULL PRIMARY KEY,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);

-- The row that every transaction locks first.
CREATE TABLE sentinel_logs (
    tenant     TEXT   NOT NULL,
    log_id     TEXT   NOT NULL,
    size       BIGINT NOT NULL CHECK (size >= 0),
    peaks      BYTEA  NOT NULL,
    last_at    BIGINT NOT NULL,
    signer     TEXT   NOT NULL,
    checkpoint TEXT   NOT NULL,
    PRIMARY KEY (tenant, log_id)
);

CREATE TABLE sentinel_entries (
    tenant   TEXT   NOT NULL,
    log_id   TEXT   NOT NULL,
    seq      BIGINT NOT NULL CHECK (seq >= 0),
    leaf     BYTEA  NOT NULL CHECK (octet_length(leaf) = 32),
    kind     TEXT   NOT NULL,
    agent    TEXT   NOT NULL,
    decision TEXT   NOT NULL,
    body     TEXT   NOT NULL,
    PRIMARY KEY (tenant, log_id, seq)
);

CREATE INDEX sentinel_entries_by_agent ON sentinel_entries (agent, tenant, log_id, seq);

CREATE TABLE sentinel_nodes (
    tenant TEXT   NOT NULL,
    log_id TEXT   NOT NULL,
    level  BIGINT NOT NULL CHECK (level >= 1),
    idx    BIGINT NOT NULL CHECK (idx >= 0),
    hash   BYTEA  NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (tenant, log_id, level, idx)
);

CREATE TABLE sentinel_meters (
    tenant TEXT   NOT NULL,
    log_id TEXT   NOT NULL,
    meter  TEXT   NOT NULL,
    agent  TEXT   NOT NULL,
    used   BIGINT NOT NULL CHECK (used >= 0),
    held   BIGINT NOT NULL CHECK (held >= 0),
    slots  BYTEA  NOT NULL,
    PRIMARY KEY (tenant, log_id, agent, meter)
);

CREATE TABLE sentinel_holds (
    tenant  TEXT   NOT NULL,
    log_id  TEXT   NOT NULL,
    verdict TEXT   NOT NULL,
    agent   TEXT   NOT NULL,
    state   TEXT   NOT NULL CHECK (state IN ('open', 'posted', 'voided', 'expired')),
    ends_at BIGINT NOT NULL,
    charges TEXT   NOT NULL,
    PRIMARY KEY (tenant, log_id, verdict)
);

CREATE INDEX sentinel_holds_by_end ON sentinel_holds (tenant, log_id, ends_at) WHERE state = 'open';

CREATE TABLE sentinel_sessions (
    tenant     TEXT   NOT NULL,
    log_id     TEXT   NOT NULL,
    session    TEXT   NOT NULL,
    agent      TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    external   TEXT,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    PRIMARY KEY (tenant, log_id, session)
);

CREATE INDEX sentinel_sessions_by_agent ON sentinel_sessions (agent, tenant, log_id, started_at);

CREATE TABLE sentinel_agents (
    tenant    TEXT   NOT NULL,
    log_id    TEXT   NOT NULL,
    agent     TEXT   NOT NULL,
    calls     BIGINT NOT NULL,
    denied    BIGINT NOT NULL,
    escalated BIGINT NOT NULL,
    last_at   BIGINT NOT NULL,
    session   TEXT   NOT NULL,
    PRIMARY KEY (tenant, log_id, agent)
);

CREATE TABLE sentinel_remembered (
    tenant         TEXT   NOT NULL,
    log_id         TEXT   NOT NULL,
    agent          TEXT   NOT NULL,
    idempotency    TEXT   NOT NULL,
    request_digest TEXT   NOT NULL,
    answer         TEXT   NOT NULL,
    seq            BIGINT NOT NULL,
    at             BIGINT NOT NULL,
    PRIMARY KEY (tenant, log_id, agent, idempotency)
);

CREATE TABLE sentinel_policies (
    tenant      TEXT   NOT NULL,
    log_id      TEXT   NOT NULL,
    agent       TEXT   NOT NULL,
    revision    BIGINT NOT NULL CHECK (revision >= 1),
    version     TEXT   NOT NULL,
    digest      TEXT   NOT NULL,
    format      TEXT   NOT NULL CHECK (format IN ('json', 'yaml')),
    document    TEXT   NOT NULL,
    deployed_by TEXT   NOT NULL,
    deployed_at BIGINT NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('active', 'removed')),
    PRIMARY KEY (tenant, log_id, agent, revision)
);

CREATE TABLE sentinel_api_keys (
    tenant     TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    hash       BYTEA  NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    record     TEXT   NOT NULL,
    -- In seconds, as all times of a key.
    revoked_at BIGINT,
    PRIMARY KEY (tenant, id)
);

-- Grows with every change of a policy or a key, so that others see that they have to look.
CREATE TABLE sentinel_generations (
    tenant     TEXT   NOT NULL PRIMARY KEY,
    generation BIGINT NOT NULL
);
