-- What identity keeps beside its log: nothing here is a fact of the school, and all of it ends (decision 10).

CREATE TABLE session (
    session_id uuid        PRIMARY KEY,
    token_hash bytea       NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    school_id  uuid,       -- an operator's has none
    person_id  uuid        NOT NULL,
    capacity   text        NOT NULL CHECK (capacity IN ('guardian', 'staff', 'pupil', 'operator')),
    issued_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    by_code    boolean     NOT NULL, -- opened by a one-time code: may choose a password without the old one
    ended_at   timestamptz,
    CHECK ((school_id IS NULL) = (capacity = 'operator'))
);
CREATE INDEX session_of_person ON session (school_id, person_id);

CREATE TABLE credential (
    school_id     uuid        NOT NULL,
    person_id     uuid        NOT NULL,
    password_hash text        NOT NULL,
    set_at        timestamptz NOT NULL,
    PRIMARY KEY (school_id, person_id)
);

CREATE TABLE one_time_code (
    school_id  uuid        NOT NULL,
    code_hash  bytea       NOT NULL CHECK (octet_length(code_hash) = 32),
    person_id  uuid        NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    PRIMARY KEY (school_id, code_hash)
);

-- Failed sign-ins, by a keyed hash of school and login: it counts tries without saying for whom.
CREATE TABLE failed_sign_in (
    account bytea       NOT NULL CHECK (octet_length(account) = 32),
    at      timestamptz NOT NULL
);
CREATE INDEX failed_sign_in_of_account ON failed_sign_in (account, at);

CREATE TABLE operator (
    operator_id   uuid PRIMARY KEY,
    name          text NOT NULL UNIQUE,
    password_hash text NOT NULL
);
COMMENT ON TABLE operator IS 'no row policy: operators belong to no school';
COMMENT ON TABLE failed_sign_in IS 'no row policy: it names neither school nor person';

GRANT SELECT, INSERT, UPDATE ON session, credential, one_time_code TO bookbag_writer;
GRANT SELECT, INSERT, DELETE ON failed_sign_in TO bookbag_writer;
GRANT SELECT, INSERT ON operator TO bookbag_writer;
GRANT SELECT, DELETE ON session, one_time_code, failed_sign_in TO bookbag_worker;
GRANT SELECT ON session TO bookbag_session;

ALTER TABLE session ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE credential ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE one_time_code ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_schools ON session TO bookbag_writer, bookbag_worker USING (true) WITH CHECK (true);
CREATE POLICY look_up ON session FOR SELECT TO bookbag_session USING (true);
CREATE POLICY all_schools ON credential TO bookbag_writer USING (true) WITH CHECK (true);
CREATE POLICY all_schools ON one_time_code TO bookbag_writer, bookbag_worker USING (true) WITH CHECK (true);

-- Who a session is now, in one round trip: the session by its token's hash (or its id), then what its person is
-- related to, read under the row policy of that session's school.
CREATE FUNCTION session_principal(wanted_hash bytea, wanted_id uuid, at timestamptz)
RETURNS TABLE (session_id uuid, school_id uuid, person_id uuid, capacity text, roles text[], classes uuid[], children uuid[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    known session%ROWTYPE;
    roles text[] := '{}';
    classes uuid[] := '{}';
    children uuid[] := '{}';
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
    ELSIF known.capacity = 'pupil' THEN
        IF NOT EXISTS (SELECT FROM roster_pupil p WHERE p.pupil_id = known.person_id AND p.on_roll) THEN RETURN; END IF;
        classes := ARRAY(SELECT e.class_id FROM roster_enrolment e WHERE e.pupil_id = known.person_id);
    END IF;
    RETURN QUERY SELECT known.session_id, known.school_id, known.person_id, known.capacity, roles, classes, children;
END $$;
REVOKE ALL ON FUNCTION session_principal FROM PUBLIC;
GRANT EXECUTE ON FUNCTION session_principal TO bookbag_session;
