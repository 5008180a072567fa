"""Fixtures of all tests, by the module they live in."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes is the machine's affair: one that is busy must not make a property false.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

pytest_plugins = [
    "tests.side_by_side",
    "tests.access_fixture",
    "tests.kafka_fixture",
    "tests.clickhouse_fixture",
    "tests.postgresql_fixture",
    "tests.browser_fixture",
    "tests.demo_fixture",
    "tests.system_fixture",
    "tests.faults_fixture",
    "tests.sink_fixture",
]
