-- Version 6: a person's own picture is a file that belongs to the person instead of to a message.
ALTER TABLE attachments ADD COLUMN avatar_of BYTEA;
CREATE INDEX attachments_avatar ON attachments (tenant, avatar_of) WHERE avatar_of IS NOT NULL;
