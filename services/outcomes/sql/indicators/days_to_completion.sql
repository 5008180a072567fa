SELECT case_id, 0 AS numerator, 1 AS denominator, [latest_closing.1 - settled_at] AS samples, '' AS counted_once
FROM cases
WHERE is_closed AND latest_closing.3 = 'self_reliant' AND latest_closing.1 >= {start:Int64}
    AND is_settled AND settled_at <= latest_closing.1
