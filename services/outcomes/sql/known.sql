-- What is known of the cases of {organisations} at {as_of}, seen from {end}. Every indicator reads these and nothing
-- else. Instants are milliseconds since 1970 (Int64), as in the reference, so that both count the same whole numbers.
-- What several indicators read is MATERIALIZED: made once in a statement, however many of them are asked for together.

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

standing AS MATERIALIZED (
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

-- One row per case. An attribute is what the latest event that has the field says, in order of (occurred_at, event id).
histories AS (
    SELECT
        case_id,
        min(organisation) AS organisation,
        argMaxIf(JSONExtractString(written, 'district'), order, JSONExtractString(written, 'district') != '') AS district,
        argMaxIf(JSONExtractString(written, 'pathway'), order, JSONExtractString(written, 'pathway') != '') AS pathway,
        argMaxIf(JSONExtractString(written, 'exploitation'), order, JSONExtractString(written, 'exploitation') != '') AS exploitation,
        argMaxIf(JSONExtractString(written, 'age_band'), order, JSONExtractString(written, 'age_band') != '') AS age_band,
        argMaxIf(JSONExtractString(written, 'caseworker_id'), order, JSONExtractString(written, 'caseworker_id') != '') AS caseworker_id,
        argMaxIf(JSONExtract(written, 'programmes', 'Array(String)'), order, JSONLength(written, 'programmes') > 0) AS programmes,
        countIf(has(fact_names, 'opened')) > 0 AS is_opened,
        minIf(happened_at, has(fact_names, 'opened')) AS opened_at,
        countIf(has(fact_names, 'settled')) > 0 AS is_settled,
        maxIf(happened_at, has(fact_names, 'settled')) AS settled_at,
        arraySort(groupArrayIf(happened_at, has(fact_names, 'contact'))) AS contacts,
        argMaxIf(has(fact_names, 'job_started'), order, hasAny(fact_names, ['job_started', 'job_ended'])) AS is_in_work,
        groupArrayIf((happened_at, event_id, JSONExtractString(if(type = 'case_closed', data, ''), 'reason')), has(fact_names, 'closed')) AS closings,
        arraySort(groupArrayIf(happened_at, hasAny(fact_names, ['reopened', 'called_in']))) AS opened_again
    FROM
    (
        SELECT
            *,
            (happened_at, event_id) AS order,
            -- the types that have a field which is an attribute; of all others the data need not be read
            if(type IN ('case_opened', 'case_updated', 'settled', 'case_assigned', 'alert_reassigned'), data, '') AS written
        FROM standing
        WHERE happened_at < {end:Int64}
    )
    GROUP BY case_id
),

-- How a case stands at {end}, how long it was followed up in [{start}, {end}), and the groups it counts in:
-- dimension -> keys, where '' stands for what is not known.
cases AS MATERIALIZED (
    SELECT
        case_id,
        caseworker_id,
        is_opened,
        is_settled,
        settled_at,
        contacts,
        is_in_work,
        closings,
        arrayMax(closings) AS latest_closing,
        notEmpty(closings) AND NOT arrayExists(again -> again > latest_closing.1, opened_again) AS is_closed,
        is_opened AND NOT is_closed AS in_follow_up,
        greatest(opened_at, {start:Int64}) AS followed_from,
        -- each closing lasts until the first thing later than it that opened the case again
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
        ) AS time_in_follow_up,
        fromUnixTimestamp64Milli(settled_at, 'UTC') AS settled_on,
        multiIf(
            NOT is_settled, '',
            {cohorts:String} = 'month', formatDateTime(settled_on, '%Y-%m'),
            concat(toString(toYear(settled_on)), '-Q', toString(toQuarter(settled_on)))
        ) AS cohort,
        map(
            'organisation', [organisation],
            'district', [district],
            'programme', if(empty(programmes), [''], arrayDistinct(programmes)),
            'pathway', [pathway],
            'exploitation', [exploitation],
            'age_band', [age_band],
            'cohort', [cohort]
        ) AS keys,
        -- (whether it is everybody, first key, second key): the cells of the answer that the case counts in
        arrayConcat(
            [(true, '', '')],
            if(
                {first:String} = '',
                [],
                arrayFlatten(
                    arrayMap(
                        one -> arrayMap(
                            other -> (false, one, other),
                            if({second:String} = '', [''], keys[{second:String}])
                        ),
                        keys[{first:String}]
                    )
                )
            )
        ) AS cells
    FROM histories
),

-- How far the prosecution of each case got; whose latest step stands apart from the order, stands there.
furthest_steps AS (
    SELECT
        case_id,
        argMax(taken, (happened_at, event_id)) AS latest,
        if(latest IN ('settled_out_of_court', 'withdrawn'), latest, argMax(taken, place)) AS step
    FROM
    (
        SELECT
            case_id,
            event_id,
            happened_at,
            JSONExtractString(data, 'step') AS taken,
            indexOf(['police_report', 'statement', 'charge_sheet', 'hearing', 'verdict', 'compensation'], taken) AS place
        FROM standing
        WHERE type = 'legal_step' AND happened_at < {end:Int64}
    )
    GROUP BY case_id
),

-- One row per (case, rule, c, d, k); an ending that was not known yet has not come.
obligations AS MATERIALIZED (
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

alerts AS MATERIALIZED (
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
),

-- Where each case that the filter lets through counts: in the cell of everybody, and in those of its groups.
placed AS (
    SELECT case_id, is_opened, cell
    FROM cases
    ARRAY JOIN cells AS cell
    WHERE arrayAll((dimension, key) -> has(keys[dimension], key), {where_dimensions:Array(String)}, {where_keys:Array(String)})
)
