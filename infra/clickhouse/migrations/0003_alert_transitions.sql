CREATE TABLE IF NOT EXISTS {database:Identifier}.alert_transitions
(
    `alert_id` String,
    `revision` UInt32,
    `case_id` String,
    `organisation` LowCardinality(String),
    `rule_id` LowCardinality(String),
    `rule_version` LowCardinality(String),
    `severity` LowCardinality(String),
    `transition` LowCardinality(String)
        COMMENT 'raised, escalated, resolved, cleared, suspended, withdrawn or superseded',
    `level` UInt8,
    `at` DateTime64(3, 'UTC') COMMENT 'the instant of this transition',
    `c` DateTime64(3, 'UTC') COMMENT 'the obligation''s start',
    `d` DateTime64(3, 'UTC') COMMENT 'due',
    `r` DateTime64(3, 'UTC') COMMENT 'raised: due and grace have passed',
    `s` Nullable(DateTime64(3, 'UTC')) COMMENT 'the satisfying fact; null unless cleared or resolved',
    `district` LowCardinality(String),
    `upazila` LowCardinality(String),
    `caseworker_id` String,
    `cause_partition` UInt16,
    `cause_offset` UInt64 COMMENT 'the log record that caused the transition',
    `explanation` String COMMENT 'JSON' CODEC(ZSTD(1)),
    `partition` UInt16,
    `offset` UInt64 COMMENT 'in the alerts topic',
    `precedence` UInt64 DEFAULT bitNot(`offset`) COMMENT '2^64 - 1 - offset: the lowest offset wins'
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (alert_id, revision)
COMMENT 'Every transition of every alert, once per (alert_id, revision) when read with FINAL'
