-- What the cases contribute, added up over all of them together (each once) and over every group.
SELECT
    cell.1 AS is_total,
    cell.2 AS first_key,
    cell.3 AS second_key,
    sum(numerator) AS numerator,
    sum(denominator) + uniqExactIf(counted_once, counted_once != '') AS denominator,
    countIf(measured.numerator > 0) AS numerator_cases,
    countIf(measured.denominator > 0 OR counted_once != '') AS denominator_cases,
    quantileExactInclusiveArray(0.5)(CAST(samples, 'Array(Int64)')) AS median
FROM cases
LEFT JOIN measured ON measured.case_id = cases.case_id
ARRAY JOIN cells AS cell
WHERE arrayAll((dimension, key) -> has(keys[dimension], key), {where_dimensions:Array(String)}, {where_keys:Array(String)})
    AND (is_opened OR measured.numerator > 0 OR measured.denominator > 0)
GROUP BY cell
ORDER BY is_total DESC, first_key, second_key
SETTINGS enable_materialized_cte = 1
