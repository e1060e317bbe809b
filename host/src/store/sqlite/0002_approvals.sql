-- Version 2: questions to people, and what is learned of executed calls. Both have rows of some
-- size, which are best kept outside of an index: so with row numbers.

-- What counts is the body, as JSON; the other columns are there to look it up.
CREATE TABLE approvals (
    tenant   TEXT    NOT NULL,
    log_id   TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    agent    TEXT    NOT NULL,
    state    TEXT    NOT NULL
             CHECK (state IN ('pending', 'approved', 'denied', 'used', 'expired', 'cancelled')),
    asked_at INTEGER NOT NULL,
    ends_at  INTEGER NOT NULL,
    body     TEXT    NOT NULL,
    PRIMARY KEY (tenant, log_id, key)
);

CREATE INDEX approvals_by_end ON approvals (tenant, log_id, ends_at)
WHERE state IN ('pending', 'approved');

CREATE INDEX approvals_by_time ON approvals (tenant, log_id, asked_at, key);

CREATE INDEX approvals_by_agent ON approvals (tenant, log_id, agent, asked_at, key);

CREATE INDEX approvals_open_by_agent ON approvals (tenant, log_id, agent, asked_at, key)
WHERE state IN ('pending', 'approved');

CREATE TABLE baselines (
    tenant TEXT NOT NULL,
    log_id TEXT NOT NULL,
    agent  TEXT NOT NULL,
    key    TEXT NOT NULL,
    bytes  BLOB NOT NULL,
    PRIMARY KEY (tenant, log_id, agent, key)
);

-- What an executed call teaches, as JSON. Holds of before teach nothing.
ALTER TABLE holds ADD COLUMN observations TEXT NOT NULL DEFAULT '[]';
