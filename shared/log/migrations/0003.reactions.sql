-- Reactions, which append, beside read models; and the events that a consumer could not take.

-- The position in the own log of the last event that a reaction appended: who waits for the effect waits for that.
ALTER TABLE projection_cursor ADD COLUMN appended bigint NOT NULL DEFAULT 0;

-- Which reactions this service has, and the log each follows.
CREATE TABLE reaction_live (
    name   text PRIMARY KEY,
    source text NOT NULL
);

-- An authentic event that a handler could not take, and those of its stream behind it. Never dropped: an operator
-- retries, and what it concerns is not decided meanwhile.
CREATE TABLE parked_event (
    consumer   text        NOT NULL,
    source     text        NOT NULL,
    partition  integer     NOT NULL,
    position   bigint      NOT NULL,
    school_id  uuid        NOT NULL,
    stream     text        NOT NULL,
    event_id   uuid        NOT NULL,
    event_type text        NOT NULL,
    concerns   uuid[]      NOT NULL, -- every id in the event's plain data
    why        text        NOT NULL, -- the kind of error, or 'behind' another of its stream
    parked_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, source, partition, position)
);

GRANT SELECT ON reaction_live TO bookbag_reader, bookbag_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON parked_event TO bookbag_worker;
GRANT SELECT ON parked_event TO bookbag_reader;

ALTER TABLE parked_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_schools ON parked_event TO bookbag_worker USING (true) WITH CHECK (true);
CREATE POLICY own_school ON parked_event FOR SELECT TO bookbag_reader
    USING (school_id = NULLIF(current_setting('bookbag.school_id', true), '')::uuid);

-- How far the relay has published each partition of this log.
CREATE TABLE relay_progress (
    partition integer PRIMARY KEY,
    position  bigint  NOT NULL CHECK (position >= 0)
);
GRANT SELECT, INSERT, UPDATE ON relay_progress TO bookbag_worker;
