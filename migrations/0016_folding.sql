-- Version 16: people, customers and conversations are found however their names are typed (`gael` finds Gaël). A key stands
-- beside each name, made by the program (crates/chat/src/core/folding.rs), so that it is the same on both engines; null where
-- it is still to be made, which the program does by itself, in steps, beside its other work.
ALTER TABLE users ADD COLUMN name_key TEXT;
ALTER TABLE contacts ADD COLUMN name_key TEXT;
ALTER TABLE conversations ADD COLUMN title_key TEXT;
CREATE INDEX users_unkeyed ON users (tenant, id) WHERE name_key IS NULL;
CREATE INDEX contacts_unkeyed ON contacts (tenant, id) WHERE name_key IS NULL;
CREATE INDEX conversations_unkeyed ON conversations (tenant, id) WHERE title_key IS NULL;

-- Messages are found by the parts of words with apostrophes, and without vowel marks and strokes: the search index is made
-- anew in the same way.
-- @sqlite
INSERT INTO message_search (message_search) VALUES ('delete-all');
-- @end
-- @postgres
TRUNCATE message_search;
-- @end
UPDATE logs SET indexed = 0;
