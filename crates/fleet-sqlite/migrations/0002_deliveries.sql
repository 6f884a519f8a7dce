-- How often the whole image of an offer was handed over: all that is known of a client that never reports.
ALTER TABLE offers ADD COLUMN deliveries BIGINT NOT NULL DEFAULT 0;
