CREATE TABLE IF NOT EXISTS {database:Identifier}.dead_letters
(
    `topic` LowCardinality(String),
    `partition` UInt16,
    `offset` UInt64 COMMENT 'of the record that could not be read',
    `key` String,
    `reason` String,
    `seen_at` DateTime64(3, 'UTC'),
    `case_id` String COMMENT 'the key, if it looks like an id',
    `source_app` LowCardinality(String) COMMENT 'who could not read it'
)
ENGINE = ReplacingMergeTree(seen_at)
ORDER BY (topic, partition, offset, source_app)
COMMENT 'Records that could not be read: where they are and why, never their content. Read with FINAL'
