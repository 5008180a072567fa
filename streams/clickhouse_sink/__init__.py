"""The sink: what stands in the log, as rows of ClickHouse that people's pages and figures are counted from.

Owns the Faust agents that read case events, alerts and obligations, and the table of how far they have come. Promises
that every event of the log is a row, once per (case_id, event_id) and with the lowest offset, after any crash, retry or
rebalance; that a store which lost its rows is filled again from its own progress, whatever the consumer group has
committed; and that a record nobody can read is put aside with its place and reason, never dropped in silence. Refuses
to decide anything about a case: it decodes, asks the domain for facts, and writes columns. Control records and the
detector's own canary organisation are no rows.
"""
