-- The event log of one service. `append` (shared/log/append.py) is the only writer.
-- Nobody but the owner can UPDATE or DELETE an event; a rewritten one breaks the hash chain and `verify` names it.

CREATE TABLE log_head (
    partition integer PRIMARY KEY CHECK (partition > 0),
    position  bigint  NOT NULL CHECK (position >= 0),
    hash      bytea   NOT NULL CHECK (octet_length(hash) = 32)
);

CREATE TABLE log_event (
    partition      integer     NOT NULL REFERENCES log_head,
    position       bigint      NOT NULL CHECK (position > 0),
    id             uuid        NOT NULL UNIQUE,
    type           text        NOT NULL,
    schema_version integer     NOT NULL,
    school_id      uuid        NOT NULL,
    -- collated by bytes, so that a category is a range of the index below
    stream         text COLLATE "C" NOT NULL,
    stream_version bigint      NOT NULL CHECK (stream_version > 0),
    occurred_at    timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL,
    actor          text        NOT NULL,
    correlation_id uuid        NOT NULL,
    causation_id   uuid,
    -- json keeps the text as it was written; jsonb would rewrite it and the hashed bytes would not come back
    data           json        NOT NULL,
    previous       bytea       NOT NULL CHECK (octet_length(previous) = 32),
    hash           bytea       NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (partition, position),
    UNIQUE (school_id, stream, stream_version)
);

-- Which answer a person's command got: found again by its key, never by its body.
CREATE TABLE log_answer (
    school_id   uuid        NOT NULL,
    person_id   uuid        NOT NULL,
    key         text        NOT NULL,
    body_mac    bytea       NOT NULL CHECK (octet_length(body_mac) = 32),
    status      smallint    NOT NULL,
    location    text        NOT NULL,
    partition   integer     NOT NULL,
    position    bigint      NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (school_id, person_id, key)
);
CREATE INDEX log_answer_by_age ON log_answer (recorded_at);

GRANT SELECT, INSERT ON log_event TO bookbag_writer, bookbag_worker;
GRANT SELECT, INSERT, UPDATE ON log_head TO bookbag_writer, bookbag_worker;
GRANT SELECT, INSERT ON log_answer TO bookbag_writer, bookbag_worker;
GRANT DELETE ON log_answer TO bookbag_worker;

-- Row policies even where a role may see all schools: a role that is granted by mistake sees nothing.
ALTER TABLE log_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE log_answer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_schools ON log_event TO bookbag_writer, bookbag_worker USING (true) WITH CHECK (true);
CREATE POLICY all_schools ON log_answer TO bookbag_writer, bookbag_worker USING (true) WITH CHECK (true);
