-- One version may be released again under another counter: a fallback. What a table was made unique by stays with it, so it is
-- made anew; the offers that refer to it find their releases again before the end of the transaction.
PRAGMA defer_foreign_keys = ON;

CREATE TABLE releases_before AS SELECT * FROM releases;
DROP TABLE releases;

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
    UNIQUE (product, counter)
);

INSERT INTO releases
SELECT id, product, version, project, idf_version, chip, counter, secure_version, image, size, manifest, author,
       published_at, not_after
FROM releases_before;
DROP TABLE releases_before;

CREATE INDEX releases_by_version ON releases (product, version, counter);
