-- The spells of all cases together (each once) and of every group, as (length, has_ended). A case that is closed after
-- the start is out of sight from there, until which an ending is seen; nothing else is worked out here.
SELECT
    cell.1 AS is_total,
    cell.2 AS first_key,
    cell.3 AS second_key,
    groupArrayIf((length, has_ended), is_found) AS spells
FROM cases
LEFT JOIN
(
    SELECT
        measured.case_id AS case_id,
        true AS is_found,
        arrayMin(arrayConcat([seen_until], arrayFilter(closed_at -> closed_at > started_at, arrayMap(closing -> closing.1, closings)))) AS last_seen,
        ifNull(ended_at <= last_seen, false) AS has_ended,
        toInt64(if(has_ended, assumeNotNull(ended_at), last_seen) - started_at) AS length
    FROM measured
    INNER JOIN cases ON cases.case_id = measured.case_id
) AS spelt ON spelt.case_id = cases.case_id
ARRAY JOIN cells AS cell
WHERE arrayAll((dimension, key) -> has(keys[dimension], key), {where_dimensions:Array(String)}, {where_keys:Array(String)})
    AND (is_opened OR is_found)
GROUP BY cell
ORDER BY is_total DESC, first_key, second_key
SETTINGS enable_materialized_cte = 1
