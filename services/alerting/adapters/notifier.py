"""Keeps people told, beside the servers: reads on, sends what is due, and shows how it goes."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import Final

from prometheus_client import Gauge

from services.alerting.application.errors import NotReadYet, StoreAway
from services.alerting.application.known import Known
from services.alerting.application.notification_ports import NotificationStore
from services.alerting.application.notifying import Notifying
from services.runtime.authentication import CannotVerify
from services.runtime.progress import NotReady

WAITING: Final = Gauge("reintegration_notifications_waiting", "Steps of alerts to be told on a channel, not sent yet")
FAILING: Final = Gauge("reintegration_notifications_failing", "Of these, those that failed at least once")
OLDEST: Final = Gauge("reintegration_notifications_oldest_failing_seconds", "Since when the first of these is due")
UNHEARD: Final = Gauge("reintegration_notifications_unheard", "Steps of alerts that no supervisor stands for")

_LOOK_EVERY_SECONDS: Final = 1.0
_LEAST_SECONDS: Final = 0.2
_SHOW_EVERY_SECONDS: Final = 5.0
_STANDS_STILL_AFTER_SECONDS: Final = 60.0

_log = logging.getLogger(__name__)


class Notifier:
    """Run like a server: what ends by itself ends the process."""

    def __init__(self, known: Known, notifying: Notifying, store: NotificationStore) -> None:
        self._known = known
        self._notifying = notifying
        self._store = store
        self._task: asyncio.Task[None] | None = None
        self._went_well_at = time.monotonic()
        self._shown_at = float("-inf")

    async def ready(self) -> None:
        """Raises NotReady when nobody was told for a while because something is missing."""
        if time.monotonic() - self._went_well_at > _STANDS_STILL_AFTER_SECONDS:
            raise NotReady("notifications have stood still for more than a minute: the reason is in the log")

    async def start(self) -> None:
        self._task = asyncio.create_task(self._keep_telling())

    async def wait(self) -> None:
        assert self._task is not None
        await asyncio.shield(self._task)

    async def stop(self, within_seconds: float) -> None:
        """What is being sent may end in that time; what does not is sent again by the next process."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._notifying.settle(within_seconds)
        self._notifying.close()

    async def _keep_telling(self) -> None:
        was_away = False
        while True:
            try:
                await self._notifying.read_on()
                await self._notifying.send_due()
                await self._look_after()
                self._went_well_at, was_away = time.monotonic(), False
            except NotReadYet:
                # The log is being read: /readyz says so by itself.
                self._went_well_at = time.monotonic()
            except (CannotVerify, StoreAway) as error:
                if not was_away:
                    _log.warning("nobody can be told just now", extra={"reason": str(error)})
                was_away = True
            # Much may be announced; once in a while is often enough to look.
            await asyncio.sleep(_LEAST_SECONDS)
            await self._known.changed(_LOOK_EVERY_SECONDS)

    async def _look_after(self) -> None:
        if time.monotonic() - self._shown_at < _SHOW_EVERY_SECONDS:
            return
        await self._notifying.forget_who_left()
        tally = await asyncio.to_thread(self._store.tally)
        WAITING.set(tally.waiting)
        FAILING.set(tally.failing)
        OLDEST.set(0 if tally.oldest_at is None else max(0, self._known.now() - tally.oldest_at) / 1000)
        UNHEARD.set(tally.unheard)
        self._shown_at = time.monotonic()
