-- One row per log record that was accepted as an event. A retry may put one event into the log twice: read
-- with FINAL, the record with the lowest offset is the event. No PARTITION BY, so that a block is atomic.
CREATE TABLE IF NOT EXISTS {database:Identifier}.events
(
    `case_id` String,
    `event_id` String,
    `organisation` LowCardinality(String),
    `type` LowCardinality(String),
    `occurred_at` DateTime64(3, 'UTC'),
    `recorded_at` DateTime64(3, 'UTC'),
    `recorded_by` String,
    `data` String COMMENT 'canonical JSON of the event''s data' CODEC(ZSTD(1)),
    `fact_names` Array(LowCardinality(String)) COMMENT 'facts the event states, beside fact_times',
    `fact_times` Array(DateTime64(3, 'UTC')) COMMENT 'the instant of each fact of fact_names',
    `topic` LowCardinality(String),
    `partition` UInt16,
    `offset` UInt64,
    `digest` FixedString(32) COMMENT 'SHA-256 of the content',
    `precedence` UInt64 DEFAULT bitNot(`offset`) COMMENT '2^64 - 1 - offset: the lowest offset wins'
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (case_id, event_id)
COMMENT 'Events as accepted from the log, once per (case_id, event_id) when read with FINAL'
