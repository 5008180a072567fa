SELECT DISTINCT case_id, 1 AS numerator, 0 AS denominator, [] AS samples, '' AS counted_once
FROM standing
WHERE (type = 'livelihood_support' OR has(fact_names, 'job_started'))
    AND happened_at >= {start:Int64} AND happened_at < {end:Int64}
