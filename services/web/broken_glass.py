"""Who broke the glass of whose case, for the pages on which others are to see it."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from services.web.backends import PartAway
from services.web.dhaka import local
from services.web.faces import Visit, understood
from services.web.routes import Part
from services.web.vault_answers import Glass

_log: Final = logging.getLogger("services.web")
_PATIENCE_SECONDS: Final = 2.0
"""It stands beside what a page is for: nobody waits for it longer."""


async def broken_glass(visit: Visit) -> tuple[Glass, ...] | None:
    """What this person is to know of, of the last 90 days, newest first; None when the vault does not say."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            answer = await visit.get("/v1/vault/broken-glass")
        with understood(Part.VAULT):
            return tuple(Glass.of(told) for told in answer["items"])
    except (PartAway, TimeoutError) as failure:
        _log.warning("who broke the glass cannot be shown: %s", failure)
        return None


def of_the_last_week(glass: tuple[Glass, ...] | None) -> tuple[Glass, ...] | None:
    since = datetime.now(UTC) - timedelta(days=7)
    return None if glass is None else tuple(one for one in glass if local(one.at) > since)


def open_until(glass: tuple[Glass, ...], account_id: str) -> str | None:
    """Until when this account may look because it broke the glass; None when it may not."""
    now = datetime.now(UTC)
    return max((one.until for one in glass if one.account_id == account_id and local(one.until) > now), default=None)
