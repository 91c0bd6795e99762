CREATE TABLE public.agent (
    id text NOT NULL,
    name text,
    team text,
    extension text,
    skills text NOT NULL,
    contacts text NOT NULL,
    changed bigint NOT NULL
);
CREATE TABLE public.agent_login (
    system text NOT NULL,
    login text NOT NULL,
    agent text NOT NULL,
    origin text NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.agent_seen (
    system text NOT NULL,
    login text NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    present boolean NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.audit_log (
    seq bigint NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    detail text NOT NULL
);
ALTER TABLE public.audit_log ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_log_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.books (
    source text NOT NULL,
    epoch text NOT NULL,
    day bigint NOT NULL,
    taken bigint NOT NULL,
    redelivered bigint NOT NULL,
    heard bigint
);
CREATE TABLE public.cdr (
    id uuid NOT NULL,
    revision bigint NOT NULL,
    complete boolean NOT NULL,
    started bigint NOT NULL,
    ended bigint,
    medium text NOT NULL,
    source text NOT NULL,
    agents text NOT NULL,
    extensions text NOT NULL,
    subject_handle uuid,
    record text NOT NULL,
    sealed bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='70');
CREATE TABLE public.cdr_report (
    day text NOT NULL,
    made bigint NOT NULL,
    report text NOT NULL
);
CREATE TABLE public.cdr_revision (
    id uuid NOT NULL,
    revision bigint NOT NULL,
    at bigint NOT NULL,
    cause uuid,
    why text NOT NULL,
    digest uuid NOT NULL,
    changes text NOT NULL
);
CREATE TABLE public.conversation (
    id uuid NOT NULL,
    root uuid NOT NULL,
    key text NOT NULL,
    first_time bigint NOT NULL
);
CREATE TABLE public.duplicate (
    event uuid NOT NULL,
    source text NOT NULL,
    epoch text NOT NULL,
    number bigint NOT NULL,
    received bigint NOT NULL
);
CREATE TABLE public.event (
    id uuid NOT NULL,
    source text NOT NULL,
    epoch text,
    number bigint,
    type text NOT NULL,
    "time" bigint NOT NULL,
    received bigint NOT NULL,
    conversation uuid,
    body text NOT NULL,
    rules bigint
);
CREATE TABLE public.evidence (
    id uuid NOT NULL,
    a uuid NOT NULL,
    b uuid NOT NULL,
    strength text NOT NULL,
    origin text NOT NULL,
    first_at bigint NOT NULL,
    source text NOT NULL,
    event uuid NOT NULL,
    decision uuid,
    actor text,
    reason text,
    joined boolean NOT NULL,
    verdict text NOT NULL,
    rule_version text NOT NULL,
    last_at bigint DEFAULT 0 NOT NULL,
    question text
);
CREATE TABLE public.gap (
    id uuid NOT NULL,
    source text NOT NULL,
    begins bigint NOT NULL,
    ends bigint NOT NULL,
    reason text NOT NULL
);
CREATE TABLE public.handle (
    id uuid NOT NULL,
    scheme text NOT NULL,
    scope text NOT NULL,
    value text NOT NULL,
    customer uuid NOT NULL,
    first_seen bigint NOT NULL,
    last_seen bigint NOT NULL,
    generic boolean NOT NULL,
    shared boolean NOT NULL,
    silences text DEFAULT ''::text NOT NULL,
    former text DEFAULT ''::text NOT NULL,
    since bigint
)
WITH (fillfactor='70');
CREATE TABLE public.history (
    seq bigint NOT NULL,
    at bigint NOT NULL,
    kind text NOT NULL,
    customer uuid NOT NULL,
    others text NOT NULL,
    cause uuid,
    rule_version text NOT NULL
);
ALTER TABLE public.history ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.history_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.hotspot_day (
    day bigint NOT NULL,
    subject text NOT NULL,
    word text NOT NULL,
    hits bigint NOT NULL
);
CREATE TABLE public.hotspot_hit (
    event uuid NOT NULL,
    subject text NOT NULL,
    word text NOT NULL,
    day bigint NOT NULL
);
CREATE TABLE public.link_hour (
    source text NOT NULL,
    epoch text NOT NULL,
    hour bigint NOT NULL,
    told bigint NOT NULL
);
CREATE TABLE public.live_pop (
    pop uuid NOT NULL,
    conversation uuid NOT NULL,
    link text NOT NULL,
    extension text NOT NULL,
    agent text,
    call text NOT NULL,
    answered boolean NOT NULL,
    at bigint NOT NULL,
    record text NOT NULL
)
WITH (fillfactor='70');
CREATE TABLE public.mapping_version (
    number bigint NOT NULL,
    hash text NOT NULL,
    files text NOT NULL,
    applied bigint NOT NULL,
    actor text NOT NULL,
    note text NOT NULL,
    restored bigint
);
CREATE TABLE public.outbox (
    seq bigint NOT NULL,
    routing text NOT NULL,
    event text NOT NULL
);
ALTER TABLE public.outbox ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.past_books (
    source text NOT NULL,
    epoch text NOT NULL,
    day bigint NOT NULL,
    top bigint NOT NULL,
    stored bigint NOT NULL,
    duplicate bigint NOT NULL,
    rejected bigint NOT NULL
);
CREATE TABLE public.profile_value (
    handle uuid NOT NULL,
    field text NOT NULL,
    source text NOT NULL,
    slot bigint NOT NULL,
    value text NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.rejection (
    id uuid NOT NULL,
    source text NOT NULL,
    epoch text,
    number bigint,
    event uuid,
    reason text NOT NULL,
    received bigint NOT NULL
);
CREATE TABLE public.rule_set (
    id bigint NOT NULL,
    identity text NOT NULL,
    dial_plans text NOT NULL,
    mapping bigint NOT NULL
);
CREATE TABLE public.seaql_migrations (
    version character varying NOT NULL,
    applied_at bigint NOT NULL
);
CREATE TABLE public.switch_record (
    id uuid NOT NULL,
    source text NOT NULL,
    at bigint NOT NULL,
    record text NOT NULL
);
CREATE TABLE public.tag (
    handle uuid NOT NULL,
    tag text NOT NULL,
    source text NOT NULL,
    present boolean NOT NULL,
    at bigint NOT NULL,
    echo boolean DEFAULT false NOT NULL
);
CREATE TABLE public.tag_word (
    source text NOT NULL,
    word text NOT NULL,
    first_seen bigint NOT NULL
);
CREATE TABLE public.tag_written (
    handle uuid NOT NULL,
    tag text NOT NULL,
    system text NOT NULL,
    present boolean NOT NULL,
    decided_at bigint NOT NULL,
    decided_by text NOT NULL,
    awaited text NOT NULL
);
CREATE TABLE public.tenure (
    handle uuid NOT NULL,
    begins bigint NOT NULL,
    ends bigint NOT NULL,
    owner uuid NOT NULL
);
CREATE TABLE public.token (
    id uuid NOT NULL,
    name text NOT NULL,
    hash text NOT NULL,
    scopes text NOT NULL,
    agent text,
    extension text,
    created bigint NOT NULL,
    expires bigint,
    revoked bigint
);
CREATE TABLE public.touch_point (
    id uuid NOT NULL,
    handle uuid,
    conversation uuid,
    at bigint NOT NULL,
    kind text NOT NULL,
    medium text NOT NULL,
    agent text
);
CREATE TABLE public.undo (
    directive uuid NOT NULL,
    event uuid NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    at bigint NOT NULL
);
ALTER TABLE ONLY public.agent_login
    ADD CONSTRAINT agent_login_pkey PRIMARY KEY (system, login);
ALTER TABLE ONLY public.agent
    ADD CONSTRAINT agent_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.agent_seen
    ADD CONSTRAINT agent_seen_pkey PRIMARY KEY (system, login, kind, value);
ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.books
    ADD CONSTRAINT books_pkey PRIMARY KEY (source, epoch, day);
ALTER TABLE ONLY public.cdr
    ADD CONSTRAINT cdr_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.cdr_report
    ADD CONSTRAINT cdr_report_pkey PRIMARY KEY (day);
ALTER TABLE ONLY public.cdr_revision
    ADD CONSTRAINT cdr_revision_pkey PRIMARY KEY (id, revision);
ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.duplicate
    ADD CONSTRAINT duplicate_pkey PRIMARY KEY (event, epoch, number);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT evidence_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.gap
    ADD CONSTRAINT gap_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.handle
    ADD CONSTRAINT handle_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.history
    ADD CONSTRAINT history_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.hotspot_day
    ADD CONSTRAINT hotspot_day_pkey PRIMARY KEY (day, subject, word);
ALTER TABLE ONLY public.hotspot_hit
    ADD CONSTRAINT hotspot_hit_pkey PRIMARY KEY (event, subject, word);
ALTER TABLE ONLY public.link_hour
    ADD CONSTRAINT link_hour_pkey PRIMARY KEY (source, epoch, hour);
ALTER TABLE ONLY public.live_pop
    ADD CONSTRAINT live_pop_pkey PRIMARY KEY (pop);
ALTER TABLE ONLY public.mapping_version
    ADD CONSTRAINT mapping_version_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.past_books
    ADD CONSTRAINT past_books_pkey PRIMARY KEY (source, epoch, day);
ALTER TABLE ONLY public.profile_value
    ADD CONSTRAINT profile_value_pkey PRIMARY KEY (handle, field, source, slot);
ALTER TABLE ONLY public.rejection
    ADD CONSTRAINT rejection_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.rule_set
    ADD CONSTRAINT rule_set_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.seaql_migrations
    ADD CONSTRAINT seaql_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.switch_record
    ADD CONSTRAINT switch_record_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tag
    ADD CONSTRAINT tag_pkey PRIMARY KEY (handle, tag, source);
ALTER TABLE ONLY public.tag_word
    ADD CONSTRAINT tag_word_pkey PRIMARY KEY (source, word);
ALTER TABLE ONLY public.tag_written
    ADD CONSTRAINT tag_written_pkey PRIMARY KEY (handle, tag, system);
ALTER TABLE ONLY public.tenure
    ADD CONSTRAINT tenure_pkey PRIMARY KEY (handle, begins);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_hash_key UNIQUE (hash);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.undo
    ADD CONSTRAINT undo_pkey PRIMARY KEY (directive);
CREATE INDEX agent_login_agent ON public.agent_login USING btree (agent);
CREATE INDEX audit_log_at ON public.audit_log USING btree (at);
CREATE INDEX cdr_ended ON public.cdr USING btree (ended) WHERE (ended IS NOT NULL);
CREATE INDEX cdr_started ON public.cdr USING btree (started);
CREATE INDEX cdr_subject_handle ON public.cdr USING btree (subject_handle, started) WHERE (subject_handle IS NOT NULL);
CREATE INDEX cdr_unsealed ON public.cdr USING btree (started) WHERE (sealed < 2);
CREATE INDEX conversation_root ON public.conversation USING btree (root);
CREATE INDEX event_conversation ON public.event USING btree (conversation) WHERE (conversation IS NOT NULL);
CREATE INDEX event_loose ON public.event USING btree (received) WHERE (conversation IS NULL);
CREATE INDEX event_received ON public.event USING brin (received);
CREATE INDEX evidence_a ON public.evidence USING btree (a, b);
CREATE INDEX evidence_b ON public.evidence USING btree (b, a);
CREATE INDEX evidence_decision ON public.evidence USING btree (decision) WHERE (decision IS NOT NULL);
CREATE INDEX evidence_directive_a ON public.evidence USING btree (a) WHERE (origin <> 'observed'::text);
CREATE INDEX evidence_directive_b ON public.evidence USING btree (b) WHERE (origin <> 'observed'::text);
CREATE INDEX evidence_question ON public.evidence USING btree (question, first_at, id) WHERE (question IS NOT NULL);
CREATE INDEX handle_customer ON public.handle USING btree (customer);
CREATE INDEX handle_value ON public.handle USING btree (value);
CREATE INDEX history_customer ON public.history USING btree (customer);
CREATE INDEX hotspot_hit_day ON public.hotspot_hit USING btree (day);
CREATE INDEX live_pop_conversation ON public.live_pop USING btree (conversation);
CREATE INDEX live_pop_extension ON public.live_pop USING btree (extension);
CREATE INDEX switch_record_at ON public.switch_record USING btree (at);
CREATE INDEX tenure_owner ON public.tenure USING btree (owner);
CREATE INDEX touch_point_conversation ON public.touch_point USING btree (conversation) WHERE (conversation IS NOT NULL);
CREATE INDEX touch_point_handle ON public.touch_point USING btree (handle, at, id) WHERE (handle IS NOT NULL);
INSERT INTO public.seaql_migrations VALUES ('0001',0);
INSERT INTO public.seaql_migrations VALUES ('0002',0);
INSERT INTO public.seaql_migrations VALUES ('0003',0);
INSERT INTO public.seaql_migrations VALUES ('0004',0);
INSERT INTO public.seaql_migrations VALUES ('0005',0);
INSERT INTO public.seaql_migrations VALUES ('0006',0);
INSERT INTO public.seaql_migrations VALUES ('0007',0);
