-- Version 1: the whole core. Written in PostgreSQL's words; crates/db translates them for SQLite.
-- Every key starts with the tenant. Ids are UUIDv7 in 16 bytes, times are microseconds since 1970, JSON is text.
-- `messages.no` carries the tenant's number in its upper bits, so it starts with the tenant as well.

CREATE TABLE tenants (
    id BYTEA PRIMARY KEY,
    no BIGINT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX tenants_slug ON tenants (slug);
CREATE UNIQUE INDEX tenants_no ON tenants (no);

-- The head of a tenant's event log, the number of its newest message and of the newest one in the search index: the row
-- that orders a tenant's commits.
CREATE TABLE logs (
    tenant BYTEA PRIMARY KEY,
    epoch BIGINT NOT NULL,
    head BIGINT NOT NULL,
    floor BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    indexed BIGINT NOT NULL
);

CREATE TABLE events (
    tenant BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    conversation_id BYTEA,
    person_id BYTEA,
    audience BIGINT NOT NULL,
    access TEXT,
    json TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
);

CREATE TABLE host_keys (
    tenant BYTEA NOT NULL,
    id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    kid TEXT,
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE users (
    tenant BYTEA NOT NULL,
    id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    external_id TEXT,
    name TEXT NOT NULL,
    email TEXT,
    email_key TEXT,
    password_hash TEXT,
    avatar_url TEXT,
    locale TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    preferences TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    super_admin BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX users_email ON users (tenant, email_key) WHERE email_key IS NOT NULL;
CREATE UNIQUE INDEX users_external ON users (tenant, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX users_name ON users (tenant, name, id);

CREATE TABLE roles (
    tenant BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    rights TEXT NOT NULL,
    restricted BOOLEAN NOT NULL,
    is_default BOOLEAN NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX roles_name ON roles (tenant, name);

-- The matrix: a user of from_role may write to a user of to_role. Roles that are not restricted need no row.
CREATE TABLE role_writes (
    tenant BYTEA NOT NULL,
    from_role BYTEA NOT NULL,
    to_role BYTEA NOT NULL,
    PRIMARY KEY (tenant, from_role, to_role)
);

CREATE TABLE user_roles (
    tenant BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    role_id BYTEA NOT NULL,
    PRIMARY KEY (tenant, user_id, role_id)
);
CREATE INDEX user_roles_role ON user_roles (tenant, role_id);

CREATE TABLE teams (
    tenant BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    slug TEXT NOT NULL,
    ticket_prefix TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX teams_slug ON teams (tenant, slug);

CREATE TABLE team_members (
    tenant BYTEA NOT NULL,
    team_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    PRIMARY KEY (tenant, team_id, user_id)
);
CREATE INDEX team_members_user ON team_members (tenant, user_id);

CREATE TABLE stores (
    tenant BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    external_id TEXT,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX stores_external ON stores (tenant, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE store_users (
    tenant BYTEA NOT NULL,
    store_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    PRIMARY KEY (tenant, store_id, user_id)
);
CREATE INDEX store_users_user ON store_users (tenant, user_id);

CREATE TABLE platforms (
    tenant BYTEA NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant, slug)
);

CREATE TABLE contacts (
    tenant BYTEA NOT NULL,
    id BYTEA NOT NULL,
    external_id TEXT,
    platform TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    email_key TEXT,
    phone TEXT,
    avatar_url TEXT,
    attributes TEXT NOT NULL,
    blocked BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    last_activity_at BIGINT,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX contacts_email ON contacts (tenant, platform, email_key) WHERE email_key IS NOT NULL;
CREATE UNIQUE INDEX contacts_phone ON contacts (tenant, platform, phone) WHERE phone IS NOT NULL;
CREATE UNIQUE INDEX contacts_external ON contacts (tenant, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX contacts_name ON contacts (tenant, name, id);

-- staff_count and public_count number the countable messages so far, with and without private notes: unread is a
-- difference of two such numbers (crates/chat/src/unread.rs).
CREATE TABLE conversations (
    tenant BYTEA NOT NULL,
    id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    title TEXT,
    slug TEXT,
    description TEXT,
    subject TEXT,
    is_private BOOLEAN NOT NULL,
    replies_enabled BOOLEAN NOT NULL,
    pair TEXT,
    created_by BYTEA,
    client_id TEXT,
    contact_id BYTEA,
    store_id BYTEA,
    team_id BYTEA,
    assignee_id BYTEA,
    priority TEXT,
    labels TEXT NOT NULL,
    ticket_prefix TEXT,
    ticket_number BIGINT,
    source TEXT,
    platform TEXT,
    linked_conversation_id BYTEA,
    related TEXT,
    metadata TEXT NOT NULL,
    snoozed_until BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_activity_at BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    last_public_seq BIGINT NOT NULL,
    last_deleted_seq BIGINT NOT NULL,
    staff_count BIGINT NOT NULL,
    public_count BIGINT NOT NULL,
    team_read_seq BIGINT NOT NULL,
    team_read_count BIGINT NOT NULL,
    members BIGINT NOT NULL,
    pins BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX conversations_pair ON conversations (tenant, pair) WHERE pair IS NOT NULL;
CREATE UNIQUE INDEX conversations_slug ON conversations (tenant, slug) WHERE slug IS NOT NULL;
CREATE UNIQUE INDEX conversations_client ON conversations (tenant, created_by, client_id) WHERE client_id IS NOT NULL;
CREATE UNIQUE INDEX conversations_ticket ON conversations (tenant, ticket_prefix, ticket_number) WHERE ticket_number IS NOT NULL;
CREATE INDEX conversations_activity ON conversations (tenant, kind, last_activity_at, id);
CREATE INDEX conversations_team ON conversations (tenant, team_id, last_activity_at) WHERE team_id IS NOT NULL;
CREATE INDEX conversations_store ON conversations (tenant, store_id, last_activity_at) WHERE store_id IS NOT NULL;
CREATE INDEX conversations_contact ON conversations (tenant, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX conversations_snoozed ON conversations (snoozed_until, tenant) WHERE snoozed_until IS NOT NULL;

CREATE TABLE participants (
    tenant BYTEA NOT NULL,
    conversation_id BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    person_kind TEXT NOT NULL,
    role TEXT NOT NULL,
    joined_at BIGINT NOT NULL,
    left_at BIGINT,
    read_seq BIGINT NOT NULL,
    read_count BIGINT NOT NULL,
    read_at BIGINT,
    delivered_seq BIGINT NOT NULL,
    own_count BIGINT NOT NULL,
    own_seq BIGINT NOT NULL,
    own_read BIGINT NOT NULL,
    muted BOOLEAN NOT NULL,
    notify TEXT NOT NULL,
    acknowledged_at BIGINT,
    PRIMARY KEY (tenant, conversation_id, person_id)
);
CREATE INDEX participants_person ON participants (tenant, person_id, conversation_id) WHERE left_at IS NULL;

CREATE TABLE messages (
    no BIGINT PRIMARY KEY,
    tenant BYTEA NOT NULL,
    conversation_id BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    author_id BYTEA,
    author_kind TEXT NOT NULL,
    body TEXT NOT NULL,
    is_private BOOLEAN NOT NULL,
    client_id TEXT,
    reply_to_seq BIGINT,
    thread_root_seq BIGINT,
    reply_count BIGINT NOT NULL,
    mentions TEXT,
    related TEXT,
    reactions TEXT,
    system TEXT,
    staff_count BIGINT NOT NULL,
    public_count BIGINT NOT NULL,
    own_count BIGINT NOT NULL,
    event_seq BIGINT,
    created_at BIGINT NOT NULL,
    edited_at BIGINT,
    deleted_at BIGINT,
    pinned_at BIGINT,
    external_id TEXT,
    external_status TEXT
);
CREATE UNIQUE INDEX messages_seq ON messages (tenant, conversation_id, seq);
CREATE UNIQUE INDEX messages_id ON messages (tenant, id);
CREATE UNIQUE INDEX messages_client ON messages (tenant, conversation_id, client_id) WHERE client_id IS NOT NULL;
CREATE INDEX messages_thread ON messages (tenant, conversation_id, thread_root_seq, seq) WHERE thread_root_seq IS NOT NULL;
CREATE INDEX messages_pinned ON messages (tenant, conversation_id, pinned_at) WHERE pinned_at IS NOT NULL;
CREATE INDEX messages_deleted ON messages (tenant, conversation_id, seq) WHERE deleted_at IS NOT NULL;

CREATE TABLE message_edits (
    tenant BYTEA NOT NULL,
    message_id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    editor_id BYTEA NOT NULL,
    replaced_at BIGINT NOT NULL,
    event_seq BIGINT,
    PRIMARY KEY (tenant, message_id, version)
);

CREATE TABLE reactions (
    tenant BYTEA NOT NULL,
    message_id BYTEA NOT NULL,
    emoji TEXT NOT NULL,
    person_id BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, message_id, emoji, person_id)
);

CREATE TABLE mentions (
    tenant BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    conversation_id BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (tenant, person_id, conversation_id, seq)
);
CREATE INDEX mentions_message ON mentions (tenant, conversation_id, seq);

CREATE TABLE ticket_counters (
    tenant BYTEA NOT NULL,
    prefix TEXT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (tenant, prefix)
);

CREATE TABLE drafts (
    tenant BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    conversation_id BYTEA NOT NULL,
    mode TEXT NOT NULL,
    body TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, person_id, conversation_id, mode)
);

CREATE TABLE settings (
    tenant BYTEA NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, key)
);

CREATE TABLE audit (
    tenant BYTEA NOT NULL,
    id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    actor_id BYTEA,
    actor_kind TEXT NOT NULL,
    action TEXT NOT NULL,
    entity_type TEXT,
    entity_id TEXT,
    details TEXT NOT NULL,
    ip TEXT,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX audit_action ON audit (tenant, action, id);
CREATE INDEX audit_actor ON audit (tenant, actor_id, id);

CREATE TABLE sessions (
    token_hash BYTEA PRIMARY KEY,
    tenant BYTEA NOT NULL,
    person_kind TEXT NOT NULL,
    person_id BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_person ON sessions (tenant, person_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_keys (
    tenant BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    key_hash BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (key_hash);

CREATE TABLE idempotency (
    tenant BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    status BIGINT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, person_id, key)
);

CREATE INDEX idempotency_created ON idempotency (created_at);

-- The search index holds terms that crates/chat/src/search/terms.rs made, the same on both engines. Row number = messages.no.
-- @sqlite
CREATE VIRTUAL TABLE message_search USING fts5(
    terms, content = '', contentless_delete = 1, detail = none, prefix = '2 3',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* Co'"
);
-- @end
-- @postgres
CREATE TABLE message_search (no BIGINT PRIMARY KEY, terms TSVECTOR NOT NULL);
CREATE INDEX message_search_terms ON message_search USING gin (terms);
-- @end
