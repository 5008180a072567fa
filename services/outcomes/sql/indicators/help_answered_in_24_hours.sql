WITH 24 * 3600000 AS within
SELECT
    case_id,
    toInt64(arrayCount(request -> arrayExists(answer -> answer >= request AND answer <= request + within, answers), requests))
        AS numerator,
    toInt64(
        arrayCount(
            request -> request + within <= {end:Int64}
                OR arrayExists(answer -> answer >= request AND answer <= request + within, answers),
            requests
        )
    ) AS denominator,
    [] AS samples,
    '' AS counted_once
FROM
(
    -- that she called for help again is no answer
    SELECT
        case_id,
        groupArrayIf(time, name = 'help_request' AND time >= {start:Int64}) AS requests,
        groupArrayIf(time, name = 'contact' AND (case_id, event_id) NOT IN (
            SELECT case_id, event_id FROM facts WHERE name = 'help_request'
        )) AS answers
    FROM facts
    WHERE name IN ('help_request', 'contact')
    GROUP BY case_id
)
