-- Signed checkpoints of every service's log (decision 23), kept where the owner of a log's database cannot connect.
-- A service adds lines of its own and reads them; nobody's role changes or takes one away.

CREATE TABLE checkpoint (
    service   text    NOT NULL,
    partition integer NOT NULL CHECK (partition > 0),
    number    bigint  NOT NULL CHECK (number > 0),
    line      text    NOT NULL,
    PRIMARY KEY (service, partition, number)
);

GRANT SELECT, INSERT ON checkpoint TO bookbag_keyholder;

ALTER TABLE checkpoint ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_log ON checkpoint TO bookbag_keyholder
    USING (current_user = 'keys_' || service) WITH CHECK (current_user = 'keys_' || service);
