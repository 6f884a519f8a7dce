-- Certificates of all kinds, not of devices alone; why they were revoked; who issued them.
CREATE TABLE certificates_of_all_kinds (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint BLOB    NOT NULL UNIQUE,
    serial      TEXT    NOT NULL,
    profile     TEXT    NOT NULL,
    device_id   TEXT    REFERENCES devices (id),
    subject     TEXT    NOT NULL,
    -- SHA-256 of the issuer's public key; absent of what was issued before it was noted.
    issuer      BLOB,
    not_before  BIGINT  NOT NULL,
    not_after   BIGINT  NOT NULL,
    revoked_at  BIGINT,
    revoked_for TEXT,
    der         BLOB    NOT NULL
);

INSERT INTO certificates_of_all_kinds
SELECT seq, fingerprint, serial, 'device', device_id, 'CN=' || device_id, NULL, not_before, not_after, revoked_at,
       CASE WHEN revoked_at IS NULL THEN NULL ELSE 'unspecified' END, der
FROM certificates;

DROP TABLE certificates;
ALTER TABLE certificates_of_all_kinds RENAME TO certificates;

CREATE INDEX certificates_of_device ON certificates (device_id);
CREATE INDEX certificates_by_serial ON certificates (serial);
CREATE INDEX certificates_by_end ON certificates (not_after);
CREATE INDEX certificates_by_profile ON certificates (profile, not_after);
-- What the gate loads, and what a CRL lists: read from these alone, of a million.
CREATE INDEX certificates_barred ON certificates (fingerprint) WHERE revoked_at IS NOT NULL;
CREATE INDEX certificates_revoked ON certificates (issuer, serial, not_after, revoked_at, revoked_for)
    WHERE revoked_at IS NOT NULL;

-- SHA-256 of the public key, of a device that is known by its key alone.
ALTER TABLE devices ADD COLUMN pin BLOB;
CREATE INDEX devices_by_pin ON devices (pin) WHERE pin IS NOT NULL;
CREATE INDEX devices_suspended ON devices (id) WHERE state = 'suspended';

CREATE TABLE authorities (
    name            TEXT     NOT NULL PRIMARY KEY,
    der             BLOB     NOT NULL,
    authority_key   BLOB     NOT NULL UNIQUE,
    mapping         TEXT     NOT NULL,
    product         TEXT,
    vouches_for     TEXT     NOT NULL,
    new_until       BIGINT,
    known_after_end SMALLINT NOT NULL,
    registered_at   BIGINT   NOT NULL
);

-- Why devices were turned away: a row for each device, plane and code, and for whether it was the device, however often.
CREATE TABLE refusals (
    device_id TEXT     NOT NULL REFERENCES devices (id),
    plane     TEXT     NOT NULL,
    code      TEXT     NOT NULL,
    reason    TEXT     NOT NULL,
    address   TEXT     NOT NULL,
    proved    SMALLINT NOT NULL,
    first_at  BIGINT   NOT NULL,
    last_at   BIGINT   NOT NULL,
    times     BIGINT   NOT NULL,
    PRIMARY KEY (device_id, plane, code, proved)
);

-- The newest CRL of each authority.
CREATE TABLE crls (
    issuer      BLOB   NOT NULL PRIMARY KEY,
    number      BIGINT NOT NULL,
    this_update BIGINT NOT NULL,
    next_update BIGINT NOT NULL,
    der         BLOB   NOT NULL
);

-- The journal of revocations, a file beside this one: one row. `id` is in the file's first line; `lines` of its lines are
-- done here, and `checksum` is the last one's.
CREATE TABLE journal (
    id       BLOB   NOT NULL PRIMARY KEY,
    lines    BIGINT NOT NULL,
    checksum BLOB   NOT NULL
);

-- What the journal says of devices and certificates that this file does not know, since it was restored from before.
CREATE TABLE journal_devices (
    id     TEXT   NOT NULL PRIMARY KEY,
    state  TEXT   NOT NULL,
    reason TEXT,
    pin    BLOB,
    at     BIGINT NOT NULL
);

CREATE INDEX journal_devices_by_pin ON journal_devices (pin) WHERE pin IS NOT NULL;

CREATE TABLE journal_certificates (
    fingerprint BLOB   NOT NULL PRIMARY KEY,
    device_id   TEXT,
    serial      TEXT   NOT NULL,
    issuer      BLOB,
    not_after   BIGINT NOT NULL,
    -- Absent where its device is suspended only.
    revoked_at  BIGINT,
    revoked_for TEXT
);

CREATE INDEX journal_certificates_of_device ON journal_certificates (device_id);
