CREATE TABLE agent (
    id text PRIMARY KEY,
    name text,
    team text,
    extension text,
    skills text NOT NULL,
    contacts text NOT NULL,
    changed bigint NOT NULL
);
CREATE TABLE agent_login (
    system text NOT NULL,
    login text NOT NULL,
    agent text NOT NULL,
    origin text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (system, login)
);
CREATE TABLE agent_seen (
    system text NOT NULL,
    login text NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    present boolean NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (system, login, kind, value)
);
CREATE TABLE audit_log (
    seq integer PRIMARY KEY AUTOINCREMENT,
    at bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    detail text NOT NULL
);
CREATE TABLE books (
    source text NOT NULL,
    epoch text NOT NULL,
    day bigint NOT NULL,
    taken bigint NOT NULL,
    redelivered bigint NOT NULL, heard bigint,
    PRIMARY KEY (source, epoch, day)
);
CREATE TABLE cdr (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    complete boolean NOT NULL,
    started bigint NOT NULL,
    ended bigint,
    medium text NOT NULL,
    source text NOT NULL,
    agents text NOT NULL,
    extensions text NOT NULL,
    subject_handle text,
    record text NOT NULL
, sealed bigint NOT NULL DEFAULT 0);
CREATE TABLE cdr_report (
    day text PRIMARY KEY,
    made bigint NOT NULL,
    report text NOT NULL
);
CREATE TABLE cdr_revision (
    id text NOT NULL,
    revision bigint NOT NULL,
    at bigint NOT NULL,
    cause text,
    why text NOT NULL,
    digest text NOT NULL,
    changes text NOT NULL,
    PRIMARY KEY (id, revision)
);
CREATE TABLE conversation (
    id text PRIMARY KEY,
    root text NOT NULL,
    key text NOT NULL,
    first_time bigint NOT NULL
);
CREATE TABLE duplicate (
    event text NOT NULL,
    source text NOT NULL,
    epoch text NOT NULL,
    number bigint NOT NULL,
    received bigint NOT NULL,
    PRIMARY KEY (event, epoch, number)
);
CREATE TABLE event (
    id text PRIMARY KEY,
    source text NOT NULL,
    epoch text,
    number bigint,
    type text NOT NULL,
    time bigint NOT NULL,
    received bigint NOT NULL,
    conversation text,
    body text NOT NULL
, rules bigint);
CREATE TABLE evidence (
    id text PRIMARY KEY,
    a text NOT NULL,
    b text NOT NULL,
    strength text NOT NULL,
    origin text NOT NULL,
    first_at bigint NOT NULL,
    source text NOT NULL,
    event text NOT NULL,
    decision text,
    actor text,
    reason text,
    joined boolean NOT NULL,
    verdict text NOT NULL,
    rule_version text NOT NULL
, last_at bigint NOT NULL DEFAULT 0, question text);
CREATE TABLE gap (
    id text PRIMARY KEY,
    source text NOT NULL,
    begins bigint NOT NULL,
    ends bigint NOT NULL,
    reason text NOT NULL
);
CREATE TABLE handle (
    id text PRIMARY KEY,
    scheme text NOT NULL,
    scope text NOT NULL,
    value text NOT NULL,
    customer text NOT NULL,
    first_seen bigint NOT NULL,
    last_seen bigint NOT NULL,
    generic boolean NOT NULL,
    shared boolean NOT NULL
, silences text NOT NULL DEFAULT '', former text NOT NULL DEFAULT '', since bigint);
CREATE TABLE history (
    seq integer PRIMARY KEY AUTOINCREMENT,
    at bigint NOT NULL,
    kind text NOT NULL,
    customer text NOT NULL,
    others text NOT NULL,
    cause text,
    rule_version text NOT NULL
);
CREATE TABLE hotspot_day (
    day bigint NOT NULL,
    subject text NOT NULL,
    word text NOT NULL,
    hits bigint NOT NULL,
    PRIMARY KEY (day, subject, word)
);
CREATE TABLE hotspot_hit (
    event text NOT NULL,
    subject text NOT NULL,
    word text NOT NULL,
    -- Days since 1970 by the calendar of the house.
    day bigint NOT NULL,
    PRIMARY KEY (event, subject, word)
);
CREATE TABLE link_hour (
    source text NOT NULL,
    epoch text NOT NULL,
    hour bigint NOT NULL,
    told bigint NOT NULL,
    PRIMARY KEY (source, epoch, hour)
);
CREATE TABLE live_pop (
    pop text PRIMARY KEY,
    conversation text NOT NULL,
    link text NOT NULL,
    extension text NOT NULL,
    agent text,
    call text NOT NULL,
    answered boolean NOT NULL,
    at bigint NOT NULL,
    record text NOT NULL
);
CREATE TABLE mapping_version (
    number bigint PRIMARY KEY,
    hash text NOT NULL,
    -- A JSON array of {name, text}.
    files text NOT NULL,
    applied bigint NOT NULL,
    actor text NOT NULL,
    note text NOT NULL,
    -- The version whose files it brought back.
    restored bigint
);
CREATE TABLE outbox (
    seq integer PRIMARY KEY AUTOINCREMENT,
    routing text NOT NULL,
    event text NOT NULL
);
CREATE TABLE past_books (
    source text NOT NULL,
    epoch text NOT NULL,
    day bigint NOT NULL,
    top bigint NOT NULL,
    stored bigint NOT NULL,
    duplicate bigint NOT NULL,
    rejected bigint NOT NULL,
    PRIMARY KEY (source, epoch, day)
);
CREATE TABLE profile_value (
    handle text NOT NULL,
    field text NOT NULL,
    source text NOT NULL,
    -- 0 where only a source's newest word counts, else its time: then every word is kept.
    slot bigint NOT NULL,
    value text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (handle, field, source, slot)
);
CREATE TABLE rejection (
    id text PRIMARY KEY,
    source text NOT NULL,
    epoch text,
    number bigint,
    event text,
    reason text NOT NULL,
    received bigint NOT NULL
);
CREATE TABLE rule_set (
    id bigint PRIMARY KEY,
    identity text NOT NULL,
    dial_plans text NOT NULL,
    mapping bigint NOT NULL
);
CREATE TABLE "seaql_migrations" ( "version" varchar NOT NULL PRIMARY KEY, "applied_at" integer NOT NULL );
INSERT INTO "seaql_migrations" VALUES('0001',0);
INSERT INTO "seaql_migrations" VALUES('0002',0);
INSERT INTO "seaql_migrations" VALUES('0003',0);
INSERT INTO "seaql_migrations" VALUES('0004',0);
INSERT INTO "seaql_migrations" VALUES('0005',0);
INSERT INTO "seaql_migrations" VALUES('0006',0);
INSERT INTO "seaql_migrations" VALUES('0007',0);
CREATE TABLE switch_record (
    id text PRIMARY KEY,
    source text NOT NULL,
    -- Its end, else its start.
    at bigint NOT NULL,
    record text NOT NULL
);
CREATE TABLE tag (
    handle text NOT NULL,
    tag text NOT NULL,
    source text NOT NULL,
    present boolean NOT NULL,
    at bigint NOT NULL, echo boolean NOT NULL DEFAULT false,
    PRIMARY KEY (handle, tag, source)
);
CREATE TABLE tag_word (
    source text NOT NULL,
    word text NOT NULL,
    first_seen bigint NOT NULL,
    PRIMARY KEY (source, word)
);
CREATE TABLE tag_written (
    handle text NOT NULL,
    tag text NOT NULL,
    system text NOT NULL,
    present boolean NOT NULL,
    decided_at bigint NOT NULL,
    decided_by text NOT NULL,
    awaited text NOT NULL,
    PRIMARY KEY (handle, tag, system)
);
CREATE TABLE tenure (
    handle text NOT NULL,
    begins bigint NOT NULL,
    ends bigint NOT NULL,
    owner text NOT NULL,
    PRIMARY KEY (handle, begins)
);
CREATE TABLE token (
    id text PRIMARY KEY,
    name text NOT NULL,
    hash text NOT NULL UNIQUE,
    scopes text NOT NULL,
    agent text,
    extension text,
    created bigint NOT NULL,
    expires bigint,
    revoked bigint
);
CREATE TABLE touch_point (
    id text NOT NULL,
    handle text,
    conversation text,
    at bigint NOT NULL,
    kind text NOT NULL,
    medium text NOT NULL,
    agent text
);
CREATE TABLE undo (
    directive text PRIMARY KEY,
    event text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    at bigint NOT NULL
);
CREATE INDEX event_conversation ON event (conversation) WHERE conversation IS NOT NULL;
CREATE INDEX conversation_root ON conversation (root);
CREATE INDEX cdr_subject_handle ON cdr (subject_handle, started) WHERE subject_handle IS NOT NULL;
CREATE INDEX cdr_started ON cdr (started);
CREATE INDEX handle_customer ON handle (customer);
CREATE INDEX handle_value ON handle (value);
CREATE INDEX evidence_a ON evidence (a, b);
CREATE INDEX evidence_b ON evidence (b, a);
CREATE INDEX evidence_directive_a ON evidence (a) WHERE origin <> 'observed';
CREATE INDEX evidence_directive_b ON evidence (b) WHERE origin <> 'observed';
CREATE INDEX evidence_decision ON evidence (decision) WHERE decision IS NOT NULL;
CREATE INDEX history_customer ON history (customer);
CREATE INDEX live_pop_conversation ON live_pop (conversation);
CREATE INDEX live_pop_extension ON live_pop (extension);
CREATE INDEX audit_log_at ON audit_log (at);
CREATE INDEX cdr_unsealed ON cdr (started) WHERE sealed < 2;
CREATE INDEX cdr_ended ON cdr (ended) WHERE ended IS NOT NULL;
CREATE INDEX event_loose ON event (received) WHERE conversation IS NULL;
CREATE INDEX switch_record_at ON switch_record (at);
CREATE INDEX touch_point_handle ON touch_point (handle, at, id) WHERE handle IS NOT NULL;
CREATE INDEX touch_point_conversation ON touch_point (conversation) WHERE conversation IS NOT NULL;
CREATE INDEX agent_login_agent ON agent_login (agent);
CREATE INDEX hotspot_hit_day ON hotspot_hit (day);
CREATE INDEX tenure_owner ON tenure (owner);
CREATE INDEX evidence_question ON evidence (question, first_at, id) WHERE question IS NOT NULL;
