CREATE TABLE IF NOT EXISTS {database:Identifier}.obligation_changes
(
    `case_id` String,
    `organisation` LowCardinality(String),
    `rule_id` LowCardinality(String),
    `change` LowCardinality(String) COMMENT 'started or ended',
    `c` DateTime64(3, 'UTC') COMMENT 'the obligation''s start',
    `d` DateTime64(3, 'UTC') COMMENT 'due',
    `k` DateTime64(3, 'UTC') COMMENT 'the instant from which it was the obligation',
    `at` DateTime64(3, 'UTC') COMMENT 'the instant of this change',
    `s` Nullable(DateTime64(3, 'UTC')) COMMENT 'the satisfying fact, if it ended by one',
    `ending` LowCardinality(String)
        COMMENT 'empty, satisfied_in_time, satisfied_late, suspended, withdrawn or superseded',
    `partition` UInt16,
    `offset` UInt64 COMMENT 'in the obligations topic',
    `index` UInt16 COMMENT 'within the record',
    `precedence` UInt64 DEFAULT bitNot(`offset`) COMMENT '2^64 - 1 - offset: the lowest offset wins'
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (case_id, rule_id, c, d, k, change)
COMMENT 'One row per obligation that started or ended. Read with FINAL'
