SELECT
    case_id,
    toInt64(in_follow_up AND case_id NOT IN (SELECT case_id FROM facts WHERE time >= {end:Int64} - 90 * 86400000)) AS numerator,
    0 AS denominator,
    [] AS samples,
    '' AS counted_once
FROM cases
