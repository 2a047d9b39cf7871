-- Version 12: what waits to be sent is counted for one person and for the tenant at each upload.
CREATE INDEX attachments_waiting ON attachments (tenant, uploader_id, size, created_at)
    WHERE message_id IS NULL AND avatar_of IS NULL AND created_at > 0;
