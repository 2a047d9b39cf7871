-- Version 19: what the contracts of host applications ask of the rows.

-- Announcements are for who has the messenger. A tenant in which nobody has that right is older than it: all of its roles get
-- it, as by `parlor sync rights`, so that everybody goes on to read them.
UPDATE roles SET rights =
        CASE WHEN rights = '[]' THEN '["messenger"]' ELSE substr(rights, 1, length(rights) - 1) || ',"messenger"]' END
    WHERE tenant NOT IN (SELECT r.tenant FROM roles r WHERE r.rights LIKE '%"messenger"%');

-- Users who came after an announcement were made participants of it, as having read it: they only remember how far they
-- read, as everybody else of its readers does.
UPDATE participants SET left_at = joined_at
    WHERE left_at IS NULL AND role = 'member' AND person_kind = 'user'
      AND EXISTS (SELECT 1 FROM conversations c WHERE c.tenant = participants.tenant
          AND c.id = participants.conversation_id AND c.kind = 'announcement');

-- A setting whose row has no value: the environment's holds, or the default. `parlor sync website-settings` writes such rows.
ALTER TABLE settings ADD COLUMN is_null BOOLEAN NOT NULL DEFAULT FALSE;

-- When somebody came how far in a direct conversation, where a contract asks at what time each message was read: a row each
-- time that a read position moves on. Messages up to a place were read when the first row at it or after it was written.
CREATE TABLE read_steps (
    tenant BYTEA NOT NULL,
    conversation_id BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    read_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, conversation_id, person_id, seq)
);
