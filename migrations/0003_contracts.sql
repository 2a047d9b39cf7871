-- Version 3: what the contracts of host applications ask for: purges, files, notifications, nonces, and who runs a job.

CREATE TABLE purges (
    tenant BYTEA NOT NULL,
    id BYTEA NOT NULL,
    admin_id BYTEA,
    executed_at BIGINT NOT NULL,
    cutoff BIGINT NOT NULL,
    mode TEXT NOT NULL,
    rows_deleted BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- What a purge walks: the oldest messages of a tenant first.
CREATE INDEX messages_created ON messages (tenant, created_at, no);

-- Messages that are gone for good: how many texts, and up to which place there may be some.
ALTER TABLE conversations ADD COLUMN purged BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN purged_seq BIGINT NOT NULL DEFAULT 0;

-- A file waits without a message until it is claimed by one; the bytes are in the file system under its id.
CREATE TABLE attachments (
    tenant BYTEA NOT NULL,
    id BYTEA NOT NULL,
    uploader_id BYTEA NOT NULL,
    message_id BYTEA,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX attachments_message ON attachments (tenant, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX attachments_unclaimed ON attachments (created_at, tenant) WHERE message_id IS NULL;

-- The attachments of a message as its JSON shows them, so that pages need no join.
ALTER TABLE messages ADD COLUMN attachments TEXT;

CREATE TABLE notifications (
    tenant BYTEA NOT NULL,
    id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    related TEXT,
    message_id BYTEA,
    push_sent_at BIGINT,
    event_seq BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX notifications_user ON notifications (tenant, user_id, status, id);
CREATE INDEX notifications_message ON notifications (tenant, message_id) WHERE message_id IS NOT NULL;

-- A secret that opens one connection for a session, once.
CREATE TABLE nonces (
    digest BYTEA PRIMARY KEY,
    tenant BYTEA NOT NULL,
    person_kind TEXT NOT NULL,
    person_id BYTEA NOT NULL,
    tag BIGINT NOT NULL,
    token_expires_at BIGINT,
    expires_at BIGINT NOT NULL
);
CREATE INDEX nonces_expiry ON nonces (expires_at);

-- Whoever holds a lease does the job; nobody else does before it runs out.
CREATE TABLE leases (
    tenant BYTEA NOT NULL,
    name TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);
