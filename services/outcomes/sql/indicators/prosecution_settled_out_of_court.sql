SELECT case_id, toInt64(step = 'settled_out_of_court') AS numerator, 0 AS denominator, [] AS samples, '' AS counted_once
FROM furthest_steps
