SELECT
    cases.case_id AS case_id,
    toInt64(found.incidents) AS numerator,
    time_in_follow_up AS denominator,
    [] AS samples,
    '' AS counted_once
FROM cases
LEFT JOIN
(
    SELECT case_id, count() AS incidents
    FROM facts
    WHERE name = 'safety_incident' AND time >= {start:Int64}
    GROUP BY case_id
) AS found ON found.case_id = cases.case_id
