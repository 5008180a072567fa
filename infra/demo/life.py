"""`python -m infra.demo.life`: somebody records something every now and then, so that things happen while one watches.

Reads LIFE_FILE (address and tokens), takes a case from a caseworker's own list, and records through REST as she would:
mostly that a call reached her. What is overdue is mostly left alone, or the inbox would soon be empty.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from infra.runner.asked_to_stop import AskedToStop
from services.casework.domain.instants import format_instant
from services.runtime.logging import configure_logging

_LEAST_SECONDS, _MOST_SECONDS = 20.0, 40.0
_TAKES_OVERDUE: Final = 0.12
_log = logging.getLogger(__name__)


def something(rng: random.Random) -> tuple[str, dict[str, Any]]:
    """The type and data of an event that may happen on any day."""
    chance = rng.random()
    if chance < 0.45:
        return "call", {"direction": "outgoing", "outcome": "reached", "wellbeing": rng.choice((2, 3, 3, 4, 5))}
    if chance < 0.70:
        return "call", {"direction": "outgoing", "outcome": rng.choice(("no_answer", "switched_off"))}
    if chance < 0.78:
        return "call", {"direction": "incoming", "outcome": "reached", "help_requested": False}
    if chance < 0.83:
        problem = rng.choice(("health", "money", "family"))
        return "call", {"direction": "incoming", "outcome": "reached", "help_requested": True, "problem": problem}
    if chance < 0.91:
        return "training", {"kind": rng.choice(("life_skills", "vocational")), "status": "attended", "hours": 4}
    if chance < 0.96:
        return "counselling", {"attended": True, "kind": "individual"}
    return "referral", {"service": rng.choice(("health", "documents")), "status": "made"}


def event_for(rng: random.Random, items: list[Mapping[str, Any]], now: int) -> dict[str, Any] | None:
    """An event for a case of a worklist; None when there is nobody to do something for."""
    open_to_it = [item for item in items if item["overdue_since"] is None or rng.random() < _TAKES_OVERDUE]
    if not open_to_it:
        return None
    type_name, data = something(rng)
    return {
        "event_id": str(uuid.uuid4()),
        "case_id": rng.choice(open_to_it)["case_id"],
        "type": type_name,
        "occurred_at": format_instant(now),
        "data": data,
    }


def live_once(client: httpx.Client, rng: random.Random, tokens: list[str]) -> bool:
    """Whether something was recorded. Raises httpx.HTTPError when the system did not take it."""
    headers = {"authorization": f"Bearer {rng.choice(tokens)}"}
    worklist = client.get("/v1/worklist", params={"limit": 500}, headers=headers)
    worklist.raise_for_status()
    event = event_for(rng, worklist.json()["items"], int(time.time() * 1000))
    if event is None:
        return False
    client.post("/v1/events", json=event, headers=headers).raise_for_status()
    _log.info("recorded %s", event["type"], extra={"case_id": event["case_id"]})
    return True


def main() -> int:
    configure_logging("life")
    told = json.loads(Path(os.environ["LIFE_FILE"]).read_text())
    asked_to_end = AskedToStop().listen(signal.SIGTERM, signal.SIGINT)
    rng = random.Random()  # noqa: S311 -- invented, not secret
    with httpx.Client(base_url=told["url"], timeout=20, trust_env=False) as client:
        while not asked_to_end.wait(rng.uniform(_LEAST_SECONDS, _MOST_SECONDS)):
            try:
                live_once(client, rng, told["tokens"])
            except httpx.HTTPError as error:
                _log.warning("nothing was recorded", extra={"reason": type(error).__name__})
    return 0


if __name__ == "__main__":
    sys.exit(main())
