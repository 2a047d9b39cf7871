-- Version 14: secrets are sealed. One row names the key that seals them, the one before while it is being replaced, and
-- whether what older versions stored in the clear is sealed too. The keys themselves are never in a database.
CREATE TABLE secret_keys (
    id BIGINT PRIMARY KEY,
    current_key TEXT NOT NULL,
    previous_key TEXT,
    sealed BOOLEAN NOT NULL
);
