-- Version 15: what was hidden in other columns has a column of its own.

-- What becomes of a file: it waits for a message ('waiting'), belongs to one ('attached'), is somebody's picture ('avatar'),
-- or nothing refers to it and its bytes are to be removed ('abandoned'). Before, a waiting file had neither message nor
-- person, and the time of an abandoned one was 0.
ALTER TABLE attachments ADD COLUMN state TEXT NOT NULL DEFAULT 'waiting'
    CONSTRAINT attachments_state CHECK (state IN ('waiting', 'attached', 'avatar', 'abandoned'));
UPDATE attachments SET state = CASE
    WHEN message_id IS NOT NULL THEN 'attached'
    WHEN avatar_of IS NOT NULL THEN 'avatar'
    WHEN created_at = 0 THEN 'abandoned'
    ELSE 'waiting' END;
DROP INDEX attachments_unclaimed;
DROP INDEX attachments_waiting;
-- Those that wait, oldest first; of one person and of the tenant, counted at each upload.
CREATE INDEX attachments_oldest ON attachments (created_at) WHERE state = 'waiting';
CREATE INDEX attachments_waiting ON attachments (tenant, uploader_id, size, created_at) WHERE state = 'waiting';
CREATE INDEX attachments_abandoned ON attachments (tenant, id) WHERE state = 'abandoned';

-- What the tokens of a key are for was written before its kind: 'mercure-publisher:hs256'.
ALTER TABLE host_keys ADD COLUMN purpose TEXT NOT NULL DEFAULT 'host'
    CONSTRAINT host_keys_purpose CHECK (purpose IN ('host', 'mercure', 'mercure-publisher', 'mercure-subscriber'));
UPDATE host_keys SET purpose = 'mercure', kind = substr(kind, 9) WHERE kind LIKE 'mercure:%';
UPDATE host_keys SET purpose = 'mercure-publisher', kind = substr(kind, 19) WHERE kind LIKE 'mercure-publisher:%';
UPDATE host_keys SET purpose = 'mercure-subscriber', kind = substr(kind, 20) WHERE kind LIKE 'mercure-subscriber:%';
