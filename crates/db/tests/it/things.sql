-- A bit of everything that the engines must agree on.

CREATE TABLE owner (
    tenant BIGINT NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL CONSTRAINT owner_name_short CHECK (length(name) < 100),
    PRIMARY KEY (tenant, id)
);

CREATE TABLE thing (
    tenant BIGINT NOT NULL,
    owner BYTEA,
    seq BIGINT NOT NULL,
    label TEXT NOT NULL,
    share DOUBLE PRECISION,
    hidden BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (tenant, seq),
    FOREIGN KEY (tenant, owner) REFERENCES owner (tenant, id)
); -- @clustered

CREATE UNIQUE INDEX thing_label ON thing (tenant, label);
CREATE UNIQUE INDEX thing_lower ON thing (tenant, lower(label)) WHERE hidden;
CREATE INDEX thing_owner ON thing (tenant, owner, seq);

-- @sqlite
CREATE VIRTUAL TABLE thing_words USING fts5 (label);
-- @end
-- @postgres
CREATE INDEX thing_words ON thing USING gin (to_tsvector('simple', label));
-- @end
