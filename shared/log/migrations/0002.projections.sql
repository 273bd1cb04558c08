-- How far each read model (or reaction) has come, in each log it follows. Moved in the transaction of its effects.

CREATE TABLE projection_cursor (
    consumer   text        NOT NULL,
    source     text        NOT NULL,
    partition  integer     NOT NULL,
    position   bigint      NOT NULL CHECK (position >= 0),
    hash       bytea       NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (consumer, source, partition)
);

-- Which version of each read model is the live one, the log it follows, and its tables.
CREATE TABLE projection_live (
    name    text    PRIMARY KEY,
    source  text    NOT NULL,
    version integer NOT NULL,
    tables  text[]  NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON projection_cursor TO bookbag_worker;
GRANT SELECT ON projection_cursor, projection_live TO bookbag_writer, bookbag_reader;
GRANT SELECT ON projection_live TO bookbag_worker;
