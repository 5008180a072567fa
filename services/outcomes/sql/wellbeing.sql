-- Pairs of wellbeing assessments: after settling, and nearest to 6, 12 and 24 months later; added up in millionths over
-- all cases together (each once) and over every group.
assessments AS (
    SELECT
        standing.case_id AS case_id,
        event_id,
        happened_at,
        settled_at,
        JSONExtractString(data, 'instrument') AS instrument,
        JSONExtractString(data, 'version') AS version,
        mapApply(
            (dimension, score) -> (dimension, toInt64(floor(score * 1000000 + 0.5))),
            JSONExtract(data, 'scores', 'Map(String, Float64)')
        ) AS scores
    FROM standing
    INNER JOIN cases ON cases.case_id = standing.case_id
    WHERE type = 'wellbeing_assessment' AND is_settled AND happened_at > settled_at AND happened_at < {end:Int64}
),

firsts AS (
    SELECT case_id, instrument, version, argMin(scores, (happened_at, event_id)) AS first_scores
    FROM assessments
    GROUP BY case_id, instrument, version
    HAVING min(happened_at - settled_at) <= 60 * 86400000
),

laters AS (
    SELECT
        case_id,
        instrument,
        version,
        after_months,
        argMin(happened_at, (off, happened_at, event_id)) AS taken_at,
        argMin(scores, (off, happened_at, event_id)) AS later_scores
    FROM
    (
        SELECT
            case_id,
            event_id,
            happened_at,
            instrument,
            version,
            scores,
            after_months,
            abs(happened_at - settled_at - after_months * 2629800000) AS off
        FROM assessments
        ARRAY JOIN [6, 12, 24] AS after_months
        WHERE off <= 60 * 86400000
    )
    GROUP BY case_id, instrument, version, after_months
    HAVING taken_at >= {start:Int64}
),

pairs AS (
    SELECT
        laters.case_id AS case_id,
        laters.instrument AS instrument,
        laters.version AS version,
        laters.after_months AS after_months,
        dimension,
        first_scores[dimension] AS first,
        later_scores[dimension] AS later
    FROM laters
    INNER JOIN firsts
        ON firsts.case_id = laters.case_id AND firsts.instrument = laters.instrument AND firsts.version = laters.version
    ARRAY JOIN mapKeys(first_scores) AS dimension
    WHERE mapContains(later_scores, dimension)
)

SELECT
    cell.1 AS is_total,
    cell.2 AS first_key,
    cell.3 AS second_key,
    instrument,
    version,
    dimension,
    after_months,
    count() AS pairs,
    sum(first) AS first_sum,
    sum(later) AS later_sum
FROM pairs
INNER JOIN cases ON cases.case_id = pairs.case_id
ARRAY JOIN cells AS cell
WHERE arrayAll((named, key) -> has(keys[named], key), {where_dimensions:Array(String)}, {where_keys:Array(String)})
GROUP BY cell, instrument, version, dimension, after_months
SETTINGS enable_materialized_cte = 1
