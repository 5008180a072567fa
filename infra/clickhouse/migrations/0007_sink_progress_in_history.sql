-- With newest recorded_at and this the sink goes on with recorded_at exactly where it left off.
ALTER TABLE {database:Identifier}.sink_progress
    ADD COLUMN IF NOT EXISTS `in_history` Bool DEFAULT false
    COMMENT 'the partition''s history has not ended yet: recorded_at headers count' AFTER `recorded_at`
