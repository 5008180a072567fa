SELECT
    case_id,
    toInt64(is_closed AND latest_closing.3 = 'self_reliant' AND latest_closing.1 >= {start:Int64}) AS numerator,
    0 AS denominator,
    [] AS samples,
    '' AS counted_once
FROM cases
