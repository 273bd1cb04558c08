-- Writes what a group of commands comes to, in one statement: see shared/log/committer.py, which alone calls it.
-- It does what `append` does, in its order: the lock, the head, the idempotency keys, the versions, then the rows.
--
-- VOLATILE, so that each statement in it has a snapshot of its own: with one from before the wait for the lock the head
-- would be stale. With the rights of whoever calls it.
CREATE FUNCTION log_append(
    -- the head that the events are linked to
    in_partition integer, at_position bigint, at_hash bytea,
    -- [{school_id, stream, version}]: what the commands rest on
    expected json,
    -- [{school_id, person_id, key}]: the idempotency keys that are taken to be new
    claims json,
    -- [{school_id, person_id, key, body_mac, status, location, position, recorded_at}]
    answers json,
    -- the envelopes that were hashed, each with its previous and hash
    events json,
    new_position bigint, new_hash bytea
) RETURNS json LANGUAGE plpgsql VOLATILE
-- A plan that was made while the log was empty would read whole tables.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    head_position bigint;
    head_hash bytea;
    moved json;
    answered json;
BEGIN
    PERFORM pg_advisory_xact_lock(1114599275, in_partition);
    SELECT h.position, h.hash INTO head_position, head_hash FROM log_head h WHERE h.partition = in_partition;
    IF NOT FOUND THEN
        head_position := 0;
        head_hash := decode(repeat('00', 32), 'hex');
        INSERT INTO log_head (partition, position, hash) VALUES (in_partition, head_position, head_hash);
    END IF;
    IF head_position <> at_position OR head_hash <> at_hash THEN
        RETURN json_build_object('position', head_position, 'hash', encode(head_hash, 'hex'));
    END IF;

    SELECT json_agg(json_build_array(w.school_id, w.stream, w.actual)) INTO moved FROM (
        SELECT x.school_id, x.stream, x.version, coalesce((
            SELECT e.stream_version FROM log_event e WHERE e.school_id = x.school_id AND e.stream = x.stream
            ORDER BY e.stream_version DESC LIMIT 1), 0) AS actual
        FROM json_to_recordset(expected) AS x(school_id uuid, stream text, version bigint)
    ) w WHERE w.actual <> w.version;
    SELECT json_agg(json_build_array(
        a.school_id, a.person_id, a.key, encode(a.body_mac, 'hex'), a.status, a.location, a.partition, a.position
    )) INTO answered
    FROM json_to_recordset(claims) AS x(school_id uuid, person_id uuid, key text)
    CROSS JOIN LATERAL (
        SELECT * FROM log_answer l WHERE l.school_id = x.school_id AND l.person_id = x.person_id AND l.key = x.key LIMIT 1
    ) a;
    IF moved IS NOT NULL OR answered IS NOT NULL THEN
        RETURN json_build_object('moved', moved, 'answered', answered);
    END IF;
    IF new_position = at_position THEN
        RETURN NULL;
    END IF;

    INSERT INTO log_event (partition, position, id, type, schema_version, school_id, stream, stream_version,
        occurred_at, recorded_at, actor, correlation_id, causation_id, data, previous, hash)
    SELECT in_partition, x.position, x.id, x.type, x.schema_version, x.school_id, x.stream, x.stream_version,
        x.occurred_at, x.recorded_at, x.actor, x.correlation_id, x.causation_id, x.data, x.previous, x.hash
    FROM json_to_recordset(events) AS x(position bigint, id uuid, type text, schema_version integer, school_id uuid,
        stream text, stream_version bigint, occurred_at timestamptz, recorded_at timestamptz, actor text,
        correlation_id uuid, causation_id uuid, data json, previous bytea, hash bytea);
    INSERT INTO log_answer (school_id, person_id, key, body_mac, status, location, partition, position, recorded_at)
    SELECT x.school_id, x.person_id, x.key, x.body_mac, x.status, x.location, in_partition, x.position, x.recorded_at
    FROM json_to_recordset(answers) AS x(school_id uuid, person_id uuid, key text, body_mac bytea, status smallint,
        location text, position bigint, recorded_at timestamptz);
    UPDATE log_head SET position = new_position, hash = new_hash WHERE partition = in_partition;
    PERFORM pg_notify('bookbag_log', in_partition::text);
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION log_append FROM PUBLIC;
GRANT EXECUTE ON FUNCTION log_append TO bookbag_writer, bookbag_worker;
