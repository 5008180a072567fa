WITH 15 * 86400000 AS within
SELECT
    case_id,
    toInt64(countIf(worked)) AS numerator,
    toInt64(countIf(worked OR raised_at + within <= {end:Int64})) AS denominator,
    [] AS samples,
    '' AS counted_once
FROM
(
    SELECT
        raisings.case_id AS case_id,
        raisings.raised_at AS raised_at,
        arrayExists(contact -> contact > raised_at AND contact <= raised_at + within, cases.contacts) AS worked
    FROM raisings
    INNER JOIN cases ON cases.case_id = raisings.case_id
)
GROUP BY case_id
