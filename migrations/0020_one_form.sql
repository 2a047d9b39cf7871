-- Version 20: words of messages are brought into one form before they are cut (`x2` finds x², `email` finds e-mail): the
-- search index is made anew, in steps, beside the other work.
-- @sqlite
INSERT INTO message_search (message_search) VALUES ('delete-all');
-- @end
-- @postgres
TRUNCATE message_search;
-- @end
UPDATE logs SET indexed = 0;
