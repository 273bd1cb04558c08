-- As before, but a session is looked for by its token or by its id, each in a statement of its own. In one statement with
-- OR, where one of the two is NULL, a plan for the very values looks cheaper, and PostgreSQL made it anew each time.
CREATE OR REPLACE FUNCTION session_principal(wanted_hash bytea, wanted_id uuid, at timestamptz)
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
    IF wanted_hash IS NOT NULL THEN
        SELECT * INTO known FROM session s
            WHERE s.token_hash = wanted_hash AND s.ended_at IS NULL AND s.expires_at > at;
    ELSE
        SELECT * INTO known FROM session s
            WHERE s.session_id = wanted_id AND s.ended_at IS NULL AND s.expires_at > at;
    END IF;
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
