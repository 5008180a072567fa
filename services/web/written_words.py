"""The words of an event on their way to the vault: they stay on the page until the vault has them.

The event goes first, with the id of its words, and waits for nothing: it is what ends neglect. Words that went first
would lie in the vault without an event whenever the event is refused, and would keep her who corrects them from sending
them again under their id.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Final

from services.web.backends import PartAway, Refused
from services.web.faces import Visit, understood
from services.web.routes import Part
from services.web.vault_refusals import why_not

_log: Final = logging.getLogger("services.web")


@dataclass(frozen=True, slots=True)
class Written:
    """occurred_at: of the event, RFC 3339. refusal: why the vault does not have them, "" when it has."""

    case_id: str
    note_id: str
    occurred_at: str
    text: str
    refusal: str = ""
    status: int = 200


async def keep_words(visit: Visit, written: Written) -> Written:
    """The same, with what the vault said. Whatever that was, the words are not lost by it."""
    # Forms break lines with two characters.
    text = written.text.replace("\r\n", "\n")
    path = f"/v1/vault/cases/{written.case_id}/notes/{written.note_id}"
    try:
        answer = await visit.put(path, {"text": text, "occurred_at": written.occurred_at})
        with understood(Part.VAULT):
            str(answer["kept_at"])
    except (Refused, PartAway) as failure:
        _log.warning("words could not be kept: %s", type(failure).__name__)
        status = failure.status if isinstance(failure, Refused) else 503
        return replace(written, refusal=why_not(visit, failure), status=status)
    return written
