-- How far the tables go: the newest record of any partition, and the one up to which all partitions were read.
WITH
    (
        SELECT (count(), max(recorded_ms), min(recorded_ms))
        FROM
        (
            SELECT toUnixTimestamp64Milli(recorded_at) AS recorded_ms
            FROM sink_progress FINAL
            WHERE topic = {topic:String}
        )
    ) AS progress
SELECT
    progress.1 AS partitions,
    progress.2 AS newest,
    progress.3 AS checked_until,
    uniqExact(case_id) AS cases,
    max(toUnixTimestamp64Milli(recorded_at)) AS newest_event
FROM events
WHERE has({organisations:Array(String)}, organisation)
