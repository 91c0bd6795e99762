-- Applied mapping rules; the highest number counts. Versions are added, never changed.
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
-- All rules by which events were mapped, under one number: eight bytes an event instead of three names.
CREATE TABLE rule_set (
    id bigint PRIMARY KEY,
    identity text NOT NULL,
    dial_plans text NOT NULL,
    mapping bigint NOT NULL
);
ALTER TABLE event ADD COLUMN rules bigint;
-- The last events are asked for by people only; where events arrive in order this index costs next to nothing.
{by_arrival}
