"""The colleagues whom a form offers and a page names, as access answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from services.web.backends import Json, PartAway
from services.web.dhaka import local
from services.web.faces import Visit, understood
from services.web.routes import Part

_log: Final = logging.getLogger("services.web")
_PATIENCE_SECONDS: Final = 2.0
"""For what stands beside a page's point: nobody waits for it longer."""


@dataclass(frozen=True, slots=True)
class Colleague:
    account_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Caseworkers:
    """The caseworkers this person may know of. is_away: access did not say, so the page says that instead."""

    known: tuple[Colleague, ...]
    names: Mapping[str, str]
    is_away: bool = False


async def caseworkers(visit: Visit, everybody: bool = False) -> Caseworkers:
    """everybody: for the head, all who have or had an account.

    Names are beside a page's point: without them it is still shown, and says that they are missing."""
    own = {visit.person.account_id: visit.person.name}
    try:
        answer = await visit.get("/v1/people", everybody="true" if everybody else None)
        with understood(Part.ACCESS):
            known = tuple(Colleague(told["account_id"], told["name"]) for told in answer["items"])
    except PartAway as failure:
        _log.warning("names cannot be shown: %s", failure)
        return Caseworkers((), own, is_away=True)
    return Caseworkers(known, own | {found.account_id: found.name for found in known})


@dataclass(frozen=True, slots=True)
class Account:
    """An account as its administrator sees it; areas by district and upazila, none: the whole organisation.

    invited_until: of an invitation that was not used yet.
    """

    account_id: str
    sign_in_name: str
    name: str
    roles: tuple[str, ...]
    areas: tuple[tuple[str, str], ...]
    is_closed: bool
    invited_until: str | None

    @staticmethod
    def of(told: Json) -> Account:
        return Account(
            told["account_id"],
            told["sign_in_name"],
            told["name"],
            tuple(told["roles"]),
            _areas(told["areas"]),
            told["closed_at"] is not None,
            told["invited_until"],
        )


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What was done with an account, and what it was afterwards. by: the account id of who did it, or a machine."""

    number: int
    at: str
    by: str
    what: str
    account_id: str
    roles: tuple[str, ...]
    areas: tuple[tuple[str, str], ...]

    @staticmethod
    def of(told: Json) -> AccountChange:
        return AccountChange(
            int(told["number"]),
            told["at"],
            told["by_account_id"],
            told["what"],
            told["account_id"],
            tuple(told["roles"]),
            _areas(told["areas"]),
        )


@dataclass(frozen=True, slots=True)
class LockOut:
    """A name that waits after wrong attempts."""

    account_id: str
    name: str
    failures: int
    blocked_until: str

    @staticmethod
    def of(told: Json) -> LockOut:
        return LockOut(told["account_id"], told["name"], int(told["failures"]), told["blocked_until"])


@dataclass(frozen=True, slots=True)
class Proposal:
    """What waits for a second person. what: invitation, roles or standing_in; the rest is empty where it says nothing.

    may_confirm: whether who looks may be the second person.
    """

    proposal_id: str
    account_id: str
    name: str
    asked_by: str
    asked_at: str
    expires_at: str
    may_confirm: bool
    what: str
    roles: tuple[str, ...]
    areas: tuple[tuple[str, str], ...]
    delegate: str
    since: str
    until: str

    @staticmethod
    def of(told: Json) -> Proposal:
        return Proposal(
            told["proposal_id"],
            told["account_id"],
            told["name"],
            told["asked_by"],
            told["asked_at"],
            told["expires_at"],
            told["may_confirm"] is True,
            told["what"],
            tuple(told.get("roles", ())),
            _areas(told.get("areas", ())),
            told.get("delegate", ""),
            told.get("since", ""),
            told.get("until", ""),
        )


async def waiting_proposals(visit: Visit) -> tuple[Proposal, ...]:
    """What she may know of that waits for a second person, the oldest first."""
    answer = await visit.get("/v1/proposals")
    with understood(Part.ACCESS):
        return tuple(Proposal.of(told) for told in answer["items"])


def _areas(told: Iterable[Json]) -> tuple[tuple[str, str], ...]:
    """By district and upazila; "" for all of the district."""
    return tuple((area["district"], area["upazila"] or "") for area in told)


@dataclass(frozen=True, slots=True)
class DeviceSession:
    """A device on which she is signed in. device: "" where it did not say what it is."""

    session_id: str
    device: str
    created_at: str
    last_used_at: str
    is_this: bool

    @staticmethod
    def of(told: Json) -> DeviceSession:
        return DeviceSession(
            told["session_id"], told["device"], told["created_at"], told["last_used_at"], told["is_this"] is True
        )


@dataclass(frozen=True, slots=True)
class Absence:
    """Who is away and who stands in, by name; "" for nobody, None for somebody whose name is not known here."""

    absence_id: str
    account_id: str
    who: str | None
    delegate: str | None
    since: str
    until: str

    @staticmethod
    def of(told: Json, names: Mapping[str, str]) -> Absence:
        delegate_id = told["delegate_id"]
        delegate = "" if delegate_id is None else names.get(delegate_id)
        who = names.get(told["account_id"])
        return Absence(told["absence_id"], told["account_id"], who, delegate, told["since"], told["until"])


async def absent_now(visit: Visit, names: Mapping[str, str]) -> Mapping[str, Absence] | None:
    """Who is away at this time, by account; None when access does not say."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            answer = await visit.get("/v1/absences")
        now = datetime.now(UTC)
        with understood(Part.ACCESS):
            told = (Absence.of(one, names) for one in answer["items"])
            return {one.account_id: one for one in told if local(one.since) <= now < local(one.until)}
    except (PartAway, TimeoutError) as failure:
        _log.warning("who is away cannot be shown: %s", failure)
        return None
