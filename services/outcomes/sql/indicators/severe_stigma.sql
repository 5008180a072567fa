SELECT
    case_id,
    toInt64(argMax(JSONExtractString(data, 'stigma'), (happened_at, event_id)) = 'severe') AS numerator,
    1 AS denominator,
    [] AS samples,
    '' AS counted_once
FROM standing
WHERE type = 'family_check_in'
    AND JSONExtractString(data, 'stigma') IN ('none', 'some', 'severe')
    AND happened_at >= {start:Int64} AND happened_at < {end:Int64}
GROUP BY case_id
