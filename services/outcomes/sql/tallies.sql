-- What the cases contribute to each indicator, added up over all of them together (each once) and over every group. The
-- rows of no indicator ('') are those of cases that were opened: they say which groups there are to count nothing in.
SELECT
    indicator,
    cell.1 AS is_total,
    cell.2 AS first_key,
    cell.3 AS second_key,
    sum(measured.numerator) AS numerator,
    sum(measured.denominator) + uniqExactIf(counted_once, counted_once != '') AS denominator,
    countIf(measured.numerator > 0) AS numerator_cases,
    countIf(measured.denominator > 0 OR counted_once != '') AS denominator_cases,
    quantileExactInclusiveArray(0.5)(samples) AS median
FROM measured
INNER JOIN placed ON placed.case_id = measured.case_id
WHERE is_opened OR measured.numerator > 0 OR measured.denominator > 0
GROUP BY indicator, cell
SETTINGS enable_materialized_cte = 1
