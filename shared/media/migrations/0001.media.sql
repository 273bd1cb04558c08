-- Pictures, as ciphertext beside the log of the service that shows them (decision 16): one backup, one transaction.
-- A picture is written once and never changed. Its key is destroyed first; then the worker takes the rows away.

CREATE TABLE media_item (
    school_id  uuid        NOT NULL,
    media_id   uuid        NOT NULL,
    variant    text        NOT NULL CHECK (variant IN ('picture', 'thumbnail')),
    key_id     uuid        NOT NULL,
    nonce      bytea       NOT NULL CHECK (octet_length(nonce) = 12),
    ciphertext bytea       NOT NULL CHECK (octet_length(ciphertext) BETWEEN 17 AND 4194304),
    stored_at  timestamptz NOT NULL,
    PRIMARY KEY (school_id, media_id, variant)
);
CREATE INDEX media_item_by_age ON media_item (stored_at);
-- Ciphertext does not get smaller: PostgreSQL need not try.
ALTER TABLE media_item ALTER COLUMN ciphertext SET STORAGE EXTERNAL;

GRANT INSERT ON media_item TO bookbag_writer;
GRANT SELECT ON media_item TO bookbag_reader;
GRANT SELECT (school_id, media_id, variant, stored_at), DELETE ON media_item TO bookbag_worker;

ALTER TABLE media_item ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY adds ON media_item FOR INSERT TO bookbag_writer WITH CHECK (true);
CREATE POLICY own_school ON media_item FOR SELECT TO bookbag_reader
    USING (school_id = NULLIF(current_setting('bookbag.school_id', true), '')::uuid);
CREATE POLICY finds ON media_item FOR SELECT TO bookbag_worker USING (true);
CREATE POLICY takes_away ON media_item FOR DELETE TO bookbag_worker USING (true);
