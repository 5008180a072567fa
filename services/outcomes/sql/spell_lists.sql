-- The spells of each curve, of all cases together (each once) and of every group, as (length, has_ended). A case that is
-- closed after the start is out of sight from there, until which an ending is seen; nothing else is worked out here. The
-- rows of no curve ('') are those of cases that were opened: they say which groups there are.
SELECT
    curve,
    cell.1 AS is_total,
    cell.2 AS first_key,
    cell.3 AS second_key,
    groupArrayIf((length, has_ended), is_found) AS spells
FROM
(
    SELECT
        curve,
        measured.case_id AS case_id,
        curve != '' AS is_found,
        arrayMin(arrayConcat([seen_until], arrayFilter(closed_at -> closed_at > started_at, arrayMap(closing -> closing.1, closings)))) AS last_seen,
        ifNull(ended_at <= last_seen, false) AS has_ended,
        toInt64(if(has_ended, assumeNotNull(ended_at), last_seen) - started_at) AS length
    FROM measured
    INNER JOIN cases ON cases.case_id = measured.case_id
) AS spelt
INNER JOIN placed ON placed.case_id = spelt.case_id
WHERE is_opened OR is_found
GROUP BY curve, cell
SETTINGS enable_materialized_cte = 1
