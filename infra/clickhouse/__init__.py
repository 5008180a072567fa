"""The outcomes store of one machine: the ClickHouse engine behind a loopback endpoint.

This package owns the engine process (chDB, the ClickHouse engine as a library, behind ClickHouse's HTTP
protocol), its data directory, the migrations that make the tables, and the node that tests and the demo start.
It promises that an unmodified ``clickhouse-connect`` client cannot tell it from a server for what this system
does, that an acknowledged insert survives ``kill -9``, that every query has a limit of time and memory, and that
nothing but ``/ping`` answers without the password. It refuses to reach out: no table engine, table function or
statement that touches files, other hosts or processes. It holds no business rule and decides nothing about a case.
"""
