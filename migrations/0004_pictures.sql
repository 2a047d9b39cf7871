-- Pictures keep their measures, so that a list can hold their place before they are there; any file may be described in words.
ALTER TABLE attachments ADD COLUMN width BIGINT;
ALTER TABLE attachments ADD COLUMN height BIGINT;
ALTER TABLE attachments ADD COLUMN description TEXT;
