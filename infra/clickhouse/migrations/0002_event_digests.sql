-- Two rows for one (case_id, event_id) are a conflict: the same id was used for different content.
CREATE TABLE IF NOT EXISTS {database:Identifier}.event_digests
(
    `case_id` String,
    `event_id` String,
    `digest` FixedString(32) COMMENT 'SHA-256 of the content',
    `partition` UInt16,
    `offset` UInt64 COMMENT 'the first record that had this content',
    `recorded_at` DateTime64(3, 'UTC'),
    `recorded_by` String,
    `precedence` UInt64 DEFAULT bitNot(`offset`) COMMENT '2^64 - 1 - offset: the lowest offset wins'
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (case_id, event_id, digest)
COMMENT 'Every content seen under an event_id: more than one is a conflict. Read with FINAL'
