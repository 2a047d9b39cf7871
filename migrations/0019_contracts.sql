-- Version 19: what the contracts of host applications ask of the rows.

-- Announcements are for who has the messenger. Users who came after one were made participants of it, as having read it:
-- they only remember how far they read, as everybody else of its readers does.
UPDATE participants SET left_at = joined_at
    WHERE left_at IS NULL AND role = 'member' AND person_kind = 'user'
      AND EXISTS (SELECT 1 FROM conversations c WHERE c.tenant = participants.tenant
          AND c.id = participants.conversation_id AND c.kind = 'announcement');

-- A setting whose row has no value: the environment's holds, or the default. `parlor sync website-settings` writes such rows.
ALTER TABLE settings ADD COLUMN is_null BOOLEAN NOT NULL DEFAULT FALSE;
