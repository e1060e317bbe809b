-- Version 3: names that are good no more: logins that somebody ended, tickets that were used. Each is
-- kept until it would have ended by itself, in seconds since 1970.
CREATE TABLE sentinel_spent (
    tenant TEXT   NOT NULL,
    id     TEXT   NOT NULL,
    until  BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
