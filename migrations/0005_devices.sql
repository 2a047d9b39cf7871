-- Version 5: what people are told of their sign-ins, and administrators of API keys: with what, from where, when last.

ALTER TABLE sessions ADD COLUMN agent TEXT;
ALTER TABLE sessions ADD COLUMN ip TEXT;
ALTER TABLE sessions ADD COLUMN seen_at BIGINT;
ALTER TABLE api_keys ADD COLUMN used_at BIGINT;
