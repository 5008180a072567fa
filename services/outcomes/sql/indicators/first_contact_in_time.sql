WITH 7 * 86400000 AS within
SELECT
    case_id,
    toInt64(arrayExists(contact -> contact > settled_at AND contact <= settled_at + within, contacts)) AS numerator,
    toInt64(numerator = 1 OR settled_at + within <= {end:Int64}) AS denominator,
    [] AS samples,
    '' AS counted_once
FROM cases
WHERE is_settled AND settled_at >= {start:Int64}
