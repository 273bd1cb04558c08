-- The keys that seal personal fields, in a database of their own. A role per service opens only its categories;
-- the eraser deletes keys and reads none.

CREATE TABLE school_key (
    school_id  uuid        PRIMARY KEY,
    wrapped    bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE subject_key (
    key_id     uuid        PRIMARY KEY,
    school_id  uuid        NOT NULL REFERENCES school_key,
    subject_id uuid        NOT NULL,
    category   text        NOT NULL,
    wrapped    bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (school_id, subject_id, category)
);

-- The list that is applied again after every restore. A subject on it gets no new key of that category.
CREATE TABLE destroyed_key (
    key_id       uuid        PRIMARY KEY,
    school_id    uuid        NOT NULL,
    subject_id   uuid        NOT NULL,
    category     text        NOT NULL,
    destroyed_at timestamptz NOT NULL,
    UNIQUE (school_id, subject_id, category)
);

-- Filled from the closed table of categories (shared/privacy/categories.py) at each migration.
CREATE TABLE category_access (
    role     text NOT NULL,
    category text NOT NULL,
    PRIMARY KEY (role, category)
);

GRANT SELECT, INSERT ON school_key, subject_key TO bookbag_keyholder;
GRANT SELECT ON destroyed_key, category_access TO bookbag_keyholder, keys_eraser;
GRANT SELECT (key_id, school_id, subject_id, category), DELETE ON subject_key TO keys_eraser;
GRANT INSERT ON destroyed_key TO keys_eraser;

ALTER TABLE subject_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_categories ON subject_key TO bookbag_keyholder
    USING (EXISTS (SELECT FROM category_access a WHERE a.role = current_user AND a.category = subject_key.category))
    WITH CHECK (EXISTS (SELECT FROM category_access a WHERE a.role = current_user AND a.category = subject_key.category));
CREATE POLICY may_delete ON subject_key TO keys_eraser USING (true);

-- A destroyed subject gets no new key, whatever the writer's code believes.
CREATE FUNCTION refuse_destroyed_subject() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM destroyed_key d WHERE d.school_id = NEW.school_id
               AND d.subject_id = NEW.subject_id AND d.category = NEW.category) THEN
        RAISE EXCEPTION 'the key of this subject and category was destroyed' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_key_after_destruction BEFORE INSERT ON subject_key
    FOR EACH ROW EXECUTE FUNCTION refuse_destroyed_subject();
