-- Tables of the embedded store. Times are milliseconds since the epoch, UTC.

CREATE TABLE logs (
    tenant     TEXT    NOT NULL,
    log_id     TEXT    NOT NULL,
    size       INTEGER NOT NULL CHECK (size >= 0),
    peaks      BLOB    NOT NULL,
    last_at    INTEGER NOT NULL,
    signer     TEXT    NOT NULL,
    checkpoint TEXT    NOT NULL,
    PRIMARY KEY (tenant, log_id)
) WITHOUT ROWID;

CREATE TABLE entries (
    tenant   TEXT    NOT NULL,
    log_id   TEXT    NOT NULL,
    -- One database holds one log, so the place is the row's own number.
    seq      INTEGER PRIMARY KEY CHECK (seq >= 0),
    leaf     BLOB    NOT NULL CHECK (length(leaf) = 32),
    kind     TEXT    NOT NULL,
    agent    TEXT    NOT NULL,
    decision TEXT    NOT NULL,
    body     TEXT    NOT NULL
);

CREATE INDEX entries_by_agent ON entries (agent, seq);

CREATE TRIGGER entries_stay BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;

CREATE TRIGGER entries_remain BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never removed'); END;

CREATE TABLE nodes (
    tenant TEXT    NOT NULL,
    log_id TEXT    NOT NULL,
    level  INTEGER NOT NULL CHECK (level >= 1),
    idx    INTEGER NOT NULL CHECK (idx >= 0),
    hash   BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (tenant, log_id, level, idx)
) WITHOUT ROWID;

CREATE TABLE meters (
    tenant TEXT    NOT NULL,
    log_id TEXT    NOT NULL,
    meter  TEXT    NOT NULL,
    agent  TEXT    NOT NULL,
    used   INTEGER NOT NULL CHECK (used >= 0),
    held   INTEGER NOT NULL CHECK (held >= 0),
    slots  BLOB    NOT NULL,
    PRIMARY KEY (tenant, log_id, agent, meter)
) WITHOUT ROWID;

CREATE TABLE holds (
    tenant  TEXT    NOT NULL,
    log_id  TEXT    NOT NULL,
    verdict TEXT    NOT NULL,
    agent   TEXT    NOT NULL,
    state   TEXT    NOT NULL CHECK (state IN ('open', 'posted', 'voided', 'expired')),
    ends_at INTEGER NOT NULL,
    charges TEXT    NOT NULL,
    PRIMARY KEY (tenant, log_id, verdict)
) WITHOUT ROWID;

CREATE INDEX holds_by_end ON holds (tenant, log_id, ends_at) WHERE state = 'open';

CREATE TABLE sessions (
    tenant     TEXT    NOT NULL,
    log_id     TEXT    NOT NULL,
    session    TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    external   TEXT,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    PRIMARY KEY (tenant, log_id, session)
) WITHOUT ROWID;

CREATE INDEX sessions_by_agent ON sessions (tenant, log_id, agent, started_at);

CREATE TABLE agents (
    tenant    TEXT    NOT NULL,
    log_id    TEXT    NOT NULL,
    agent     TEXT    NOT NULL,
    calls     INTEGER NOT NULL,
    denied    INTEGER NOT NULL,
    escalated INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    session   TEXT    NOT NULL,
    PRIMARY KEY (tenant, log_id, agent)
) WITHOUT ROWID;

CREATE TABLE remembered (
    tenant         TEXT    NOT NULL,
    log_id         TEXT    NOT NULL,
    agent          TEXT    NOT NULL,
    idempotency    TEXT    NOT NULL,
    request_digest TEXT    NOT NULL,
    answer         TEXT    NOT NULL,
    seq            INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    PRIMARY KEY (tenant, log_id, agent, idempotency)
) WITHOUT ROWID;

CREATE TABLE policies (
    tenant      TEXT    NOT NULL,
    log_id      TEXT    NOT NULL,
    agent       TEXT    NOT NULL,
    revision    INTEGER NOT NULL CHECK (revision >= 1),
    version     TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    format      TEXT    NOT NULL CHECK (format IN ('json', 'yaml')),
    document    TEXT    NOT NULL,
    deployed_by TEXT    NOT NULL,
    deployed_at INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('active', 'removed')),
    PRIMARY KEY (tenant, log_id, agent, revision)
) WITHOUT ROWID;

CREATE TABLE api_keys (
    tenant     TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    hash       BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    record     TEXT    NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (tenant, id)
) WITHOUT ROWID;

-- Grows with every change of a policy or a key, so that others see that they have to look.
CREATE TABLE generations (
    tenant     TEXT    NOT NULL PRIMARY KEY,
    generation INTEGER NOT NULL
) WITHOUT ROWID;
