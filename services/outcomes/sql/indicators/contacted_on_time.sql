SELECT
    case_id,
    toInt64(countIf(satisfied_at <= due)) AS numerator,
    toInt64(count()) AS denominator,
    [] AS samples,
    '' AS counted_once
FROM obligations
WHERE rule_id IN ('contact', 'contact-before-settling')
    AND due >= {start:Int64} AND due < {end:Int64}
    -- lifted before it was due: neither met nor missed
    AND NOT (how IN ('suspended', 'withdrawn', 'superseded') AND ifNull(ended_at < due, false))
GROUP BY case_id
