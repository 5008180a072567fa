"""GET and POST below /v1/notifications: a person's own channels, and what an administrator sees of everybody's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeVar

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.access.domain.permissions import Action, Principal
from services.alerting.application.errors import AlertingError, InvalidAction
from services.alerting.application.notification_ports import Failing
from services.alerting.application.own_channels import Own, OwnChannels, Told
from services.alerting.domain.notifications.channels import Channel, Preferences
from services.alerting.domain.notifications.daytimes import WEEKDAYS, WorkingDays
from services.alerting.entrypoints.problems import problem_of
from services.casework.domain.instants import format_instant
from services.runtime.http import permitted

Json = dict[str, Any]
Hers = Annotated[Principal, Depends(permitted(Action.KEEP_OWN_CHANNELS))]
Administrator = Annotated[Principal, Depends(permitted(Action.READ_CHANNELS))]
Done = TypeVar("Done")

_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ChannelBody(Strict):
    """kind: email, sms, chat or webhook; address: never told again but for its last characters."""

    kind: str
    address: Annotated[str, Field(max_length=500)]
    severities: Annotated[list[str], Field(max_length=4)]
    levels: Annotated[list[int], Field(max_length=3)]


class PreferencesBody(Strict):
    """Times of day in Dhaka, like 08:00. The same twice: no quiet hours."""

    language: Literal["en", "bn"]
    digest_at: str
    quiet_from: str
    quiet_until: str


class DaysBody(Strict):
    days: Annotated[list[str], Field(max_length=7)]


def notification_routes(own: OwnChannels) -> APIRouter:
    router = APIRouter(prefix="/v1/notifications", tags=["notifications"])
    _add_own(router, own)
    _add_everybodys(router, own)
    return router


def _add_own(router: APIRouter, own: OwnChannels) -> None:
    @router.get("")
    async def read_own(principal: Hers) -> Json:
        """How she is told of alerts outside the inbox."""
        return _own_json(await _in_thread(lambda: own.of(principal)))

    @router.post("/preferences")
    async def say_preferences(principal: Hers, body: PreferencesBody) -> Json:
        """Language, when the digest comes, and quiet hours, in which only what is critical is told."""

        def said() -> Own:
            own.say(principal, _preferences(body))
            return own.of(principal)

        return _own_json(await _in_thread(said))

    @router.post("/channels", status_code=201)
    async def add_channel(principal: Hers, body: ChannelBody) -> Json:
        return _channel_json(
            await _in_thread(lambda: own.add(principal, body.kind, body.address, body.severities, body.levels))
        )

    @router.delete("/channels/{channel_id}")
    async def remove_channel(principal: Hers, channel_id: str) -> Json:
        """What was still to be told on it is not told."""
        await _in_thread(lambda: own.remove(principal, channel_id))
        return {"channel_id": channel_id}

    @router.post("/channels/{channel_id}:test")
    async def try_channel(principal: Hers, channel_id: str) -> Json:
        """Sends a test message now. `sent` false: it was not taken, `why` says why in a word."""
        trial = await _in_thread(lambda: own.try_out(principal, channel_id))
        return {"sent": trial.sent, "why": trial.why or None}


def _add_everybodys(router: APIRouter, own: OwnChannels) -> None:
    @router.get("/people")
    async def read_everybodys(principal: Administrator) -> Json:
        """Who is told on which kind of channel, and what could not be sent. No address."""
        return _told_json(await _in_thread(lambda: own.of_organisation(principal)))

    @router.post("/working-days")
    async def say_working_days(principal: Administrator, body: DaysBody) -> Json:
        """The organisation's: digests come on these alone."""

        def said() -> Told:
            own.say_working_days(principal, body.days)
            return own.of_organisation(principal)

        return _told_json(await _in_thread(said))


async def _in_thread(ask: Callable[[], Done]) -> Done:
    """What alerting refuses becomes the problem that a caller is told."""
    try:
        return await asyncio.to_thread(ask)
    except AlertingError as error:
        raise problem_of(error) from error


def _preferences(body: PreferencesBody) -> Preferences:
    """Raises InvalidAction."""
    times = {name: getattr(body, name) for name in ("digest_at", "quiet_from", "quiet_until")}
    wrong = [(name, "expected a time of day like 08:00") for name, said in times.items() if not _TIME.fullmatch(said)]
    if wrong:
        raise InvalidAction("this cannot be taken as it is", wrong)
    digest, quiet_from, quiet_until = (int(said[:2]) * 60 + int(said[3:]) for said in times.values())
    return Preferences(body.language, digest, quiet_from, quiet_until)


def _own_json(own: Own) -> Json:
    said = own.preferences
    return {
        "channels": [_channel_json(each.channel) | {"ending": each.ending} for each in own.channels],
        "language": said.language,
        "digest_at": _time(said.digest_minute),
        "quiet_from": _time(said.quiet_from),
        "quiet_until": _time(said.quiet_until),
        "working_days": _days(own.working_days),
        "kinds": list(own.kinds),
    }


def _told_json(told: Told) -> Json:
    return {
        "channels": [_channel_json(channel) | {"account_id": channel.account_id} for channel in told.channels],
        "failing": [_failing_json(failing) for failing in told.failing],
        "unheard": told.unheard,
        "working_days": _days(told.working_days),
        "kinds": list(told.kinds),
    }


def _channel_json(channel: Channel) -> Json:
    return {
        "channel_id": channel.channel_id,
        "kind": channel.kind,
        "severities": sorted(channel.severities),
        "levels": sorted(channel.levels),
        "made_at": format_instant(channel.made_at),
    }


def _failing_json(failing: Failing) -> Json:
    return {
        "channel_id": failing.channel.channel_id,
        "account_id": failing.channel.account_id,
        "kind": failing.channel.kind,
        "waiting": failing.waiting,
        "failures": failing.failures,
        "since": format_instant(failing.since),
        "why": failing.why,
        "next_try_at": format_instant(failing.next_try_at),
    }


def _days(days: WorkingDays) -> list[str]:
    return [day for day in WEEKDAYS if day in days]


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
