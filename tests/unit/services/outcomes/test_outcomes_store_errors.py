"""What ClickHouse says when it gives no answer: logged by type and code, without a word of the statement."""

from __future__ import annotations

import logging

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from services.outcomes.adapters.clickhouse import ClickHouseTallies
from services.outcomes.ports import StoreUnavailable


class Refuses:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def query(self, query: str, parameters: object = None) -> object:
        raise self._error

    def command(self, cmd: str) -> object:
        raise self._error


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (DatabaseError("Code: 47. Unknown identifier near 'jashore'", code=47), "DatabaseError, code 47"),
        (OperationalError("Error executing HTTP request for 'jashore'"), "OperationalError"),
        (ConnectionRefusedError(111, "Connection refused"), "ConnectionRefusedError"),
    ],
)
def test_a_statement_that_is_wrong_is_told_from_an_outage_in_the_log_and_nowhere_else(caplog, error, named):
    tallies = ClickHouseTallies(lambda: Refuses(error))
    with caplog.at_level(logging.WARNING), pytest.raises(StoreUnavailable, match=r"^ClickHouse did not answer$"):
        tallies.state(["shurjo"])
    [record] = caplog.records
    assert (record.getMessage(), record.__dict__["reason"]) == ("ClickHouse gave no answer", named)
    assert "jashore" not in str(record.__dict__["reason"])
