CREATE TABLE alert_transitions
(
    `alert_id` String,
    `revision` UInt32,
    `case_id` String,
    `organisation` LowCardinality(String),
    `rule_id` LowCardinality(String),
    `rule_version` LowCardinality(String),
    `severity` LowCardinality(String),
    `transition` LowCardinality(String) COMMENT 'raised, escalated, resolved, cleared, suspended, withdrawn or superseded',
    `level` UInt8,
    `at` DateTime64(3, 'UTC') COMMENT 'the instant of this transition',
    `c` DateTime64(3, 'UTC') COMMENT 'the obligation\'s start',
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
    `precedence` UInt64 DEFAULT bitNot(offset) COMMENT '2^64 - 1 - offset: the lowest offset wins'
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (alert_id, revision)
SETTINGS index_granularity = 8192
COMMENT 'Every transition of every alert, once per (alert_id, revision) when read with FINAL';

CREATE TABLE dead_letters
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
SETTINGS index_granularity = 8192
COMMENT 'Records that could not be read: where they are and why, never their content. Read with FINAL';

CREATE TABLE event_digests
(
    `case_id` String,
    `event_id` String,
    `digest` FixedString(32) COMMENT 'SHA-256 of the content',
    `partition` UInt16,
    `offset` UInt64 COMMENT 'the first record that had this content',
    `recorded_at` DateTime64(3, 'UTC'),
    `recorded_by` String,
    `precedence` UInt64 DEFAULT bitNot(offset) COMMENT '2^64 - 1 - offset: the lowest offset wins'
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (case_id, event_id, digest)
SETTINGS index_granularity = 8192
COMMENT 'Every content seen under an event_id: more than one is a conflict. Read with FINAL';

CREATE TABLE events
(
    `case_id` String,
    `event_id` String,
    `organisation` LowCardinality(String),
    `type` LowCardinality(String),
    `occurred_at` DateTime64(3, 'UTC'),
    `recorded_at` DateTime64(3, 'UTC'),
    `recorded_by` String,
    `data` String COMMENT 'canonical JSON of the event\'s data' CODEC(ZSTD(1)),
    `fact_names` Array(LowCardinality(String)) COMMENT 'facts the event states, beside fact_times',
    `fact_times` Array(DateTime64(3, 'UTC')) COMMENT 'the instant of each fact of fact_names',
    `topic` LowCardinality(String),
    `partition` UInt16,
    `offset` UInt64,
    `digest` FixedString(32) COMMENT 'SHA-256 of the content',
    `precedence` UInt64 DEFAULT bitNot(offset) COMMENT '2^64 - 1 - offset: the lowest offset wins'
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (case_id, event_id)
SETTINGS index_granularity = 8192
COMMENT 'Events as accepted from the log, once per (case_id, event_id) when read with FINAL';

CREATE TABLE obligation_changes
(
    `case_id` String,
    `organisation` LowCardinality(String),
    `rule_id` LowCardinality(String),
    `change` LowCardinality(String) COMMENT 'started or ended',
    `c` DateTime64(3, 'UTC') COMMENT 'the obligation\'s start',
    `d` DateTime64(3, 'UTC') COMMENT 'due',
    `k` DateTime64(3, 'UTC') COMMENT 'the instant from which it was the obligation',
    `at` DateTime64(3, 'UTC') COMMENT 'the instant of this change',
    `s` Nullable(DateTime64(3, 'UTC')) COMMENT 'the satisfying fact, if it ended by one',
    `ending` LowCardinality(String) COMMENT 'empty, satisfied_in_time, satisfied_late, suspended, withdrawn or superseded',
    `partition` UInt16,
    `offset` UInt64 COMMENT 'in the obligations topic',
    `index` UInt16 COMMENT 'within the record',
    `precedence` UInt64 DEFAULT bitNot(offset) COMMENT '2^64 - 1 - offset: the lowest offset wins'
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (case_id, rule_id, c, d, k, change)
SETTINGS index_granularity = 8192
COMMENT 'One row per obligation that started or ended. Read with FINAL';

CREATE TABLE schema_migrations
(
    `name` String,
    `sha256` FixedString(64),
    `applied_at` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY name
SETTINGS index_granularity = 8192
COMMENT 'Migrations that were applied, with the SHA-256 of their text. Read with FINAL';

CREATE TABLE sink_progress
(
    `topic` LowCardinality(String),
    `partition` UInt16,
    `offset` UInt64 COMMENT 'the last record whose rows are all in the tables',
    `recorded_at` DateTime64(3, 'UTC') COMMENT 'the newest recorded_at read, control records included',
    `in_history` Bool DEFAULT false COMMENT 'the partition\'s history has not ended yet: recorded_at headers count',
    `updated_at` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(offset)
ORDER BY (topic, partition)
SETTINGS index_granularity = 8192
COMMENT 'How far the sink has written, and how fresh the tables are. Read with FINAL';
