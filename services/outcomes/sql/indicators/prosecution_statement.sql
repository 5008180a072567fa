SELECT case_id, toInt64(step = 'statement') AS numerator, 0 AS denominator, [] AS samples, '' AS counted_once
FROM furthest_steps
