-- Version 22: pictures are kept without what cameras note in them, and small ones beside them.
-- Whether the bytes are those that were cleaned.
ALTER TABLE attachments ADD COLUMN cleaned BOOLEAN NOT NULL DEFAULT FALSE;
-- How many bytes each of the small pictures has, as JSON, smallest first; NULL while there are none.
ALTER TABLE attachments ADD COLUMN small TEXT;
-- Whether the bytes of an abandoned file were removed; its row stays while its address may still bring some.
ALTER TABLE attachments ADD COLUMN removed BIGINT NOT NULL DEFAULT 0;
