-- Contacts pass from one person to another: when a handle was silent for long, and whose it was before.
-- 'from:until from:until', microseconds; empty for most.
ALTER TABLE handle ADD COLUMN silences text NOT NULL DEFAULT '';
-- 'until:owner until:owner', the tenures that are over; the owner is a handle, or nothing.
ALTER TABLE handle ADD COLUMN former text NOT NULL DEFAULT '';
-- The end of the last of them: what hangs on the handle from before is not its customer's.
ALTER TABLE handle ADD COLUMN since bigint;
ALTER TABLE evidence ADD COLUMN last_at bigint NOT NULL DEFAULT 0;
UPDATE evidence SET last_at = first_at;

-- handle.former once more, to be found by the owner.
CREATE TABLE tenure (
    handle {uuid} NOT NULL,
    begins bigint NOT NULL,
    ends bigint NOT NULL,
    owner {uuid} NOT NULL,
    PRIMARY KEY (handle, begins)
);
CREATE INDEX tenure_owner ON tenure (owner);

-- 'conflict' or 'candidate': evidence on which a person could decide; nothing for all other.
ALTER TABLE evidence ADD COLUMN question text;
CREATE INDEX evidence_question ON evidence (question, first_at, id) WHERE question IS NOT NULL;
