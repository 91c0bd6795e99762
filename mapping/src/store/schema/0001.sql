-- The first schema. What stands in braces is written in each database's own words ({roomy}: rows change often, leave room
-- on the page). Instants are microseconds since 1970, UTC.
CREATE TABLE event (
    id {uuid} PRIMARY KEY,
    source text NOT NULL,
    epoch text,
    number bigint,
    type text NOT NULL,
    subject text,
    partition_key text NOT NULL,
    time bigint NOT NULL,
    received bigint NOT NULL,
    conversation {uuid},
    rule_version text NOT NULL,
    body text NOT NULL
);
CREATE INDEX event_conversation ON event (conversation) WHERE conversation IS NOT NULL;

CREATE TABLE duplicate (
    event {uuid} NOT NULL,
    source text NOT NULL,
    epoch text NOT NULL,
    number bigint NOT NULL,
    received bigint NOT NULL,
    PRIMARY KEY (event, epoch, number)
);

CREATE TABLE rejection (
    id {uuid} PRIMARY KEY,
    source text NOT NULL,
    epoch text,
    number bigint,
    event {uuid},
    reason text NOT NULL,
    received bigint NOT NULL
);

CREATE TABLE books (
    source text NOT NULL,
    epoch text NOT NULL,
    day bigint NOT NULL,
    taken bigint NOT NULL,
    redelivered bigint NOT NULL,
    PRIMARY KEY (source, epoch, day)
);

CREATE TABLE gap (
    id {uuid} PRIMARY KEY,
    source text NOT NULL,
    begins bigint NOT NULL,
    ends bigint NOT NULL,
    reason text NOT NULL
);

CREATE TABLE conversation (
    id {uuid} PRIMARY KEY,
    root {uuid} NOT NULL,
    key text NOT NULL,
    first_time bigint NOT NULL
);
CREATE INDEX conversation_root ON conversation (root);

CREATE TABLE cdr (
    id {uuid} PRIMARY KEY,
    revision bigint NOT NULL,
    complete boolean NOT NULL,
    started bigint NOT NULL,
    ended bigint,
    medium text NOT NULL,
    source text NOT NULL,
    agents text NOT NULL,
    extensions text NOT NULL,
    subject_handle {uuid},
    record text NOT NULL
){roomy};
CREATE INDEX cdr_subject_handle ON cdr (subject_handle, started) WHERE subject_handle IS NOT NULL;
CREATE INDEX cdr_started ON cdr (started);

CREATE TABLE handle (
    id {uuid} PRIMARY KEY,
    scheme text NOT NULL,
    scope text NOT NULL,
    value text NOT NULL,
    customer {uuid} NOT NULL,
    first_seen bigint NOT NULL,
    last_seen bigint NOT NULL,
    generic boolean NOT NULL,
    shared boolean NOT NULL
){roomy};
CREATE INDEX handle_customer ON handle (customer);
CREATE INDEX handle_value ON handle (value);

CREATE TABLE evidence (
    id {uuid} PRIMARY KEY,
    a {uuid} NOT NULL,
    b {uuid} NOT NULL,
    strength text NOT NULL,
    origin text NOT NULL,
    first_at bigint NOT NULL,
    source text NOT NULL,
    event {uuid} NOT NULL,
    decision {uuid},
    actor text,
    reason text,
    joined boolean NOT NULL,
    verdict text NOT NULL,
    rule_version text NOT NULL
);
CREATE INDEX evidence_a ON evidence (a, b);
CREATE INDEX evidence_b ON evidence (b, a);
CREATE INDEX evidence_directive_a ON evidence (a) WHERE origin <> 'observed';
CREATE INDEX evidence_directive_b ON evidence (b) WHERE origin <> 'observed';
CREATE INDEX evidence_decision ON evidence (decision) WHERE decision IS NOT NULL;

CREATE TABLE undo (
    directive {uuid} PRIMARY KEY,
    event {uuid} NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE history (
    seq {serial},
    at bigint NOT NULL,
    kind text NOT NULL,
    customer {uuid} NOT NULL,
    others text NOT NULL,
    cause {uuid},
    rule_version text NOT NULL
);
CREATE INDEX history_customer ON history (customer);

CREATE TABLE profile_value (
    handle {uuid} NOT NULL,
    field text NOT NULL,
    source text NOT NULL,
    -- 0 where only a source's newest word counts, else its time: then every word is kept.
    slot bigint NOT NULL,
    value text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (handle, field, source, slot)
);

CREATE TABLE tag (
    handle {uuid} NOT NULL,
    tag text NOT NULL,
    source text NOT NULL,
    present boolean NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (handle, tag, source)
);

CREATE TABLE live_pop (
    pop {uuid} PRIMARY KEY,
    conversation {uuid} NOT NULL,
    link text NOT NULL,
    extension text NOT NULL,
    agent text,
    call text NOT NULL,
    answered boolean NOT NULL,
    at bigint NOT NULL,
    record text NOT NULL
){roomy};
CREATE INDEX live_pop_conversation ON live_pop (conversation);
CREATE INDEX live_pop_extension ON live_pop (extension);

CREATE TABLE outbox (
    seq {serial},
    routing text NOT NULL,
    event text NOT NULL
);

CREATE TABLE token (
    id {uuid} PRIMARY KEY,
    name text NOT NULL,
    hash text NOT NULL UNIQUE,
    scopes text NOT NULL,
    agent text,
    extension text,
    created bigint NOT NULL,
    expires bigint,
    revoked bigint
);

CREATE TABLE audit_log (
    seq {serial},
    at bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    detail text NOT NULL
);
CREATE INDEX audit_log_at ON audit_log (at);
