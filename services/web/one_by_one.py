"""The same act on many lines, each by itself: what became of one says nothing of the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from services.web.backends import PartAway, Refused
from services.web.chosen_lines import Became, ChosenLine
from services.web.faces import Visit, now_text

_AT_ONCE: Final = 8

Act = Callable[[ChosenLine], Awaitable[None]]


async def act_on_all(visit: Visit, lines: Sequence[ChosenLine], act: Act) -> tuple[Became, ...]:
    """What became of each, in their order. A few at a time; once a part is away nothing more is sent to it.

    Raises SessionEnded.
    """
    became: list[Became] = []
    for start in range(0, len(lines), _AT_ONCE):
        if any(one.status >= 500 for one in became):
            not_tried = visit.words("several.not_tried")
            return (*became, *(Became(line, not_tried, 503) for line in lines[start:]))
        became += await asyncio.gather(*(_became(visit, line, act) for line in lines[start : start + _AT_ONCE]))
    return tuple(became)


async def _became(visit: Visit, line: ChosenLine, act: Act) -> Became:
    words = visit.words
    try:
        await act(line)
    except Refused as refusal:
        return Became(line, refusal_in_words(refusal), refusal.status)
    except PartAway as failure:
        part = words(f"part.{failure.part}")
        return Became(line, words("several.away", part=part, time=words.time(now_text())), 503)
    return Became(line)


def refusal_in_words(refusal: Refused) -> str:
    return "; ".join([refusal.detail or refusal.title, *(error.message for error in refusal.errors)])
