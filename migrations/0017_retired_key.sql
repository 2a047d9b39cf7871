-- Version 17: the key that a rotation has replaced is named until it is out of the key file, so that no other key of
-- that file is taken for it.
ALTER TABLE secret_keys ADD COLUMN retired_key TEXT;
