-- What each revision of a record changed, and which event it came from. The digest is that of the record as it was told.
CREATE TABLE cdr_revision (
    id {uuid} NOT NULL,
    revision bigint NOT NULL,
    at bigint NOT NULL,
    cause {uuid},
    why text NOT NULL,
    digest {uuid} NOT NULL,
    changes text NOT NULL,
    PRIMARY KEY (id, revision)
);

-- 0: all its events are kept; 1: a chat's messages are gone; 2: all its events are gone. Then the record stands as it is.
ALTER TABLE cdr ADD COLUMN sealed bigint NOT NULL DEFAULT 0;
CREATE INDEX cdr_unsealed ON cdr (started) WHERE sealed < 2;
CREATE INDEX cdr_ended ON cdr (ended) WHERE ended IS NOT NULL;
-- Events of no conversation, by age.
CREATE INDEX event_loose ON event (received) WHERE conversation IS NULL;

-- What the books count of events, duplicates and rejections that are no longer kept.
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

-- The switches' own records. The id follows from the content.
CREATE TABLE switch_record (
    id {uuid} PRIMARY KEY,
    source text NOT NULL,
    -- Its end, else its start.
    at bigint NOT NULL,
    record text NOT NULL
);
CREATE INDEX switch_record_at ON switch_record (at);

CREATE TABLE cdr_report (
    day text PRIMARY KEY,
    made bigint NOT NULL,
    report text NOT NULL
);
