-- Version 8: names are searched without regard to capitals, in every alphabet. Columns compare bytewise, and `lower` goes by that, so that it
-- knows the letters of ASCII only. SQLite gets the same function with each connection.
-- @postgres
DO $$
DECLARE
    letters TEXT := CASE WHEN EXISTS (SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu') THEN 'und-x-icu' ELSE 'default' END;
BEGIN
    EXECUTE format('CREATE FUNCTION lowered(TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS %L', format('SELECT lower($1 COLLATE %I)', letters));
END
$$;
-- @end
