-- Version 18: the id of an application of the Pusher protocol is a text, because other servers let it be one ("app-id").
CREATE TABLE apps_named (
    tenant BYTEA NOT NULL,
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    secret TEXT NOT NULL,
    options TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
INSERT INTO apps_named (tenant, id, key, secret, options, created_at)
    SELECT tenant, CAST(id AS TEXT), key, secret, options, created_at FROM apps;
DROP TABLE apps;
ALTER TABLE apps_named RENAME TO apps;
CREATE UNIQUE INDEX apps_id ON apps (id);
CREATE UNIQUE INDEX apps_key ON apps (key);
