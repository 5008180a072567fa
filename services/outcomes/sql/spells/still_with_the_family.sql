SELECT
    case_id,
    arrayFirst(settled -> settled >= {start:Int64}, with_the_family) AS started_at,
    arrayFirstOrNull(ending -> ending > started_at, endings) AS ended_at,
    {end:Int64} AS seen_until
FROM
(
    SELECT
        case_id,
        arraySort(groupArrayIf(time, name = 'settled' AND pathway = 'family')) AS with_the_family,
        arraySort(groupArrayIf(time, pathway = 'independent' OR kind = 're_trafficking')) AS endings
    FROM
    (
        -- an event that states the one has no field of the other
        SELECT case_id, name, time, JSONExtractString(data, 'pathway') AS pathway, JSONExtractString(data, 'kind') AS kind
        FROM facts
        WHERE name IN ('settled', 'safety_incident')
    )
    GROUP BY case_id
)
WHERE arrayExists(settled -> settled >= {start:Int64}, with_the_family)
