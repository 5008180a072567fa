"""streams: what reads the log without end.

Owns the Faust apps `neglect_watch` (detects, raises, escalates, ends) and `clickhouse_sink` (feeds ClickHouse),
the dead letters, and `replay`, the same core with a file for a log.

Promises that every effect is idempotent and that reading the log again gives the same. Holds no rule about cases:
it decodes, calls `services.casework.domain`, encodes.
"""
