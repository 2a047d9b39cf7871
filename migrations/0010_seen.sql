-- Version 10: what contacts see of others' reading, and what a list of contacts walks.

-- When the read position last came over a message that everybody sees.
ALTER TABLE participants ADD COLUMN seen_at BIGINT;
UPDATE participants SET seen_at = read_at;

-- Contacts stood at private notes: they stand at the last message before it that they see.
UPDATE participants SET
    read_seq = COALESCE((SELECT m.seq FROM messages m WHERE m.tenant = participants.tenant
        AND m.conversation_id = participants.conversation_id AND m.seq <= participants.read_seq AND m.is_private = FALSE
        ORDER BY m.seq DESC LIMIT 1), read_seq),
    delivered_seq = COALESCE((SELECT m.seq FROM messages m WHERE m.tenant = participants.tenant
        AND m.conversation_id = participants.conversation_id AND m.seq <= participants.delivered_seq AND m.is_private = FALSE
        ORDER BY m.seq DESC LIMIT 1), delivered_seq)
    WHERE person_kind = 'contact';

-- Who reads what nobody is assigned to sees the contacts of it.
CREATE INDEX conversations_unassigned ON conversations (tenant, kind, contact_id)
    WHERE team_id IS NULL AND assignee_id IS NULL AND contact_id IS NOT NULL;
