SELECT case_id, toInt64(in_follow_up) AS numerator, 0 AS denominator, [] AS samples, '' AS counted_once
FROM cases
