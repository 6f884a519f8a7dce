-- Who signs a product's releases, set after set, each as its authors signed it.
CREATE TABLE author_sets (
    product      TEXT   NOT NULL,
    sequence     BIGINT NOT NULL,
    signed       BLOB   NOT NULL,
    published_at BIGINT NOT NULL,
    PRIMARY KEY (product, sequence)
);
