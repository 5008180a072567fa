SELECT
    cases.case_id AS case_id,
    toInt64(open.alerts) AS numerator,
    0 AS denominator,
    [] AS samples,
    if(in_follow_up, caseworker_id, '') AS counted_once
FROM cases
LEFT JOIN
(
    SELECT case_id, countIf(latest IN ('raised', 'escalated')) AS alerts
    FROM (
        SELECT case_id, alert_id, argMax(transition, revision) AS latest
        FROM alerts
        WHERE at_ms < {end:Int64}
        GROUP BY case_id, alert_id
    )
    GROUP BY case_id
) AS open ON open.case_id = cases.case_id
