"""Puts alerting together from the settings, and runs it: the one place where ports meet what stands behind them."""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass

from fastapi import FastAPI

from services.access.verification import TokenVerifier, verifier_from_settings
from services.alerting.adapters.apprise_sender import AppriseSender
from services.alerting.adapters.casework_grpc import CaseworkGrpc
from services.alerting.adapters.kafka_log import LogFollower
from services.alerting.adapters.notification_store import SqliteNotifications
from services.alerting.adapters.notifier import Notifier
from services.alerting.application.acting import Acting
from services.alerting.application.errors import StoreAway
from services.alerting.application.known import Known, Now
from services.alerting.application.notifying import Notifying, Rules
from services.alerting.application.own_channels import OwnChannels
from services.alerting.entrypoints.rest import alert_routes
from services.alerting.entrypoints.rest_notifications import notification_routes
from services.runtime.http import create_service_app
from services.runtime.log_login import require_login
from services.runtime.serve import CannotServe, HttpServer, serve
from services.runtime.settings import Settings


def system_now() -> int:
    """This machine's clock, milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class Following:
    """Reading the log and the way to casework, run like a server: what ends by itself ends the process."""

    def __init__(self, known: Known, follower: LogFollower, casework: CaseworkGrpc) -> None:
        self._known = known
        self._follower = follower
        self._casework = casework
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._follower.follow())

    async def wait(self) -> None:
        assert self._task is not None
        await asyncio.shield(self._task)

    async def stop(self, within_seconds: float) -> None:
        self._known.close()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError, TimeoutError):
                await asyncio.wait_for(self._task, within_seconds)
        await self._casework.close()


@dataclass(frozen=True, slots=True)
class Alerting:
    """The service: its app, what it has read, and what must run beside the app."""

    app: FastAPI
    known: Known
    following: Following
    notifier: Notifier


def alerting_of(settings: Settings, verifier: TokenVerifier, now: Now = system_now) -> Alerting:
    """Nothing is reached yet. To be called in the event loop that will run it. Raises CannotServe."""
    known = Known(now, round(settings.canary_every_seconds * 1000))
    follower = LogFollower(known, settings.kafka_bootstrap_servers, settings.kafka_security())
    casework = CaseworkGrpc(settings.casework_grpc)
    store, sender = _store_of(settings), _sender_of(settings)
    rules = Rules(settings.public_url, settings.working_days, round(settings.notify_retry_seconds * 1000))
    notifier = Notifier(known, Notifying(known, store, sender, verifier, rules), store)
    app = create_service_app("Alerting", "alerting", verifier, {"log": follower.ready, "notifications": notifier.ready})
    app.include_router(alert_routes(known, Acting(known, casework)))
    own = OwnChannels(store, sender, settings.working_days, settings.public_url, now, lambda: str(uuid.uuid4()))
    app.include_router(notification_routes(own))
    return Alerting(app, known, Following(known, follower, casework), notifier)


def _store_of(settings: Settings) -> SqliteNotifications:
    try:
        return SqliteNotifications(settings.alerting_dir)
    except StoreAway as error:
        raise CannotServe(error.detail) from None


def _sender_of(settings: Settings) -> AppriseSender:
    return AppriseSender(
        settings.notify_mail_url.get_secret_value(),
        settings.notify_sms_url.get_secret_value(),
        inner_addresses=settings.notify_inner_addresses,
    )


async def serve_alerting(settings: Settings) -> None:
    """REST on ALERTING_PORT until SIGTERM or SIGINT. Raises CannotServe."""
    await require_login(settings)
    alerting = alerting_of(settings, verifier_from_settings(settings))
    http = HttpServer(alerting.app, settings.inner_host, settings.alerting_port)
    # Stopped in reverse order: streams end first, and then nothing keeps the server waiting.
    await serve(http, alerting.notifier, alerting.following, stop_within_seconds=settings.stop_within_seconds)
