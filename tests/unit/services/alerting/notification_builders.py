"""People who are told of alerts, and a log and a way of sending that tests of notifications hold in their hands."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from services.access.domain.absences import Absence, StandIn
from services.access.domain.permissions import Area, Role
from services.access.domain.supervisors import Supervisor
from services.alerting.adapters.notification_store import SqliteNotifications
from services.alerting.application.known import Known
from services.alerting.application.notification_ports import NotSent
from services.alerting.application.notifying import Notifying, Rules
from services.alerting.domain.notifications.channels import LEVELS, Channel, ChannelKind
from services.casework.domain.instants import DAY, parse_instant
from services.casework.domain.policy import Severity
from services.casework.domain.transitions import AlertTransition
from tests.unit.services.alerting.alerting_builders import ORGANISATION

WORKING_DAYS = frozenset({"sunday", "monday", "tuesday", "wednesday", "thursday"})
SUNDAY_NOON = parse_instant("2026-03-01T12:00:00+06:00")
SUNDAY_NIGHT = parse_instant("2026-03-01T23:00:00+06:00")
MONDAY_EIGHT = parse_instant("2026-03-02T08:00:00+06:00")
THURSDAY_NIGHT = parse_instant("2026-03-05T23:00:00+06:00")
NEXT_SUNDAY_EIGHT = parse_instant("2026-03-08T08:00:00+06:00")

OF_UPAZILA = Supervisor("a-upazila", ORGANISATION, (Area("jashore", "sharsha"),))
OF_DISTRICT = Supervisor("b-district", ORGANISATION, (Area("jashore"),))
ELSEWHERE = Supervisor("c-elsewhere", ORGANISATION, (Area("khulna"),))
HEAD = Supervisor("d-head", ORGANISATION)
OF_OTHERS = Supervisor("e-others", "another-organisation")
ADDRESS = "https://notebook.example"


def away(who: Supervisor, delegate: Supervisor | None, since: int, until: int, *, is_covered: bool = True) -> StandIn:
    absence = Absence(f"away-{who.account_id}", who.account_id, delegate.account_id if delegate else "", since, until)
    return StandIn(
        absence, who.organisation, frozenset({Role.SUPERVISOR}), who.areas, is_covered and delegate is not None
    )


def channel_of(
    who: Supervisor,
    name: str = "",
    kind: ChannelKind = ChannelKind.WEBHOOK,
    severities: frozenset[Severity] = frozenset(Severity),
    levels: frozenset[int] = LEVELS,
) -> Channel:
    return Channel(name or f"channel-{who.account_id}", who.account_id, who.organisation, kind, severities, levels, 0)


class People:
    """A Directory that says what the test wants."""

    def __init__(self, *supervisors: Supervisor) -> None:
        self.there: Sequence[Supervisor] = supervisors
        self.away: list[StandIn] = []
        self.closed: set[str] = set()

    def supervisors(self) -> Sequence[Supervisor]:
        return self.there

    def stand_ins(self) -> Sequence[StandIn]:
        return self.away

    def closed_accounts(self) -> set[str]:
        return self.closed


class Sent:
    """A Sender that keeps what it took: (address, title, body). refusing: addresses that take nothing."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []
        self.refusing: set[str] = set()

    def kinds(self):
        return tuple(ChannelKind)

    def check(self, kind, address):
        return address

    def send(self, kind, address, title, body):
        if address in self.refusing:
            raise NotSent("not_taken")
        self.taken.append((address, title, body))


class House:
    """Alerting as far as it tells people, upon a store in a directory; its clock and its log are the test's."""

    def __init__(self, directory: Path, *supervisors: Supervisor, now: int = SUNDAY_NOON) -> None:
        self.now = now
        self.people, self.sent = People(*supervisors), Sent()
        self.store = SqliteNotifications(directory)
        self.known = Known(lambda: self.now)
        self.known.contents.complete = True
        self.notifying = self._started()
        self._offsets = itertools.count()
        self._fingerprint = b"once"

    def _started(self) -> Notifying:
        return Notifying(self.known, self.store, self.sent, self.people, Rules(ADDRESS, WORKING_DAYS, 30_000))

    def start_again(self) -> None:
        """Another process upon the same store; the log is read from its beginning."""
        self.notifying.close()
        self.notifying = self._started()

    def make_log_anew(self) -> None:
        """Nothing of it has been read yet, and its records have other times."""
        self.known.begin_anew()
        self.known.contents.complete = True
        self._offsets, self._fingerprint = itertools.count(), b"anew"

    def give_channel(self, who: Supervisor, name: str = "", **more) -> Channel:
        channel = channel_of(who, name, **more)
        self.store.add_channel(channel, f"address of {channel.channel_id}")
        return channel

    def tell(self, *transitions: AlertTransition) -> None:
        contents = self.known.contents
        for transition in transitions:
            offset = next(self._offsets)
            contents.transitions.note_read(0, offset, self._fingerprint)
            if contents.inbox.take_transition(transition):
                contents.transitions.append(0, offset, transition)

    async def go_on(self, until: int | None = None) -> list[tuple[str, str]]:
        """What was sent by then: (channel, body)."""
        before = len(self.sent.taken)
        await self.notifying.read_on()
        self.now = self.now if until is None else until
        await self.notifying.send_due()
        await self.notifying.settle()
        return [(address.removeprefix("address of "), body) for address, _, body in self.sent.taken[before:]]


def said(new: int = 0, older: int = 0) -> str:
    """The body of a message in English."""
    told = ([f"{new} new."] if new else []) + ([f"{older} older."] if older else [])
    return f"{' '.join(told)}\n{ADDRESS}"


LONG_AGO = SUNDAY_NOON - 3 * DAY
