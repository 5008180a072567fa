WITH 30 * 86400000 AS within
SELECT
    case_id,
    arrayFirst(started -> started >= {start:Int64}, starts) AS started_at,
    -- the first ending that no other job followed in time; the endings are in order
    arrayFirstOrNull(
        ending -> ending > started_at AND NOT arrayExists(started -> started > ending AND started <= ending + within, starts),
        endings
    ) AS out_of_work_at,
    -- less than 30 days old, another job may still follow: then it was only seen until there
    if(out_of_work_at + within < {end:Int64}, out_of_work_at, NULL) AS ended_at,
    if(ended_at IS NULL, ifNull(out_of_work_at, {end:Int64}), {end:Int64}) AS seen_until
FROM
(
    SELECT
        case_id,
        arraySort(groupArrayIf(time, name = 'job_started')) AS starts,
        arraySort(groupArrayIf(time, name = 'job_ended' AND JSONExtractString(data, 'end_reason') != 'better_job')) AS endings
    FROM facts
    WHERE name IN ('job_started', 'job_ended')
    GROUP BY case_id
)
WHERE arrayExists(started -> started >= {start:Int64}, starts)
