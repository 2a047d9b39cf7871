-- Version 9: the search index says of each message whether it has a file, a picture or a link, so that a search for these walks those
-- messages only. It is made anew: the program does so by itself, in steps, beside its other work.
-- @sqlite
INSERT INTO message_search (message_search) VALUES ('delete-all');
-- @end
-- @postgres
TRUNCATE message_search;
-- What waits to be merged into the index is read from end to end by every search: let it be little.
ALTER INDEX message_search_terms SET (gin_pending_list_limit = 256);
-- @end
UPDATE logs SET indexed = 0;
