-- Version 13: work that a transaction leaves behind (jobs), and how far consumers of the event log are (tails).

-- A job is enqueued in the transaction that makes it necessary and claimed until `locked_until`; then `run_at` says when
-- somebody else may. `attempts` counts claims, and whoever ends a job must name its own. The tenant of zeros stands for the
-- whole installation.
CREATE TABLE jobs (
    tenant BYTEA NOT NULL,
    id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    key TEXT,
    payload TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    locked_until BIGINT,
    last_error TEXT,
    dead_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
-- While it waits there is one job of a kind and key: enqueued again, it moves.
CREATE UNIQUE INDEX jobs_waiting ON jobs (tenant, kind, key) WHERE locked_until IS NULL AND dead_at IS NULL;
CREATE INDEX jobs_due ON jobs (run_at) WHERE dead_at IS NULL;
CREATE INDEX jobs_dead ON jobs (tenant, dead_at) WHERE dead_at IS NOT NULL;
CREATE INDEX jobs_kind ON jobs (kind, created_at) WHERE dead_at IS NULL;

-- How far a consumer has read a tenant's log, and who reads on until when.
CREATE TABLE tails (
    tenant BYTEA NOT NULL,
    consumer TEXT NOT NULL,
    seq BIGINT NOT NULL,
    holder TEXT NOT NULL,
    held_until BIGINT NOT NULL,
    PRIMARY KEY (tenant, consumer)
);
INSERT INTO tails (tenant, consumer, seq, holder, held_until)
    SELECT tenant, 'mercure_relay', seq, node, held_until FROM relays;
DROP TABLE relays;

-- Webhooks on their way go on as jobs.
-- @sqlite
INSERT INTO jobs (tenant, id, kind, payload, run_at, attempts, created_at)
    SELECT tenant, id, 'webhook', json_object('url', url, 'body', body), next_at, attempts, created_at FROM channel_hooks;
-- @end
-- @postgres
INSERT INTO jobs (tenant, id, kind, payload, run_at, attempts, created_at)
    SELECT tenant, id, 'webhook', json_build_object('url', url, 'body', body)::text, next_at, attempts, created_at
    FROM channel_hooks;
-- @end
DROP TABLE channel_hooks;

-- One job of each tenant ends its snoozes, at the time of the next.
INSERT INTO jobs (tenant, id, kind, key, payload, run_at, attempts, created_at)
    SELECT tenant, tenant, 'unsnooze', '', '{}', MIN(snoozed_until), 0, MIN(snoozed_until)
    FROM conversations WHERE snoozed_until IS NOT NULL GROUP BY tenant;

-- Those of one tenant are looked for now, not those of all.
DROP INDEX conversations_snoozed;
CREATE INDEX conversations_snoozed ON conversations (tenant, snoozed_until) WHERE snoozed_until IS NOT NULL;

-- Retention is a job of each tenant, which needs no lease of its own.
DROP TABLE leases;
