-- Rules for all tables, so that other databases can have the same: text ids, BIGINT times in Unix seconds,
-- SMALLINT 0 or 1 for what is so or not, states as their codes, digests and DER as BLOB. `seq` is the order of writing.

CREATE TABLE devices (
    id              TEXT     NOT NULL PRIMARY KEY,
    product         TEXT     NOT NULL,
    -- One device, however its id is spelled.
    urn             TEXT     NOT NULL UNIQUE,
    state           TEXT     NOT NULL,
    state_reason    TEXT,
    enrolled_at     BIGINT   NOT NULL,
    last_seen       BIGINT,
    -- What it last said that it runs; all absent where it said nothing yet.
    running_version TEXT,
    running_chip    INTEGER,
    running_image   BLOB,
    running_slot    SMALLINT,
    running_pending SMALLINT
);

CREATE TABLE certificates (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint BLOB    NOT NULL UNIQUE,
    serial      TEXT    NOT NULL,
    device_id   TEXT    NOT NULL REFERENCES devices (id),
    not_before  BIGINT  NOT NULL,
    not_after   BIGINT  NOT NULL,
    revoked_at  BIGINT,
    der         BLOB    NOT NULL
);

CREATE INDEX certificates_of_device ON certificates (device_id);

CREATE TABLE releases (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    product        TEXT    NOT NULL,
    version        TEXT    NOT NULL,
    project        TEXT    NOT NULL,
    idf_version    TEXT    NOT NULL,
    chip           INTEGER NOT NULL,
    counter        BIGINT  NOT NULL,
    secure_version BIGINT  NOT NULL,
    image          BLOB    NOT NULL,
    size           BIGINT  NOT NULL,
    manifest       BLOB    NOT NULL,
    author         BLOB    NOT NULL,
    published_at   BIGINT  NOT NULL,
    not_after      BIGINT,
    UNIQUE (product, version),
    UNIQUE (product, counter)
);

CREATE TABLE offers (
    seq        INTEGER  PRIMARY KEY AUTOINCREMENT,
    id         TEXT     NOT NULL UNIQUE,
    device_id  TEXT     NOT NULL REFERENCES devices (id),
    release_id BIGINT   NOT NULL REFERENCES releases (id),
    state      TEXT     NOT NULL,
    reason     SMALLINT,
    offered_at BIGINT   NOT NULL,
    ended_at   BIGINT,
    failures   BIGINT   NOT NULL
);

CREATE INDEX offers_of_device ON offers (device_id);
-- A device has one open offer at most.
CREATE UNIQUE INDEX offers_open ON offers (device_id) WHERE state = 'open';

CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    at      BIGINT  NOT NULL,
    actor   TEXT    NOT NULL,
    action  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    detail  TEXT    NOT NULL
);
