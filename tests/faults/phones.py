"""Phones that send what their owners say, keep every receipt, and send again until they have one.

Each phone has an outbox and one request under way. It sends alone or in batches; on 503, on a line that breaks and on
silence it keeps the event and sends it again under the same id. Some of what was taken is sent once more all the same.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import httpx

from services.casework.domain.events import parse_event
from services.casework.domain.instants import parse_instant
from tests.faults.invariants import Content, Submission, content_of
from tests.faults.invented_lives import InventedLives

Json = dict[str, Any]

FOR_GOOD: Final = frozenset({400, 403, 404, 409, 413, 422})
"""Statuses after which sending the same again changes nothing."""

_MOST_IN_BATCH: Final = 100
_SAID_EVERY_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 8.0
_BACKLOG_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose phones they are: an account with its token."""

    name: str
    account_id: str
    organisation: str
    token: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request. began: milliseconds since 1970; status: of HTTP, 0 for none; kinds: of the events in it."""

    began: int
    seconds: float
    status: int
    kinds: frozenset[str]


@dataclass(slots=True)
class Phone:
    owner: Owner
    outbox: deque[Json] = field(default_factory=deque)


class Phones:
    """`rate`: events said a second by all of them together. `kept`: what they know of everything they sent.

    A context manager; runs in a thread of its own. `say_no_more` ends the talking, `settled` waits for the answers.
    """

    def __init__(
        self, url: str, owners: Sequence[Owner], seed: int, rate: float, quiet: int | None = None, phones_each: int = 4
    ) -> None:
        self.url = url
        self.rate = rate
        self.kept: dict[tuple[Content, str], Submission] = {}
        self.attempts: list[Attempt] = []
        self.broken: Counter[str] = Counter()
        caseworkers = [owner.account_id for owner in owners if owner.name not in ("supervisor", "system")]
        self.lives = InventedLives(seed, caseworkers, quiet)
        self._rng = Random(f"phones {seed}")
        self._of_owner: dict[str, list[Phone]] = {}
        for owner in owners:
            name = owner.name if owner.name in ("supervisor", "system") else owner.account_id
            self._of_owner[name] = [Phone(owner) for _ in range(phones_each)]
        self._sent_before: deque[tuple[Phone, Json]] = deque(maxlen=2_000)
        self._talking = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="phones", daemon=True)
        self._ends = threading.Event()

    # --- for the test ---------------------------------------------------------------------------------------------

    def __enter__(self) -> Phones:
        self._talking.set()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._talking.clear()
        self._ends.set()
        self._thread.join(30)

    @property
    def said(self) -> int:
        return len(self.kept)

    @property
    def waiting(self) -> int:
        """Events that no answer is known of yet."""
        return sum(len(phone.outbox) for phone in self._phones())

    def say_no_more(self) -> None:
        self._talking.clear()

    def say_again(self) -> None:
        """Talk on after `say_no_more`."""
        self._talking.set()

    def settled(self, seconds: float) -> bool:
        """Whether every event was answered within so many seconds."""
        until = time.monotonic() + seconds
        while self.waiting and time.monotonic() < until:
            self._require_alive()
            time.sleep(0.1)
        self._require_alive()
        return not self.waiting

    def send_again(self, count: int = 20) -> None:
        """Some events that were taken before are sent once more, under the same ids."""
        known = list(self._sent_before)
        for phone, event in self._rng.sample(known, min(count, len(known))):
            phone.outbox.append(event)

    def _require_alive(self) -> None:
        if self._failed is not None:
            raise AssertionError("the phones broke down") from self._failed

    def _phones(self) -> list[Phone]:
        return [phone for phones in self._of_owner.values() for phone in phones]

    # --- in the thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:
            self._failed = error
            raise

    async def _live(self) -> None:
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
        async with (
            httpx.AsyncClient(timeout=_PATIENCE_SECONDS, limits=limits, trust_env=False) as http,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._talk())
            for phone in self._phones():
                tasks.create_task(self._send_all(phone, http))

    async def _talk(self) -> None:
        said_until = time.monotonic()
        while not self._ends.is_set():
            await asyncio.sleep(_SAID_EVERY_SECONDS)
            now = time.monotonic()
            if self._talking.is_set() and self.waiting < self.rate * _BACKLOG_SECONDS:
                for _ in range(int((now - said_until) * self.rate)):
                    self._say()
                    said_until += 1 / self.rate
            else:
                said_until = now

    def _say(self) -> None:
        who, event = self.lives.next_event(time.time_ns() // 1_000_000)
        phones = self._of_owner[who]
        # What is said of one case leaves from one phone, in order.
        phone = phones[int(event["case_id"][-4:], 16) % len(phones)]
        phone.outbox.append(event)
        if self._rng.random() < 0.02 and self._sent_before:
            again, known = self._rng.choice(self._sent_before)
            again.outbox.append(known)

    async def _send_all(self, phone: Phone, http: httpx.AsyncClient) -> None:
        while not self._ends.is_set():
            if not phone.outbox:
                await asyncio.sleep(_SAID_EVERY_SECONDS)
                continue
            most = 1 if self._rng.random() < 0.2 else _MOST_IN_BATCH
            taken = [phone.outbox[index] for index in range(min(most, len(phone.outbox)))]
            answered = await self._send(phone, taken, http)
            remain = [event for event, done in zip(taken, answered, strict=True) if not done]
            for _ in taken:
                phone.outbox.popleft()
            phone.outbox.extendleft(reversed(remain))
            if remain:
                await asyncio.sleep(0.2 + 0.6 * self._rng.random())

    async def _send(self, phone: Phone, events: list[Json], http: httpx.AsyncClient) -> list[bool]:
        """Of each event whether it is answered for good."""
        kept = [self.keeps(event, phone.owner) for event in events]
        for submission in kept:
            submission.attempts += 1
        alone = len(events) == 1
        path, body = ("/v1/events", events[0]) if alone else ("/v1/events:batch", {"events": events})
        headers = {"authorization": f"Bearer {phone.owner.token}"}
        began, clock = time.time_ns() // 1_000_000, time.monotonic()
        answer: httpx.Response | None = None
        try:
            answer = await http.post(self.url + path, json=body, headers=headers)
        except httpx.TransportError as error:
            self.broken[type(error).__name__] += 1
        kinds = frozenset(event["type"] for event in events)
        status = 0 if answer is None else answer.status_code
        self.attempts.append(Attempt(began, time.monotonic() - clock, status, kinds))
        results = None if answer is None else _results(answer, alone=alone)
        if results is None:
            return [False] * len(events)
        told = zip(events, kept, results, strict=True)
        return [self._hears(phone, event, submission, result) for event, submission, result in told]

    def keeps(self, event: Json, owner: Owner) -> Submission:
        """What is known of the event, begun where nothing is."""
        parsed = parse_event(event, owner.organisation, owner.account_id)
        return self.kept.setdefault((content_of(parsed), owner.account_id), Submission(parsed))

    def _hears(self, phone: Phone, event: Json, submission: Submission, result: Json) -> bool:
        receipt = result.get("receipt")
        if receipt is not None:
            assert receipt["event_id"] == event["event_id"], "a receipt for another event"
            submission.receipts.append(parse_instant(receipt["recorded_at"]))
            self._sent_before.append((phone, event))
            return True
        status = result["problem"]["status"]
        if status in FOR_GOOD:
            submission.refuse(status)
            return True
        return False


def _results(answer: httpx.Response, *, alone: bool) -> list[Json] | None:
    """What was said of each event; None when nothing was."""
    if answer.status_code in (200, 201):
        said = answer.json()
        return [{"receipt": said}] if alone else list(said["results"])
    if answer.status_code in FOR_GOOD and alone:
        return [{"problem": {"status": answer.status_code}}]
    assert answer.status_code in (401, 408, 429, 500, 502, 503, 504), f"{answer.status_code}: {answer.text[:500]}"
    return None
