-- What happened with people besides their calls and chats, each by the handle that it hangs on. Those of a conversation hang
-- on the handle of its record, and move with it.
CREATE TABLE touch_point (
    id {uuid} NOT NULL,
    handle {uuid},
    conversation {uuid},
    at bigint NOT NULL,
    kind text NOT NULL,
    medium text NOT NULL,
    agent text
);
INSERT INTO touch_point (id, handle, conversation, at, kind, medium, agent)
    SELECT e.id, c.subject_handle, e.conversation, e.time,
        CASE WHEN e.type = 'trunkline.chat.message.v1' THEN 'message' ELSE 'remark' END, c.medium,
        CASE WHEN e.type = 'trunkline.cdr.remarked.v1' THEN e.body{json} -> 'data' ->> 'author'
            WHEN e.body{json} -> 'data' ->> 'author' = 'agent' THEN e.body{json} -> 'data' ->> 'author_id' END
    FROM event e JOIN conversation v ON v.id = e.conversation JOIN cdr c ON c.id = v.root
    WHERE e.type IN ('trunkline.chat.message.v1', 'trunkline.cdr.remarked.v1');
CREATE INDEX touch_point_handle ON touch_point (handle, at, id) WHERE handle IS NOT NULL;
CREATE INDEX touch_point_conversation ON touch_point (conversation) WHERE conversation IS NOT NULL;

-- Every word that a source ever used for a tag.
CREATE TABLE tag_word (
    source text NOT NULL,
    word text NOT NULL,
    first_seen bigint NOT NULL,
    PRIMARY KEY (source, word)
);
INSERT INTO tag_word (source, word, first_seen) SELECT source, tag, min(at) FROM tag GROUP BY source, tag;

-- The source tells back what was written there for us.
ALTER TABLE tag ADD COLUMN echo boolean NOT NULL DEFAULT false;

-- What was written of a tag to a system; `awaited` is what it has not told back yet: `<microseconds>+` set, `<…>-` taken away.
CREATE TABLE tag_written (
    handle {uuid} NOT NULL,
    tag text NOT NULL,
    system text NOT NULL,
    present boolean NOT NULL,
    decided_at bigint NOT NULL,
    decided_by text NOT NULL,
    awaited text NOT NULL,
    PRIMARY KEY (handle, tag, system)
);

-- Agents as an administrator knows them.
CREATE TABLE agent (
    id text PRIMARY KEY,
    name text,
    team text,
    extension text,
    skills text NOT NULL,
    contacts text NOT NULL,
    changed bigint NOT NULL
);

-- Who is who in which system.
CREATE TABLE agent_login (
    system text NOT NULL,
    login text NOT NULL,
    agent text NOT NULL,
    origin text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (system, login)
);
CREATE INDEX agent_login_agent ON agent_login (agent);

-- What events told of a login: its extensions, skills and names, each with when it was told last.
CREATE TABLE agent_seen (
    system text NOT NULL,
    login text NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    present boolean NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (system, login, kind, value)
);
