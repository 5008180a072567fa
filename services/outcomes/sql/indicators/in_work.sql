SELECT
    cases.case_id AS case_id,
    toInt64(jobs.latest = 'job_started') AS numerator,
    1 AS denominator,
    [] AS samples,
    '' AS counted_once
FROM cases
LEFT JOIN
(
    SELECT case_id, argMax(name, (time, event_id)) AS latest
    FROM facts
    WHERE name IN ('job_started', 'job_ended')
    GROUP BY case_id
) AS jobs ON jobs.case_id = cases.case_id
WHERE is_settled
    AND (
        in_follow_up
        OR is_closed AND (cases.case_id, latest_closing.2) IN (
            SELECT case_id, event_id FROM facts WHERE name = 'closed' AND JSONExtractString(data, 'reason') = 'self_reliant'
        )
    )
