"""Turning the pages of a list that changes meanwhile."""

from __future__ import annotations

from typing import Final

from services.web.backends import Json, Refused
from services.web.faces import Visit

_GONE: Final = 410


async def page_or_beginning(visit: Visit, path: str, cursor: str | None, **params: str | None) -> tuple[Json, bool]:
    """A list from a cursor on; or its beginning, and True: where it cannot be gone on with, and where nothing is left.

    An empty page would say that nobody is forgotten, of a list in which others are. Raises PartAway, SessionEnded,
    Refused.
    """
    if cursor:
        try:
            answer = await visit.get(path, cursor=cursor, **params)
        except Refused as refusal:
            if refusal.status != _GONE:
                raise
        else:
            if answer.get("items"):
                return answer, False
    return await visit.get(path, **params), bool(cursor)
