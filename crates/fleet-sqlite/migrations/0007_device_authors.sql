-- The sequence of the author set that a device said it goes by, 0 for the factory's keys; absent of one that follows none.
ALTER TABLE devices ADD COLUMN running_authors BIGINT;
