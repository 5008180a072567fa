CREATE TABLE IF NOT EXISTS {database:Identifier}.sink_progress
(
    `topic` LowCardinality(String),
    `partition` UInt16,
    `offset` UInt64 COMMENT 'the last record whose rows are all in the tables',
    `recorded_at` DateTime64(3, 'UTC') COMMENT 'the newest recorded_at read, control records included',
    `updated_at` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(offset)
ORDER BY (topic, partition)
COMMENT 'How far the sink has written, and how fresh the tables are. Read with FINAL'
