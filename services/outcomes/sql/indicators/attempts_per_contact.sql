SELECT
    case_id,
    toInt64(count()) AS numerator,
    toInt64(countIf(name = 'contact')) AS denominator,
    [] AS samples,
    '' AS counted_once
FROM facts
WHERE name IN ('contact', 'attempt_failed')
    AND type = 'call' AND JSONExtractString(data, 'direction') = 'outgoing'
    AND time >= {start:Int64}
GROUP BY case_id
