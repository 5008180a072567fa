"""What a library repeats is written now and then; what our own parts say always is."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from services.runtime.logging import SaidLately, configure_logging


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What is written; afterwards every logger is as it was."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    configure_logging("casework", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def messages(stream: io.StringIO) -> list[str]:
    return [json.loads(line)["message"] for line in stream.getvalue().splitlines()]


def test_what_a_library_says_fifty_times_is_written_once(said: io.StringIO) -> None:
    for number in range(50):
        logging.getLogger("aiokafka.conn").error("no connection to node %s", number)
        logging.getLogger("services.runtime.producer").warning("the log was lost")
    assert messages(said).count("no connection to node 0") == 1
    assert messages(said).count("the log was lost") == 50
    assert len(messages(said)) == 51


def test_another_line_and_the_same_one_later_are_written() -> None:
    clock = Clock()
    lets = SaidLately(["aiokafka"], 10, clock)

    def comes_through(message: str, level: int = logging.ERROR) -> bool:
        return lets.filter(logging.LogRecord("aiokafka.conn", level, "", 0, message, None, None))

    assert comes_through("no connection")
    assert not comes_through("no connection")
    assert comes_through("no connection", logging.CRITICAL)
    assert comes_through("no metadata")
    clock.now = 10.0
    assert comes_through("no connection")
