"""When a supervisor is shown alerts, in her inbox and on her stream: how long after they were due to be raised."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx

from services.access.demo_people import DemoPerson
from tests import local_http
from tests.acceptance.survivor_cases import Json, instant, now
from tests.system_fixture import System, bearer


@dataclass
class Watch(ABC):
    """Follows what one supervisor is shown, in a thread; {alert_id: (r, seen at)} of alerts of one rule."""

    system: System
    who: DemoPerson
    rule_id: str
    seen: dict[str, tuple[int, int]] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)
    failed: list[BaseException] = field(default_factory=list)

    def note(self, alert: Json) -> None:
        if alert["rule_id"] == self.rule_id:
            self.seen.setdefault(alert["alert_id"], (instant(alert["r"]), now()))

    def late(self) -> list[int]:
        return [seen_at - r for r, seen_at in self.seen.values()]

    def run(self) -> None:
        try:
            with local_http.client(timeout=30, headers=bearer(self.who)) as http:
                self.follow(http)
        except BaseException as error:
            self.failed.append(error)
            raise

    @abstractmethod
    def follow(self, http: httpx.Client) -> None:
        """Note what is shown, until `stopped`."""


class InboxWatch(Watch):
    def follow(self, http: httpx.Client) -> None:
        while not self.stopped.wait(0.2):
            for alert in _whole_inbox(self.system, http, self.rule_id):
                self.note(alert)


class StreamWatch(Watch):
    def follow(self, http: httpx.Client) -> None:
        with http.stream("GET", f"{self.system.url}/v1/alerts/stream") as answer:
            assert answer.status_code == 200
            event = ""
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                event = value if name == "event" else event
                if name == "data" and event == "transition":
                    transition = json.loads(value)
                    if transition["transition"] == "raised":
                        self.note(transition)
                if self.stopped.is_set():
                    return


def _whole_inbox(system: System, http: httpx.Client, rule_id: str) -> Iterator[Json]:
    cursor = ""
    while cursor is not None:
        params = {"rule_id": rule_id, "state": "all", "limit": "500", "cursor": cursor}
        answer = http.get(f"{system.url}/v1/alerts", params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield from (alert for group in page["items"] for alert in group["alerts"])
        cursor = page["next_cursor"]
