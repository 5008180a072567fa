SELECT cases.case_id AS case_id, 0 AS numerator, 1 AS denominator, [wages.latest] AS samples, '' AS counted_once
FROM cases
INNER JOIN
(
    SELECT case_id, argMax(JSONExtractInt(data, 'monthly_wage_bdt'), (time, event_id)) AS latest
    FROM facts
    WHERE name IN ('job_started', 'job_ended') AND JSONHas(data, 'monthly_wage_bdt')
    GROUP BY case_id
) AS wages ON wages.case_id = cases.case_id
WHERE is_in_work AND is_settled AND (in_follow_up OR is_closed AND latest_closing.3 = 'self_reliant')
