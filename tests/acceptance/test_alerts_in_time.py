"""How long it takes from the instant neglect is due to be raised until a supervisor sees it."""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from services.access.demo_people import DemoPerson
from tests.acceptance.survivor_cases import Json, an_event, an_opening, instant, now, percentile
from tests.system_fixture import THEIRS, System, bearer

CASES_A_BATCH = 90
BATCHES = 6
LATEST = 5_000


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
            with httpx.Client(timeout=30, trust_env=False, headers=bearer(self.who)) as http:
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


def _opened_and_asking_for_help(who: DemoPerson) -> list[Json]:
    case_id = str(uuid4())
    asks = an_event(case_id, "community_report", {"concern": "family", "help_requested": True})
    return [an_opening(case_id, who), asks]


def test_five_hundred_alerts_are_in_the_inbox_and_on_the_stream_within_five_seconds_of_r(system: System) -> None:
    caseworker = system.person("caseworker", THEIRS)
    head = system.person("supervisor", THEIRS, stands_for="organisation")
    inbox, stream = (watch(system, head, "help-request") for watch in (InboxWatch, StreamWatch))
    threads = [threading.Thread(target=watch.run, daemon=True) for watch in (inbox, stream)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    for _ in range(BATCHES):
        events = [event for _ in range(CASES_A_BATCH) for event in _opened_and_asking_for_help(caseworker)]
        answer = system.post("/v1/events:batch", caseworker, {"events": events})
        assert all("receipt" in result for result in answer.json()["results"]), answer.text[:500]
        time.sleep(1.5)
    deadline = time.monotonic() + 60
    while min(len(inbox.seen), len(stream.seen)) < BATCHES * CASES_A_BATCH and time.monotonic() < deadline:
        time.sleep(0.2)
    for watch in (inbox, stream):
        watch.stopped.set()
    for thread in threads:
        thread.join(30)
    assert inbox.failed + stream.failed == []
    assert inbox.seen.keys() == stream.seen.keys()
    assert len(inbox.seen) == BATCHES * CASES_A_BATCH >= 500
    for name, late in (("inbox", inbox.late()), ("stream", stream.late())):
        figures = {f"p{part * 100:g}": percentile(late, part) for part in (0.5, 0.9, 0.99)}
        print(f"\n{len(late)} alerts, milliseconds from r to the {name}: {figures}, latest {max(late)}")
    assert percentile(inbox.late(), 0.99) <= LATEST
    assert percentile(stream.late(), 0.99) <= LATEST
