"""A supervisor who keeps the stream of alerts open, comes back when it breaks, and notes what she was shown when."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from services.casework.domain.instants import parse_instant
from tests.faults.invariants import Shown

Json = dict[str, Any]
_COMES_BACK_AFTER_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Seen:
    """One transition as it was shown. told_at: its own instant; r: when the alert was raised; at: when it was seen.

    listed: it was in the list that is read at first and after a `reset`, not on the stream.
    """

    alert_id: str
    revision: int
    transition: str
    case_id: str
    told_at: int
    r: int
    at: int
    listed: bool


class AlertReader:
    """A context manager; reads in a thread of its own. noted: called with every alert that was raised.

    After a `reset` she reads the whole list, as she is told to, and what she had not seen she sees there.
    """

    def __init__(self, url: str, token: str, noted: Callable[[str, str], None] = lambda _case, _alert: None) -> None:
        self.seen: list[Seen] = []
        self.resets: list[str] = []
        self.came_back = -1
        self._url = url
        self._noted = noted
        self._headers = {"authorization": f"Bearer {token}"}
        self._position = ""
        self._ends = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="alert-reader", daemon=True)

    def __enter__(self) -> AlertReader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join(30)

    def names(self, before: int) -> list[tuple[str, int]]:
        """What the stream showed of the time before an instant, as often as it did, and what only the list had."""
        told = [one for one in list(self.seen) if one.told_at < before]
        streamed = [(one.alert_id, one.revision) for one in told if not one.listed]
        listed = {(one.alert_id, one.revision) for one in told if one.listed}
        return [*streamed, *(listed - set(streamed))]

    def raised(self) -> list[Shown]:
        """When each raising was first shown on the stream."""
        first: dict[tuple[str, int], Shown] = {}
        for one in list(self.seen):
            if one.transition == "raised" and not one.listed:
                first.setdefault((one.alert_id, one.revision), Shown(one.alert_id, one.r, one.at))
        return list(first.values())

    def require_alive(self) -> None:
        if self._failed is not None:
            raise AssertionError("the reader broke down") from self._failed

    def _run(self) -> None:
        try:
            # A stream that is alive says so every five seconds.
            with httpx.Client(timeout=httpx.Timeout(10, read=20), trust_env=False, headers=self._headers) as http:
                while not self._ends.is_set():
                    self._read_until_it_breaks(http)
                    self._ends.wait(_COMES_BACK_AFTER_SECONDS)
        except BaseException as error:
            self._failed = error
            raise

    def _read_until_it_breaks(self, http: httpx.Client) -> None:
        self.came_back += 1
        try:
            if not self._position and not self._read_list(http):
                return
            with http.stream("GET", f"{self._url}/v1/alerts/stream", params={"after": self._position}) as answer:
                if answer.status_code != 200:
                    return
                for event, data, position in _events(answer.iter_lines()):
                    self._position = position
                    # Without the list she would go on with a gap: she comes back, and reads it first.
                    if not self._take(event, data, http) or self._ends.is_set():
                        return
        except httpx.TransportError:
            return

    def _take(self, event: str, data: Json, http: httpx.Client) -> bool:
        """Whether the stream can be gone on with."""
        if event == "transition":
            self._see(data, data["revision"], data["transition"], data["at"], listed=False)
        elif event == "reset":
            self.resets.append(data["reason"])
            self._position = ""
            return self._read_list(http)
        return True

    def _see(self, alert: Json, revision: int, transition: str, told_at: str, *, listed: bool) -> None:
        seen_at, case_id, alert_id = time.time_ns() // 1_000_000, alert["case_id"], alert["alert_id"]
        told, r = parse_instant(told_at), parse_instant(alert["r"])
        self.seen.append(Seen(alert_id, revision, transition, case_id, told, r, seen_at, listed))
        if transition == "raised":
            self._noted(case_id, alert_id)

    def _read_list(self, http: httpx.Client) -> bool:
        """Everything that is in the list and was not seen yet; the stream goes on from the position of its first page.

        False when it was not read to its end, also because a page could not be continued: read it again.
        """
        known = {(one.alert_id, one.revision) for one in self.seen}
        cursor: str | None = ""
        position = ""
        while cursor is not None:
            answer = http.get(f"{self._url}/v1/alerts", params={"state": "all", "limit": "500", "cursor": cursor})
            if answer.status_code != 200:
                return False
            page = answer.json()
            position = position or page["position"]
            cursor = page["next_cursor"]
            for alert in (alert for group in page["items"] for alert in group["alerts"]):
                for step in (step for step in alert["history"] if "revision" in step):
                    if (alert["alert_id"], step["revision"]) not in known:
                        known.add((alert["alert_id"], step["revision"]))
                        self._see(alert, step["revision"], step["what"], step["at"], listed=True)
        self._position = position
        return True


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Json, str]]:
    """(event, data, id) of each server-sent event."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
        elif "data" in fields:
            yield fields.get("event", ""), json.loads(fields["data"]), fields.get("id", "")
            fields = {}
        else:
            fields = {}
