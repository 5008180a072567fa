SELECT case_id, toInt64(is_in_work) AS numerator, 1 AS denominator, [] AS samples, '' AS counted_once
FROM cases
WHERE is_settled AND (in_follow_up OR is_closed AND latest_closing.3 = 'self_reliant')
