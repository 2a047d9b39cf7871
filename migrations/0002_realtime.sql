-- Version 2: what realtime protocols keep. Publications themselves are events (audience 4) and live in the log.

-- A tenant's application in the Pusher protocol: `id` and `key` name it in addresses, `secret` signs.
CREATE TABLE apps (
    tenant BYTEA NOT NULL,
    id BIGINT NOT NULL,
    key TEXT NOT NULL,
    secret TEXT NOT NULL,
    options TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX apps_id ON apps (id);
CREATE UNIQUE INDEX apps_key ON apps (key);

-- The last event of each cache channel.
CREATE TABLE channel_cache (
    tenant BYTEA NOT NULL,
    channel TEXT NOT NULL,
    name TEXT NOT NULL,
    data TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, channel)
);
CREATE INDEX channel_cache_expiry ON channel_cache (expires_at);

-- What webhooks have told: which channels are occupied (member '') and who is on presence channels. One row, one telling,
-- whichever node sees it first.
CREATE TABLE channel_states (
    tenant BYTEA NOT NULL,
    channel TEXT NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (tenant, channel, member)
);

-- Webhooks on their way: tried again until they are taken or five minutes old.
CREATE TABLE channel_hooks (
    tenant BYTEA NOT NULL,
    id BYTEA NOT NULL,
    url TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX channel_hooks_next ON channel_hooks (next_at);

-- Where in the log the update with an id is: Mercure clients come back with ids.
CREATE TABLE topic_updates (
    tenant BYTEA NOT NULL,
    id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX topic_updates_seq ON topic_updates (tenant, seq);

-- What a user says of itself, and when it was last connected. Who is connected now is never stored.
CREATE TABLE presences (
    tenant BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    busy BOOLEAN NOT NULL,
    text TEXT,
    text_until BIGINT,
    last_seen_at BIGINT,
    PRIMARY KEY (tenant, person_id)
);

-- Where somebody wants to be told less than everything.
CREATE INDEX participants_quiet ON participants (tenant, person_id) WHERE muted OR notify <> 'all';

-- How far a tenant's events have been handed to an external hub, and which node does it until when.
CREATE TABLE relays (
    tenant BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    node TEXT NOT NULL,
    held_until BIGINT NOT NULL,
    PRIMARY KEY (tenant)
);
