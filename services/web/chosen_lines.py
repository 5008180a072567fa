"""Lines of the inbox that were chosen to be acted on together, and what became of each."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Final

from services.casework.domain.case_code import case_code
from services.web.faces import NoSuchPage, Visit, fields_of, posted_form

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ChosenLine:
    """A case with the alerts that its line had when it was chosen: what came since, nobody has looked at."""

    case_id: str
    alert_ids: tuple[str, ...]

    @staticmethod
    def of(value: str) -> ChosenLine:
        """From the value of its box. Raises ValueError for what no page of ours has made."""
        case_id, *alert_ids = value.split(" ")
        if not alert_ids or not all(_ID.fullmatch(one) for one in (case_id, *alert_ids)):
            raise ValueError(f"not a line of the inbox: {value!r}")
        return ChosenLine(case_id, tuple(alert_ids))

    @staticmethod
    def of_case(value: str) -> ChosenLine:
        """From the value of a box of a list of cases, which names none of their alerts. Raises ValueError."""
        if not _ID.fullmatch(value):
            raise ValueError(f"not a case: {value!r}")
        return ChosenLine(value, ())

    @property
    def code(self) -> str:
        return case_code(self.case_id)

    @property
    def box(self) -> str:
        """What `of` reads."""
        return " ".join((self.case_id, *self.alert_ids))


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a chosen line. said: why it did not go through, "" when it did; status: of the answer then."""

    line: ChosenLine
    said: str = ""
    status: int = 200

    @property
    def went_through(self) -> bool:
        return not self.said


@dataclass(frozen=True, slots=True)
class Chosen:
    """A form over several lines, as it comes back. said: what was wrong with it as a whole, "" when nothing was.

    form_id: its own for life: what it sends twice is recorded once.
    """

    form_id: str = ""
    act: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[ChosenLine, ...] = ()
    became: tuple[Became, ...] = ()
    said: str = ""

    @property
    def through(self) -> tuple[Became, ...]:
        return tuple(one for one in self.became if one.went_through)

    @property
    def not_through(self) -> tuple[Became, ...]:
        return tuple(one for one in self.became if not one.went_through)

    @property
    def case_ids(self) -> frozenset[str]:
        """Whose boxes are ticked: all while nothing was sent, then those that did not go through."""
        left = (one.line for one in self.not_through) if self.became else self.lines
        return frozenset(line.case_id for line in left)


NOTHING_CHOSEN: Final = Chosen()


async def posted_choice(visit: Visit, acts: Container[str], line_of: Callable[[str], ChosenLine]) -> Chosen:
    """What was chosen and what is to be done with it. Raises NoSuchPage for what no form of ours has sent."""
    act = visit.request.path_params["act"]
    if act not in acts:
        raise NoSuchPage
    form = await posted_form(visit.request)
    typed = fields_of(form)
    try:
        lines = tuple(line_of(str(value)) for value in form.getlist("line"))
        form_id = str(uuid.UUID(typed.get("form_id", "")))
    except ValueError as error:
        raise NoSuchPage from error
    return Chosen(form_id, act, typed, lines)


def event_id_of(form_id: str, act: str, about: str, said: Mapping[str, object]) -> str:
    """The event that this form records of this alert or case: the same as long as it says the same."""
    return str(uuid.uuid5(uuid.UUID(form_id), json.dumps([act, about, said], sort_keys=True)))
