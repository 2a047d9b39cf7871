-- Version 11: what a sign-in and a nonce were made with. They end with it.

ALTER TABLE sessions ADD COLUMN derived_from TEXT;
ALTER TABLE nonces ADD COLUMN derived_from TEXT;
CREATE INDEX sessions_derived ON sessions (tenant, derived_from) WHERE derived_from IS NOT NULL;
