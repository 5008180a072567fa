SELECT
    case_id,
    0 AS numerator,
    toInt64(length(samples)) AS denominator,
    arrayMap(
        gap -> gap.2,
        arrayFilter(
            gap -> gap.1 >= {start:Int64},
            arrayPopFront(arrayZip(contacts, arrayDifference(contacts)))
        )
    ) AS samples,
    '' AS counted_once
FROM cases
