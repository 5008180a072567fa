SELECT
    case_id,
    toInt64(in_follow_up) AS numerator,
    0 AS denominator,
    [] AS samples,
    if(in_follow_up, caseworker_id, '') AS counted_once
FROM cases
