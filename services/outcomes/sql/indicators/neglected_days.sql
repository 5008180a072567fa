SELECT
    cases.case_id AS case_id,
    toInt64(overdue.milliseconds) AS numerator,
    time_in_follow_up AS denominator,
    [] AS samples,
    '' AS counted_once
FROM cases
LEFT JOIN
(
    -- the union: what was overdue at the same time counts once
    SELECT
        case_id,
        intervalLengthSum(
            greatest(due, {start:Int64}),
            least(coalesce(satisfied_at, ended_at, {end:Int64}), {end:Int64})
        ) AS milliseconds
    FROM obligations
    WHERE greatest(due, {start:Int64}) < least(coalesce(satisfied_at, ended_at, {end:Int64}), {end:Int64})
    GROUP BY case_id
) AS overdue ON overdue.case_id = cases.case_id
