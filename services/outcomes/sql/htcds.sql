-- How many cases say what in the fields of IOM's Human Trafficking Case Data Standard; each field by itself.
countries AS (
    SELECT
        case_id,
        argMaxIf(JSONExtractString(data, 'destination_country'), (happened_at, event_id), JSONExtractString(data, 'destination_country') != '') AS country
    FROM standing
    WHERE type IN ('case_opened', 'case_updated') AND happened_at < {end:Int64}
    GROUP BY case_id
)

SELECT said.1 AS field, said.2 AS value, count() AS cases_said
FROM
(
    SELECT
        multiIf(NOT is_closed, '', latest_closing.3 = '', 'erased', latest_closing.3) AS reason,
        [
            ('cas_Status', multiIf(is_closed, 'Closed', is_settled, 'FollowUp', 'Active')),
            ('cas_ReasonForCaseClosure', reason),
            ('prs_Deceased', if(reason = 'died', 'true', '')),
            (
                'vic_TypeOfLabourExploitation',
                multiIf(has(keys['exploitation'], 'labour'), 'Other', has(keys['exploitation'], 'domestic_servitude'), 'DomesticWork', '')
            ),
            ('hte_Country', countries.country)
        ] AS told
    FROM cases
    LEFT JOIN countries ON countries.case_id = cases.case_id
    WHERE is_opened
)
ARRAY JOIN told AS said
WHERE said.2 != ''
GROUP BY said
SETTINGS enable_materialized_cte = 1
