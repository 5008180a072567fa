SELECT
    cases.case_id AS case_id,
    toInt64(raised.alerts) AS numerator,
    time_in_follow_up AS denominator,
    [] AS samples,
    '' AS counted_once
FROM cases
LEFT JOIN (SELECT case_id, count() AS alerts FROM raisings GROUP BY case_id) AS raised ON raised.case_id = cases.case_id
