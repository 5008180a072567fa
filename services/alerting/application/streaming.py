"""The live stream: every transition after a position that is hers to read, each once, and a sign of life in between.

A stream holds no queue: it is a position in what was read, and waits until there is more. A reader who is slow only
stays behind; one who falls too far behind is told to read the list anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from services.access.domain.permissions import Action, Principal, scope
from services.alerting.application.errors import TooManyStreams
from services.alerting.application.known import Contents, Known
from services.alerting.domain.detector import Freshness
from services.alerting.domain.position import Position, UnreadablePosition
from services.alerting.domain.transition_log import CannotContinue
from services.casework.domain.case_directory import CaseCharge
from services.casework.domain.transitions import AlertTransition

HEARTBEAT_SECONDS: Final = 5.0
STREAMS_AN_ACCOUNT: Final = 5
STREAMS_IN_ALL: Final = 2_000


@dataclass(frozen=True, slots=True)
class Told:
    """A transition, and the charge of its case as it is now."""

    transition: AlertTransition
    charge: CaseCharge


@dataclass(frozen=True, slots=True)
class Reset:
    """Something may be missing: read the list anew."""

    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """What a stream says, and the position to go on from after it."""

    position: Position
    said: Told | Reset | Freshness


class StreamSlots:
    """How many streams are open: so many an account, so many in all."""

    def __init__(self) -> None:
        self._of_account: Counter[str] = Counter()

    @contextmanager
    def taken(self, account_id: str) -> Iterator[None]:
        """Raises TooManyStreams."""
        if self._of_account[account_id] >= STREAMS_AN_ACCOUNT:
            raise TooManyStreams(f"you have {STREAMS_AN_ACCOUNT} streams open: close one first")
        if self._of_account.total() >= STREAMS_IN_ALL:
            raise TooManyStreams("too many streams are open here: try again in a while")
        self._of_account[account_id] += 1
        try:
            yield
        finally:
            self._of_account[account_id] -= 1
            if not self._of_account[account_id]:
                del self._of_account[account_id]


StillSignedIn = Callable[[], Awaitable[bool]]
"""Whether the token that began the stream is good yet: it may have expired, its account may have been closed."""


async def live(
    known: Known,
    principal: Principal,
    after: str | None,
    still_signed_in: StillSignedIn,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
) -> AsyncIterator[Item]:
    """What comes after the position `after` (None: from now on).

    Ends when the log is read anew, when the service stops, and within a heartbeat after the reader's token is no longer
    good. Raises NotReadYet.
    """
    contents = known.complete()
    hers = scope(principal, Action.READ_ALERTS)
    position, reset = _start(contents, after)
    if reset is not None:
        yield Item(position, reset)
    beat_at = known.now()
    yield Item(position, known.freshness())
    while known.contents is contents and not known.is_closing:
        try:
            fresh = contents.transitions.after(position)
        except CannotContinue as error:
            position = contents.transitions.position()
            yield Item(position, Reset(str(error)))
            continue
        end = contents.transitions.position()
        for position, transition in fresh:
            charge = contents.inbox.charge_of(transition)
            if hers.includes(charge):
                yield Item(position, Told(transition, charge))
        # What was not hers, and what said nothing new, is behind her too.
        position = end
        if known.now() - beat_at >= heartbeat_seconds * 1000:
            if not await still_signed_in():
                return
            beat_at = known.now()
            yield Item(position, known.freshness())
        if contents.transitions.position() == position:
            await known.changed(max(0.0, heartbeat_seconds - (known.now() - beat_at) / 1000))


def _start(contents: Contents, after: str | None) -> tuple[Position, Reset | None]:
    now = contents.transitions.position()
    if after is None:
        return now, None
    try:
        position = Position.decode(after)
        contents.transitions.after(position)
    except UnreadablePosition as error:
        return now, Reset(f"the position cannot be read: {error}")
    except CannotContinue as error:
        return now, Reset(str(error))
    return position, None
