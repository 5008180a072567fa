"""However much a batch brought about, it is handed over in order, and never more than there is room for."""

from __future__ import annotations

from typing import Any

import pytest

from services.casework.codec import decode_obligation_changes
from services.casework.domain.transitions import LogPosition, ObligationChange, ObligationChanges
from services.runtime.settings import Settings
from services.runtime.topics import OBLIGATIONS
from streams.neglect_watch.emitter import Emitter, NotDelivered
from streams.neglect_watch.partition_watch import Findings
from tests.case_builder import MAR_1

ROOM = 200_000


class Client:
    """librdkafka's client with so much room, which is made when it is polled; `takes`: of each batch at most."""

    def __init__(self, takes: int = ROOM) -> None:
        self.taken: list[dict[str, Any]] = []
        self.waiting = 0
        self.takes = takes

    def __len__(self) -> int:
        return self.waiting

    def poll(self, _seconds: float) -> int:
        self.waiting = 0
        return 0

    def produce_batch(self, topic: str, messages: list[dict[str, Any]], partition: int) -> int:
        assert (topic, partition) == (OBLIGATIONS.name, 3)
        self.waiting += len(messages)
        assert self.waiting <= ROOM
        some = messages[: self.takes]
        self.taken += some
        return len(some)


def found(number: int) -> Findings:
    change = ObligationChange("contact", MAR_1, MAR_1, MAR_1, None, None)
    changes = [ObligationChanges(f"case {place}", "org-a", MAR_1, (change,)) for place in range(number)]
    return Findings(obligations=[(one, LogPosition(3, place)) for place, one in enumerate(changes)])


def an_emitter(monkeypatch: pytest.MonkeyPatch, client: Client) -> Emitter:
    monkeypatch.setattr("streams.neglect_watch.emitter.Producer", lambda _settings: client)
    return Emitter(Settings(kafka_bootstrap_servers="127.0.0.1:1"))


def test_more_than_there_is_room_for_is_handed_over_piece_by_piece_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    an_emitter(monkeypatch, client).put(3, found(250_000))
    assert [message["key"] for message in client.taken] == [f"case {place}" for place in range(250_000)]
    _, cause = decode_obligation_changes(client.taken[-1]["value"])
    assert cause == LogPosition(3, 249_999)


def test_what_is_not_taken_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(takes=7)
    with pytest.raises(NotDelivered, match="only 7 were taken"):
        an_emitter(monkeypatch, client).put(3, found(10))
