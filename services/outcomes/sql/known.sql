-- What is known of the cases of {organisations} at {as_of}, seen from {end}. Every indicator reads these and nothing
-- else. Instants are milliseconds since 1970 (Int64), as in the reference, so that both count the same whole numbers.

-- FINAL: of records with one event id the first in the log stands. What a device dated ahead happened when recorded.
recorded AS (
    SELECT
        case_id,
        event_id,
        organisation,
        type,
        data,
        fact_names,
        fact_times,
        toUnixTimestamp64Milli(recorded_at) AS recorded_ms,
        least(toUnixTimestamp64Milli(occurred_at), recorded_ms) AS happened_at
    FROM events FINAL
    WHERE has({organisations:Array(String)}, organisation)
        AND recorded_at <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')
),

retracted AS (
    SELECT case_id, JSONExtractString(data, 'retracts') AS event_id
    FROM recorded
    WHERE type = 'retraction'
),

standing AS (
    SELECT *
    FROM recorded
    WHERE type IN ('retraction', 'survivor_erased', 'alert_acknowledged', 'alert_snoozed', 'alert_reassigned')
        OR (case_id, event_id) NOT IN (SELECT case_id, event_id FROM retracted)
),

-- A hearing stands at its own date, every other fact at the time of its event.
facts AS (
    SELECT
        case_id,
        event_id,
        type,
        data,
        name,
        if(name = 'hearing', toUnixTimestamp64Milli(stated_time), happened_at) AS time
    FROM standing
    ARRAY JOIN fact_names AS name, fact_times AS stated_time
    WHERE time < {end:Int64}
),

-- How a case stands at {end}, and how long it was followed up in [{start}, {end}).
standings AS (
    SELECT
        case_id,
        countIf(name = 'opened') > 0 AS is_opened,
        countIf(name = 'settled') > 0 AS is_settled,
        maxIf(time, name = 'settled') AS settled_at,
        minIf(time, name = 'opened') AS opened_at,
        groupArrayIf((time, event_id), name = 'closed') AS closings,
        arraySort(groupArrayIf(time, name IN ('reopened', 'called_in'))) AS opened_again,
        arraySort(groupArrayIf(time, name = 'contact')) AS contacts,
        arrayMax(closings) AS latest_closing,
        notEmpty(closings) AND NOT arrayExists(again -> again > latest_closing.1, opened_again) AS is_closed,
        is_opened AND NOT is_closed AS in_follow_up,
        greatest(opened_at, {start:Int64}) AS followed_from,
        arrayFilter(
            span -> span.1 < span.2,
            arrayMap(
                closing -> (
                    greatest(closing.1, followed_from),
                    ifNull(arrayFirstOrNull(again -> again > closing.1, opened_again), {end:Int64})
                ),
                closings
            )
        ) AS closed_spans,
        if(
            is_opened,
            {end:Int64} - followed_from - toInt64(arrayReduce('intervalLengthSum', closed_spans.1, closed_spans.2)),
            0
        ) AS time_in_follow_up
    FROM facts
    GROUP BY case_id
),

-- An attribute is what the latest event that has the field says, in order of (occurred_at, event id).
attributes AS (
    SELECT
        case_id,
        min(organisation) AS organisation,
        argMaxIf(JSONExtractString(data, 'district'), (happened_at, event_id), JSONExtractString(data, 'district') != '' AND seen) AS district,
        argMaxIf(JSONExtractString(data, 'pathway'), (happened_at, event_id), JSONExtractString(data, 'pathway') != '' AND seen) AS pathway,
        argMaxIf(JSONExtractString(data, 'exploitation'), (happened_at, event_id), JSONExtractString(data, 'exploitation') != '' AND seen) AS exploitation,
        argMaxIf(JSONExtractString(data, 'age_band'), (happened_at, event_id), JSONExtractString(data, 'age_band') != '' AND seen) AS age_band,
        argMaxIf(JSONExtractString(data, 'caseworker_id'), (happened_at, event_id), JSONExtractString(data, 'caseworker_id') != '' AND seen) AS caseworker_id,
        argMaxIf(JSONExtract(data, 'programmes', 'Array(String)'), (happened_at, event_id), JSONLength(data, 'programmes') > 0 AND seen) AS programmes
    FROM
    (
        SELECT
            *,
            happened_at < {end:Int64} AND (case_id, event_id) IN (SELECT case_id, event_id FROM standing) AS seen
        FROM recorded
    )
    GROUP BY case_id
),

-- The cases, each with the groups it counts in: dimension -> keys. '' stands for what is not known.
cases AS (
    SELECT
        attributes.case_id AS case_id,
        attributes.caseworker_id AS caseworker_id,
        standings.is_opened AS is_opened,
        standings.is_settled AS is_settled,
        standings.settled_at AS settled_at,
        standings.in_follow_up AS in_follow_up,
        standings.is_closed AS is_closed,
        standings.latest_closing AS latest_closing,
        standings.contacts AS contacts,
        standings.time_in_follow_up AS time_in_follow_up,
        fromUnixTimestamp64Milli(settled_at, 'UTC') AS settled_on,
        multiIf(
            NOT is_settled, '',
            {cohorts:String} = 'month', formatDateTime(settled_on, '%Y-%m'),
            concat(toString(toYear(settled_on)), '-Q', toString(toQuarter(settled_on)))
        ) AS cohort,
        map(
            'organisation', [attributes.organisation],
            'district', [attributes.district],
            'programme', if(empty(attributes.programmes), [''], arrayDistinct(attributes.programmes)),
            'pathway', [attributes.pathway],
            'exploitation', [attributes.exploitation],
            'age_band', [attributes.age_band],
            'cohort', [cohort]
        ) AS keys
    FROM attributes
    LEFT JOIN standings ON standings.case_id = attributes.case_id
),

-- One row per (case, rule, c, d, k); an ending that was not known yet has not come.
obligations AS (
    SELECT
        case_id,
        rule_id,
        toUnixTimestamp64Milli(d) AS due,
        maxOrNullIf(toUnixTimestamp64Milli(at), change = 'ended') AS ended_at,
        anyIf(ending, change = 'ended') AS how,
        maxOrNullIf(toUnixTimestamp64Milli(s), change = 'ended' AND s IS NOT NULL) AS satisfied_at
    FROM obligation_changes FINAL
    WHERE has({organisations:Array(String)}, organisation)
        AND at <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')
    GROUP BY case_id, rule_id, c, d, k
),

alerts AS (
    SELECT alert_id, revision, case_id, transition, toUnixTimestamp64Milli(at) AS at_ms, toUnixTimestamp64Milli(r) AS raised_at
    FROM alert_transitions FINAL
    WHERE has({organisations:Array(String)}, organisation)
        AND at <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')
),

-- The first time an alert was ever raised, where that lies in the period.
raisings AS (
    SELECT case_id, raised_at
    FROM alerts
    WHERE transition = 'raised' AND revision = 1 AND raised_at >= {start:Int64} AND raised_at < {end:Int64}
)
