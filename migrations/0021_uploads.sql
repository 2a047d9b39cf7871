-- Version 21: files whose bytes come straight to their storage: they are uploading until that is confirmed. What S3 calls the
-- bytes of a file is remembered with it. The digest of its bytes was never asked for.
DROP INDEX attachments_oldest;
DROP INDEX attachments_waiting;
DROP INDEX attachments_abandoned;
ALTER TABLE attachments ADD COLUMN stage TEXT NOT NULL DEFAULT 'waiting' CONSTRAINT attachments_stage
    CHECK (stage IN ('uploading', 'waiting', 'attached', 'avatar', 'abandoned'));
UPDATE attachments SET stage = state;
ALTER TABLE attachments DROP COLUMN state;
ALTER TABLE attachments RENAME COLUMN stage TO state;
ALTER TABLE attachments DROP COLUMN sha256;
ALTER TABLE attachments ADD COLUMN etag TEXT;
-- Until when the address serves that its bytes may be put to.
ALTER TABLE attachments ADD COLUMN upload_until BIGINT NOT NULL DEFAULT 0;
CREATE INDEX attachments_oldest ON attachments (created_at) WHERE state = 'waiting';
CREATE INDEX attachments_uploading ON attachments (upload_until) WHERE state = 'uploading';
CREATE INDEX attachments_waiting ON attachments (tenant, uploader_id, size, created_at, state, upload_until)
    WHERE state IN ('uploading', 'waiting');
CREATE INDEX attachments_abandoned ON attachments (tenant, id) WHERE state = 'abandoned';
