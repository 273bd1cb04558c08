-- How far a guardian's session reaches, from what moderation decided (the read model guardian_access), and whether
-- identity knows that well enough for a guardian to write.

-- How many sanctions the person had had when the session was opened. One more, and the session has ended.
ALTER TABLE session ADD COLUMN sanctions integer NOT NULL DEFAULT 0 CHECK (sanctions >= 0);

-- When the worker last stood at the heads of another service's log: that of the question, not of the answer.
CREATE TABLE source_seen (
    source  text        PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
COMMENT ON TABLE source_seen IS 'no row policy: a service''s name and a time, of no school';
GRANT SELECT, INSERT, UPDATE ON source_seen TO bookbag_worker;
GRANT SELECT ON source_seen TO bookbag_session;

-- As before, and for a guardian: no row where a sanction has ended the session, else how far it reaches, and whether
-- that is known: moderation's heads were seen within 5 s, by the database's one clock, and nothing about the person
-- waits to be taken in. guardian_access is a view that is made after this: it is looked for when the function runs.
DROP FUNCTION session_principal(bytea, uuid, timestamptz);
CREATE FUNCTION session_principal(wanted_hash bytea, wanted_id uuid, at timestamptz)
RETURNS TABLE (
    session_id uuid, school_id uuid, person_id uuid, capacity text, roles text[], classes uuid[], children uuid[],
    access text, access_known boolean
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    known session%ROWTYPE;
    roles text[] := '{}';
    classes uuid[] := '{}';
    children uuid[] := '{}';
    standing record;
    access text := 'active';
    access_known boolean := true;
BEGIN
    SELECT * INTO known FROM session s
        WHERE (s.token_hash = wanted_hash OR s.session_id = wanted_id) AND s.ended_at IS NULL AND s.expires_at > at;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF known.capacity <> 'operator' THEN
        PERFORM set_config('bookbag.school_id', known.school_id::text, true);
    END IF;
    IF known.capacity = 'staff' THEN
        roles := ARRAY(SELECT r.role FROM roster_role r WHERE r.staff_id = known.person_id);
        classes := ARRAY(SELECT c.class_id FROM roster_class_staff c WHERE c.staff_id = known.person_id);
        IF roles = '{}' THEN RETURN; END IF;
    ELSIF known.capacity = 'guardian' THEN
        children := ARRAY(SELECT g.pupil_id FROM roster_guardianship g WHERE g.guardian_id = known.person_id);
        IF children = '{}' THEN RETURN; END IF;
        -- Before the sanctions: what is seen now may only be older than what they say.
        access_known := EXISTS (SELECT FROM source_seen s WHERE s.source = 'moderation'
                AND s.seen_at BETWEEN clock_timestamp() - interval '5 seconds' AND clock_timestamp())
            AND NOT EXISTS (SELECT FROM parked_event p WHERE p.source = 'moderation' AND known.person_id = ANY (p.concerns));
        SELECT a.removed, a.suspended, a.sanctions INTO standing FROM guardian_access a
            WHERE a.guardian_id = known.person_id;
        -- Another count, not only a greater one: a model that has lost sight of a sanction opens nothing.
        IF coalesce(standing.sanctions, 0) <> known.sanctions THEN RETURN; END IF;
        access := CASE WHEN standing.removed THEN 'removed' WHEN standing.suspended THEN 'suspended' ELSE 'active' END;
    ELSIF known.capacity = 'pupil' THEN
        IF NOT EXISTS (SELECT FROM roster_pupil p WHERE p.pupil_id = known.person_id AND p.on_roll) THEN RETURN; END IF;
        classes := ARRAY(SELECT e.class_id FROM roster_enrolment e WHERE e.pupil_id = known.person_id);
    END IF;
    RETURN QUERY SELECT known.session_id, known.school_id, known.person_id, known.capacity, roles, classes, children,
        access, access_known;
END $$;
REVOKE ALL ON FUNCTION session_principal FROM PUBLIC;
GRANT EXECUTE ON FUNCTION session_principal TO bookbag_session;
