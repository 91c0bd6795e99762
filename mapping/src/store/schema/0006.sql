-- What a link had told by the end of an hour (hours since 1970, UTC) of one of its runs: the habit that a silence
-- is judged by.
CREATE TABLE link_hour (
    source text NOT NULL,
    epoch text NOT NULL,
    hour bigint NOT NULL,
    told bigint NOT NULL,
    PRIMARY KEY (source, epoch, hour)
);

-- One thing counted in one event, until its day is over. Rows are only added: a counter that every transaction raised would
-- have them wait for each other.
CREATE TABLE hotspot_hit (
    event {uuid} NOT NULL,
    subject text NOT NULL,
    word text NOT NULL,
    -- Days since 1970 by the calendar of the house.
    day bigint NOT NULL,
    PRIMARY KEY (event, subject, word)
);
CREATE INDEX hotspot_hit_day ON hotspot_hit (day);

-- The hits of days that are over.
CREATE TABLE hotspot_day (
    day bigint NOT NULL,
    subject text NOT NULL,
    word text NOT NULL,
    hits bigint NOT NULL,
    PRIMARY KEY (day, subject, word)
);
