-- Who clears pictures away destroys their keys, and no others; it reads none. What it may put on the list of destroyed
-- keys is held to the same category: else it could make any key count as destroyed.

GRANT SELECT (key_id, school_id, subject_id, category), DELETE ON subject_key TO keys_clearer;
GRANT SELECT, INSERT ON destroyed_key TO keys_clearer;

CREATE POLICY clears ON subject_key TO keys_clearer USING (category = 'media');

ALTER TABLE destroyed_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_knows ON destroyed_key FOR SELECT
    TO keys_owner, bookbag_keyholder, keys_eraser, keys_clearer USING (true);
CREATE POLICY erases ON destroyed_key FOR INSERT TO keys_eraser WITH CHECK (true);
CREATE POLICY clears ON destroyed_key FOR INSERT TO keys_clearer WITH CHECK (category = 'media');
