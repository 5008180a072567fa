"""Looks at cards that a device noted without a connection, on their way to the vault's audit.

The vault takes all that it is told at once or none of it: where one is refused, each is told by itself, so that it
holds up no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from services.web.backends import PartAway, Refused
from services.web.faces import Visit

_OF_ONE: Final = frozenset({404, 413, 422})
"""Statuses that say something of one look, or of how many there are; another would be the same for each."""


@dataclass(frozen=True, slots=True)
class NotedLook:
    """at: RFC 3339."""

    case_id: str
    at: str


async def tell_looks(visit: Visit, looks: Mapping[str, NotedLook]) -> dict[str, Refused | PartAway | None]:
    """By id why the vault does not have it; None when it has."""
    if not looks:
        return {}
    failure = await _failure(visit, list(looks.values()))
    if isinstance(failure, Refused) and failure.status in _OF_ONE and len(looks) > 1:
        return {look_id: await _failure(visit, [look]) for look_id, look in looks.items()}
    return dict.fromkeys(looks, failure)


async def _failure(visit: Visit, looks: Sequence[NotedLook]) -> Refused | PartAway | None:
    try:
        await visit.post("/v1/vault/looks", {"looks": [asdict(look) for look in looks]})
    except (Refused, PartAway) as failure:
        return failure
    return None
