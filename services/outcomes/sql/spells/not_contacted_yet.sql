SELECT
    case_id,
    settled_at AS started_at,
    arrayFirstOrNull(contact -> contact > settled_at, contacts) AS ended_at,
    {end:Int64} AS seen_until
FROM cases
WHERE is_settled AND settled_at >= {start:Int64}
