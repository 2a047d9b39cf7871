-- Version 7: what has happened to a conversation is read without reading what was said in it.
CREATE INDEX messages_system ON messages (tenant, conversation_id, seq) WHERE kind = 'system';
