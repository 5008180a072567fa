"""Fixtures of all tests, by the module they live in."""

pytest_plugins = [
    "tests.kafka_fixture",
    "tests.clickhouse_fixture",
    "tests.browser_fixture",
    "tests.demo_fixture",
    "tests.system_fixture",
    "tests.faults_fixture",
    "tests.sink_fixture",
]
