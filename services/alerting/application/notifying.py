"""From the steps of alerts to messages: what was reached goes into the outbox, what is due in the outbox goes out.

The outbox holds up to where steps were taken into it, in the same transaction, so that nothing is lost between reading
and writing; a message that was sent and not marked, because the process died in between, is sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from services.alerting.application.errors import NoSuchChannel, StoreAway
from services.alerting.application.known import Contents, Known
from services.alerting.application.notification_ports import (
    Directory,
    InvalidAddress,
    NotificationStore,
    NotSent,
    Sender,
)
from services.alerting.application.permission import case_resource
from services.alerting.domain.notifications.addressees import Overseers
from services.alerting.domain.notifications.channels import ChannelKind
from services.alerting.domain.notifications.daytimes import WorkingDays
from services.alerting.domain.notifications.plan import OLD_AFTER, Audience, Message, Owed, Reached, messages, plan
from services.alerting.domain.notifications.texts import text_of
from services.alerting.domain.position import Mark, Position, UnreadablePosition
from services.alerting.domain.transition_log import CannotContinue
from services.casework.domain.transitions import AlertTransition
from services.runtime.topics import PARTITIONS

_STEPS_A_STRETCH: Final = 2_000
_AT_ONCE: Final = 16
_THROUGH_GATEWAYS: Final = frozenset({ChannelKind.EMAIL, ChannelKind.SMS})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """address: of the origin, for people; "" where nobody has said it. first_wait_ms: after a first failure."""

    address: str
    common_working_days: WorkingDays
    first_wait_ms: int


class Notifying:
    """For one event loop. What blocks, does so in threads."""

    def __init__(
        self, known: Known, store: NotificationStore, sender: Sender, directory: Directory, rules: Rules
    ) -> None:
        self._known = known
        self._store = store
        self._sender = sender
        self._directory = directory
        self._rules = rules
        self._sending: dict[str, asyncio.Task[None]] = {}
        # Apart, so that people's own addresses that answer slowly keep no mail waiting.
        self._gateways = ThreadPoolExecutor(_AT_ONCE, "notify-gateways")
        self._addresses = ThreadPoolExecutor(_AT_ONCE, "notify-addresses")

    async def read_on(self) -> int:
        """Take what alerts have reached into the outbox; how many steps. Raises NotReadYet, CannotVerify, StoreAway."""
        contents = self._known.complete()
        kept = await asyncio.to_thread(self._store.position)
        end = contents.transitions.position().encode()
        if end == kept:
            return 0
        now = self._known.now()
        steps: list[Reached] = []
        for number, step in enumerate(_steps_after(contents, kept, now)):
            if step is not None:
                steps.append(step)
            if number % _STEPS_A_STRETCH == 0:
                await asyncio.sleep(0)
        planned = plan(now, steps, await self._audience(now))
        await asyncio.to_thread(self._store.note, planned.owed, planned.unheard, end, now)
        return len(steps)

    async def send_due(self) -> int:
        """Begin to send what goes now; how many messages. Raises NotReadYet, CannotVerify, StoreAway."""
        contents, now = self._known.complete(), self._known.now()
        # Before it is read what is due: what was on its way then may have been marked since.
        busy = set(self._sending)
        due = [each for each in await asyncio.to_thread(self._store.due, now) if each.channel_id not in busy]
        if not due:
            return 0
        audience = await self._audience(now)
        channels = {channel.channel_id: channel for of_one in audience.channels.values() for channel in of_one}
        over = {each for each in due if _has_ended(contents, each.alert_id, each.revision)}
        handed_on = self._no_longer_hers(contents, [each for each in due if each not in over], audience)
        if over or handed_on:
            await self._let_go(contents, over, handed_on, audience, now)
        gone = over | handed_on
        left = [each for each in due if each not in gone and each.channel_id in channels]
        going = messages(now, left, channels, audience)
        for message in going:
            language = audience.preferences_of(message.channel.account_id).language
            text = text_of(language, message.cases, message.older, self._rules.address)
            task = asyncio.create_task(self._send(message, text.title, text.body))
            self._sending[message.channel.channel_id] = task
        return len(going)

    async def forget_who_left(self) -> None:
        """Addresses of people whose accounts were closed are kept no longer. Raises CannotVerify, StoreAway."""
        await asyncio.to_thread(lambda: self._store.forget(self._directory.closed_accounts()))

    async def settle(self, within_seconds: float | None = None) -> None:
        """Until what is being sent has been, or has failed."""
        if self._sending:
            await asyncio.wait(list(self._sending.values()), timeout=within_seconds)

    def close(self) -> None:
        """What is on its way is not waited for: unmarked, it is sent again by the next process."""
        for pool in (self._gateways, self._addresses):
            pool.shutdown(wait=False, cancel_futures=True)

    async def _audience(self, now: int) -> Audience:
        return await asyncio.to_thread(self._read_audience, now)

    def _read_audience(self, now: int) -> Audience:
        everybodys = sorted(self._store.channels().values(), key=lambda channel: (channel.account_id, channel.made_at))
        return Audience(
            Overseers(self._directory.supervisors(), self._directory.stand_ins(), now),
            {account: tuple(hers) for account, hers in groupby(everybodys, key=lambda channel: channel.account_id)},
            self._store.preferences(),
            self._store.working_days(),
            self._rules.common_working_days,
        )

    def _no_longer_hers(self, contents: Contents, waiting: list[Owed], audience: Audience) -> set[Owed]:
        """What waits for somebody who no longer stands for it: she is away, supervises something else, or has left."""
        accounts = {channel.channel_id: account for account, hers in audience.channels.items() for channel in hers}
        found = set()
        for owed in waiting:
            step = _step_of(contents, owed)
            if step is not None:
                addressed = audience.overseers.addressed(step.case, step.level)
                if addressed.account_ids and accounts.get(owed.channel_id) not in addressed.account_ids:
                    found.add(owed)
        return found

    async def _let_go(
        self, contents: Contents, over: set[Owed], handed_on: set[Owed], audience: Audience, now: int
    ) -> None:
        """What is handed on is owed to the others before it is owed to her no more."""
        steps = [step for owed in handed_on if (step := _step_of(contents, owed)) is not None]
        planned = plan(now, steps, audience)
        await asyncio.to_thread(self._store.note, planned.owed, planned.unheard, None, now)
        await asyncio.to_thread(self._store.mark_over, [*over, *handed_on], now)

    async def _send(self, message: Message, title: str, body: str) -> None:
        channel = message.channel
        pool = self._gateways if channel.kind in _THROUGH_GATEWAYS else self._addresses
        try:
            address = await asyncio.to_thread(self._store.address_of, channel)
            await asyncio.get_running_loop().run_in_executor(
                pool, self._sender.send, channel.kind, address, title, body
            )
            await asyncio.to_thread(self._store.mark_sent, message.owed, self._known.now())
        except NotSent as failure:
            _log.warning("a notification was not taken", extra={"reason": failure.why})
            await self._note_failure(message, failure.why)
        except InvalidAddress:
            await self._note_failure(message, "unusable_address")
        except NoSuchChannel:
            # What was owed on it went with it.
            _log.info("a channel was removed while something was owed on it")
        except StoreAway as error:
            _log.error("a notification could not be marked, and may be sent again", extra={"reason": error.detail})
        finally:
            del self._sending[channel.channel_id]
            self._known.announce()

    async def _note_failure(self, message: Message, why: str) -> None:
        try:
            now, first = self._known.now(), self._rules.first_wait_ms
            await asyncio.to_thread(self._store.mark_failed, message.owed, why, now, first)
        except StoreAway as error:
            _log.error("a failure could not be noted: it is tried again at once", extra={"reason": error.detail})


def _steps_after(contents: Contents, kept: str | None, now: int) -> Iterator[Reached | None]:
    """What is told of the transitions after a kept position; None for one that nobody is told of.

    Where it cannot be gone on from (another log, the first start, very far behind), of all alerts that are open: those
    told of before are in the outbox already, under the same names.
    """
    try:
        start = Position((Mark(0, b""),) * PARTITIONS) if kept is None else Position.decode(kept)
        found = [transition for _, transition in contents.transitions.after(start)]
    except (CannotContinue, UnreadablePosition):
        _log.warning("the alerts are not those read before, or too many came: looking through all that are open")
        found = [transition for alert in contents.inbox.open_alerts() for transition in alert.transitions]
    return (_told_of(contents, transition, now) for transition in found)


def _told_of(contents: Contents, transition: AlertTransition, now: int) -> Reached | None:
    if transition.transition.is_ending or _has_ended(contents, transition.alert_id, transition.revision):
        return None
    if now - transition.at > OLD_AFTER and _is_outdated(contents, transition):
        return None
    return _reached(contents, transition)


def _is_outdated(contents: Contents, transition: AlertTransition) -> bool:
    alert = contents.inbox.alert(transition.alert_id)
    return alert is not None and alert.latest.revision > transition.revision


def _reached(contents: Contents, transition: AlertTransition) -> Reached:
    case = case_resource(contents.inbox.charge_of(transition))
    return Reached(transition.alert_id, transition.revision, transition.level, transition.severity, transition.at, case)


def _step_of(contents: Contents, owed: Owed) -> Reached | None:
    """None where the log as it is does not have the step."""
    alert = contents.inbox.alert(owed.alert_id)
    steps = () if alert is None else alert.transitions
    found = next((step for step in steps if step.revision == owed.revision), None)
    return None if found is None else _reached(contents, found)


def _has_ended(contents: Contents, alert_id: str, revision: int) -> bool:
    """An alert that the log as it is does not have may be on its way to it: of that nothing is said to have ended."""
    alert = contents.inbox.alert(alert_id)
    steps = () if alert is None else alert.transitions
    return any(step.revision > revision and step.transition.is_ending for step in steps)
