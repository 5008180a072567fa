"""Who the survivors of a demonstration are: invented names that say so, numbers that no phone can have, plans."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Final

from services.casework.domain.instants import DAY
from services.vault.demo_identities import DemoSurvivor
from services.vault.domain.identity import Identity
from services.vault.domain.safe_contact import WEEKDAYS, Channel, SafeContactPlan, Window

# No operator of Bangladesh has 010: these can be dialled as little as they can belong to anybody.
_NUMBERS: Final = 8_801_000_000_000
_GIVEN: Final = (
    "Amina", "Bokul", "Champa", "Doli", "Fatema", "Hamida", "Jamuna", "Kajol", "Lipi", "Moyna",
    "Nargis", "Parveen", "Rahima", "Rokeya", "Salma", "Shefali", "Shirin", "Sufia", "Tara", "Yasmin",
)  # fmt: skip
_FAMILY: Final = ("Akter", "Begum", "Bibi", "Das", "Khatun", "Mondal", "Parvin", "Rani", "Sardar", "Sultana")
_STORIES: Final = ("the tailoring course", "the health centre", "the savings group", "a wedding invitation", "")
_ANSWERS: Final = ("her mother", "her sister", "nobody else", "her neighbour", "")
_CODES: Final = ("blue sari", "the hen has laid", "rain tomorrow", "green mango", "")
_HOURS: Final = (("09:00", "12:00"), ("10:00", "17:00"), ("14:00", "18:30"), ("06:00", "22:00"))


def survivors_in(history: Path, organisations: Iterable[str], until: int) -> Iterator[DemoSurvivor]:
    """One for every case that these organisations opened in a file of `generate`. until: milliseconds, of the file."""
    wanted = frozenset(organisations)
    with history.open() as lines:
        opened = [json.loads(line) for line in lines if '"type":"case_opened"' in line]
    first: dict[str, str] = {}
    for event in opened:
        if event["organisation"] in wanted and event["case_id"] not in first:
            first[event["case_id"]] = event["organisation"]
            yield _survivor(len(first), event["organisation"], event["case_id"], event["recorded_by"], until)


def _survivor(number: int, organisation: str, case_id: str, kept_by: str, until: int) -> DemoSurvivor:
    rng = Random(f"survivor {case_id}")  # noqa: S311 -- invented, not secret
    name = f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)} (demo)"
    identity = Identity((name,), (f"+{_NUMBERS + number}",), f"House {rng.randint(1, 90)}, an invented village (demo)")
    # Some were agreed on so long ago that they ask to be reviewed.
    return DemoSurvivor(organisation, case_id, kept_by, identity, _plan(rng), until - rng.randint(0, 40) * DAY)


def _plan(rng: Random) -> SafeContactPlan:
    channel = rng.choices((Channel.VOICE, Channel.MESSAGE, Channel.VISIT_ONLY), (8, 2, 1))[0]
    days = tuple(day for day in WEEKDAYS if rng.random() < 0.8) or WEEKDAYS
    window = Window(days, *rng.choice(_HOURS))
    return SafeContactPlan(
        channel,
        () if channel is Channel.VISIT_ONLY else (window,),
        rng.choice(_ANSWERS),
        rng.choice(_STORIES),
        rng.choice(_CODES),
        leave_message=rng.random() < 0.3,
    )
