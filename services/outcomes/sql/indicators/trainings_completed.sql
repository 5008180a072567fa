-- to complete is to attend: what was completed is always among those attended
SELECT
    case_id,
    toInt64(uniqExactIf(kind, status = 'completed')) AS numerator,
    toInt64(uniqExactIf(kind, status IN ('enrolled', 'attended', 'completed'))) AS denominator,
    [] AS samples,
    '' AS counted_once
FROM
(
    SELECT case_id, JSONExtractString(data, 'kind') AS kind, JSONExtractString(data, 'status') AS status
    FROM standing
    WHERE type = 'training' AND happened_at >= {start:Int64} AND happened_at < {end:Int64}
)
GROUP BY case_id
