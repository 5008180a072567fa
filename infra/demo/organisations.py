"""The partner organisations of a demonstration: invented, each with its places, programmes and caseworkers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from random import Random
from typing import Final

from infra.demo.places import PLACES, UPAZILAS, Place
from infra.demo.scribe import new_id

FORTY: Final = "alt-livelihood-40"
MOST_ORGANISATIONS: Final = 500

_FLOWERS: Final = (
    "shapla", "kadam", "beli", "jaba", "golap", "shiuli", "bokul", "champa", "palash", "polash-ful",
    "krishnachura", "kamini", "hasnahena", "togor", "rajanigandha", "shefali", "aporajita", "doyel", "ketaki", "malati",
)  # fmt: skip
_PROGRAMMES: Final = ("safe-return", "legal-support", "livelihood-grants", "skills-first", "girls-under-18")

# As services.access.demo_people gives its account ids; a test holds the two together.
_ACCOUNTS: Final = uuid.UUID("6f0a5f0e-5d0c-4b46-9f4e-2a9d3c1b7e10")


@dataclass(frozen=True, slots=True)
class Organisation:
    """survivors: how many come home to it. loads: the share of each caseworker in the cases, beside caseworker_ids.

    The first caseworker has too many cases, the last one has been away.
    """

    slug: str
    survivors: int
    places: tuple[Place, ...]
    programmes: tuple[str, ...]
    caseworker_ids: tuple[str, ...]
    loads: tuple[float, ...]
    supervisor_id: str

    @property
    def absent_id(self) -> str:
        return self.caseworker_ids[-1]


def organisations_of(seed: int, scale: int) -> tuple[Organisation, ...]:
    """As many as `scale`, from 1 to 500; the first is always the programme of forty. Raises ValueError."""
    if not 1 <= scale <= MOST_ORGANISATIONS:
        raise ValueError(f"a demonstration has from 1 to {MOST_ORGANISATIONS} organisations, not {scale}")
    return (_the_first(seed), *(_another(seed, number) for number in range(1, scale)))


def _the_first(seed: int) -> Organisation:
    rng = Random(f"organisation {seed} 0")  # noqa: S311 -- invented, not secret
    places: tuple[Place, ...] = (
        ("jashore", "sharsha"),
        ("jashore", "jhikargachha"),
        ("satkhira", "kalaroa"),
        ("satkhira", "tala"),
        ("khulna", "paikgachha"),
    )
    return _organisation(rng, "demo-shapla", 40, places, (FORTY,), 5)


def _another(seed: int, number: int) -> Organisation:
    rng = Random(f"organisation {seed} {number}")  # noqa: S311 -- invented, not secret
    survivors = min(240, max(8, round(rng.lognormvariate(3.6, 0.7))))
    district = rng.choice(tuple(UPAZILAS))
    near = [place for place in PLACES if place[0] == district]
    places = tuple(rng.sample(near, min(len(near), rng.randint(2, 4))))
    round_number, index = divmod(number, len(_FLOWERS))
    slug = f"demo-{_FLOWERS[index]}" + (f"-{round_number + 1}" if round_number else "")
    programmes = tuple(sorted(rng.sample(_PROGRAMMES, rng.randint(1, 3))))
    return _organisation(rng, slug, survivors, places, programmes, max(2, round(survivors / rng.uniform(8, 14))))


def _organisation(
    rng: Random, slug: str, survivors: int, places: tuple[Place, ...], programmes: tuple[str, ...], caseworkers: int
) -> Organisation:
    loads = [2.5, *(rng.uniform(0.6, 1.3) for _ in range(caseworkers - 2)), 0.5]
    return Organisation(
        slug,
        survivors,
        places,
        programmes,
        tuple(new_id(rng) for _ in range(caseworkers)),
        tuple(loads),
        str(uuid.uuid5(_ACCOUNTS, f"supervisor.{slug}")),
    )
