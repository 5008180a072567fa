"""The rules as a form: every number of them a field, and what was typed as a policy document again.

A field is named by where its value stands in the document, and by the unit it is typed in: `contact.grace.h` are the
hours of `grace` of the rule `contact`, `contact.steps.0.every.d` the days of its first step. What is typed is only read
here; whether it makes a policy, casework says.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from services.casework.domain.instants import DAY, HOUR, MINUTE, SECOND, format_duration, parse_duration
from services.casework.domain.policy import Severity
from services.web.backends import FieldRefusal, Json
from services.web.catalogue import latin_digits

UNITS: Final[Mapping[str, int]] = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": 1}
COUNT: Final = "n"
"""The unit of what is no duration."""
LIST: Final = "list"
"""The unit of several days in one field."""
SEVERITIES: Final = tuple(Severity)
OF_ALL_RULES: Final = ("settle", "hold")
_OF_A_RULE: Final = ("count", "within", "early", "grace", "escalate_after")
_NUMBER: Final = re.compile(r"[-−]?[0-9]{1,9}([.][0-9]{1,6})?", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Field:
    """name: in the form. label: what it is, a word of the catalogue. step: from 1, of a cadence. text: as it is typed.

    wrong: the catalogue's word for what is the matter with it, "" for nothing.
    """

    name: str
    label: str
    unit: str
    text: str
    step: int = 0
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class RuleForm:
    """is_on: whether the rule is part of the policy. wrong: of the rule as such."""

    rule_id: str
    title: str
    kind: str
    is_on: bool
    severity: str
    fields: tuple[Field, ...]
    wrong: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether anything of it is: then it must be in sight."""
        return bool(self.wrong) or any(one.wrong for one in self.fields)


@dataclass(frozen=True, slots=True)
class PolicyForm:
    """instead_of: the version it was made from. wrong: of the whole."""

    instead_of: str
    of_all: tuple[Field, ...]
    rules: tuple[RuleForm, ...]
    wrong: str = ""

    @property
    def number_wrong(self) -> int:
        fields = [*self.of_all, *(one for rule in self.rules for one in rule.fields)]
        return sum(bool(one.wrong) for one in fields) + sum(bool(rule.wrong) for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the form is made of: the rules that are on and those that are off, as documents, in a fixed order."""

    version: str
    policy: Json
    off: tuple[Json, ...]

    @staticmethod
    def of(answer: Json) -> Rules:
        return Rules(str(answer["version"]), answer["policy"], tuple(answer["off"]))

    @property
    def all(self) -> tuple[Json, ...]:
        return (*self.policy["rule"], *self.off)

    def with_draft(self, draft: Json) -> Rules:
        """The same with a draft's rules and numbers in place of those that hold; what the draft leaves out is off."""
        on = {rule["id"] for rule in draft["rule"]}
        off = tuple(rule for rule in self.all if rule["id"] not in on)
        return Rules(self.version, draft, off)


def form_of(
    rules: Rules, language: str, typed: Mapping[str, str] | None = None, wrong: Wrong | None = None
) -> PolicyForm:
    """typed: what is to stand in the fields in place of the rules' own numbers."""
    wrong = wrong or Wrong()
    is_on = (
        {rule["id"] for rule in rules.policy["rule"]}
        if typed is None
        else {rule["id"] for rule in rules.all if typed.get(f"{rule['id']}.on")}
    )
    return PolicyForm(
        rules.version,
        tuple(_field(_Place(name, name), rules.policy[name], typed, wrong) for name in OF_ALL_RULES),
        tuple(_rule_form(rule, rule["id"] in is_on, language, typed, wrong) for rule in rules.all),
        wrong.of_all,
    )


def draft_of(rules: Rules, typed: Mapping[str, str]) -> tuple[dict[str, Any], Wrong]:
    """The document that was typed, and what of it is no number; then the document is none to be sent."""
    wrong = Wrong()
    document: dict[str, Any] = {
        name: _read(_Place(name, name), rules.policy[name], typed, wrong) for name in OF_ALL_RULES
    }
    chosen = [rule for rule in rules.all if typed.get(f"{rule['id']}.on")]
    document["rule"] = [_rule_read(rule, typed, wrong) for rule in chosen]
    return document, wrong


@dataclass(slots=True)
class Wrong:
    """What is wrong, by field without its unit (`contact.grace`) or rule (`contact`), in words of the catalogue."""

    fields: dict[str, str] = field(default_factory=dict)
    of_all: str = ""

    def __bool__(self) -> bool:
        return bool(self.fields or self.of_all)


def wrong_of(document: Json, refusals: tuple[FieldRefusal, ...]) -> Wrong:
    """What casework refused of a document that was sent, at the fields it was made of."""
    wrong = Wrong()
    for refusal in refusals:
        match refusal.field.split("."):
            case ["policy", "rule", index, *rest] if index.isdigit() and int(index) < len(document["rule"]):
                rule_id = document["rule"][int(index)]["id"]
                wrong.fields[".".join((rule_id, *rest))] = _refused(rest[0] if rest else "")
            case ["policy", name] if name in OF_ALL_RULES:
                wrong.fields[name] = _refused(name)
            case _:
                wrong.of_all = "policy_edit.wrong_silent" if refusal.field == "policy" else "policy_edit.wrong_rules"
    return wrong


def _refused(key: str) -> str:
    special = {"steps", "count", "at", "escalate_after"}
    return f"policy_edit.wrong_{key}" if key in special else "policy_edit.wrong_duration"


# --- a rule -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands: its field's name without the unit, its label, and which step it is of."""

    name: str
    label: str
    step: int = 0


def _places(rule: Json) -> Iterator[tuple[_Place, Any]]:
    """Every number of a rule, in the order in which it is read."""
    rule_id = rule["id"]
    for number, step in enumerate(rule.get("steps", ())):
        for key in ("until", "every"):
            if key in step:
                yield _Place(f"{rule_id}.steps.{number}.{key}", key, number + 1), step[key]
    if "at" in rule:
        yield _Place(f"{rule_id}.at", "at"), rule["at"]
    for key in _OF_A_RULE:
        if key in rule:
            yield _Place(f"{rule_id}.{key}", key), rule[key]


def _rule_form(rule: Json, is_on: bool, language: str, typed: Mapping[str, str] | None, wrong: Wrong) -> RuleForm:
    rule_id = rule["id"]
    severity = rule["severity"] if typed is None else typed.get(f"{rule_id}.severity", rule["severity"])
    fields = tuple(_field(place, value, typed, wrong) for place, value in _places(rule))
    title = rule["title"]["bn" if language == "bn" else "en"]
    said = wrong.fields.get(rule_id, "")
    if not is_on and wrong.of_all == "policy_edit.wrong_silent" and rule["kind"] == "cadence":
        said = "policy_edit.wrong_off"
    return RuleForm(rule_id, title, rule["kind"], is_on, severity, fields, said)


def _rule_read(rule: Json, typed: Mapping[str, str], wrong: Wrong) -> dict[str, Any]:
    read: dict[str, Any] = copy.deepcopy(dict(rule))
    read["severity"] = typed.get(f"{rule['id']}.severity", rule["severity"])
    for place, value in _places(rule):
        given = _read(place, value, typed, wrong)
        path = place.name.split(".")[1:]
        if path[0] == "steps":
            read["steps"][int(path[1])][path[2]] = given
        else:
            read[path[0]] = given
    return read


# --- a value ----------------------------------------------------------------------------------------------------------


def _field(place: _Place, value: Any, typed: Mapping[str, str] | None, wrong: Wrong) -> Field:
    unit = _typed_unit(place, typed) or _unit_of(value)
    name = f"{place.name}.{unit}"
    text = _text(value, unit) if typed is None or name not in typed else typed[name]
    # A refusal of all steps is said at the first of them.
    said = wrong.fields.get(place.name) or (place.step == 1 and wrong.fields.get(place.name.rsplit(".", 2)[0])) or ""
    return Field(name, f"policy_edit.{place.label}", unit, text, place.step, said)


def _typed_unit(place: _Place, typed: Mapping[str, str] | None) -> str:
    units = (*UNITS, COUNT, LIST)
    return next((unit for unit in units if typed is not None and f"{place.name}.{unit}" in typed), "")


def _unit_of(value: Any) -> str:
    """In which a value is typed: days where it is some of them, else the largest that is whole."""
    if isinstance(value, int):
        return COUNT
    if isinstance(value, list):
        return LIST
    duration = parse_duration(value)
    if duration % DAY == 0 and abs(duration) > 3 * DAY:
        return "d"
    return next(unit for unit in ("h", "m", "s", "ms") if duration % UNITS[unit] == 0)


def _text(value: Any, unit: str) -> str:
    if unit == COUNT:
        return str(value)
    if unit == LIST:
        return ", ".join(_plain(parse_duration(one), DAY) for one in value)
    return _plain(parse_duration(value), UNITS[unit])


def _plain(duration: int, unit: int) -> str:
    whole, rest = divmod(duration, unit)
    return str(whole) if not rest else str((Decimal(duration) / unit).normalize())


def _read(place: _Place, value: Any, typed: Mapping[str, str], wrong: Wrong) -> Any:
    """What stands for the value in a document; what is no number is noted in `wrong`, and the value stays."""
    unit = _typed_unit(place, typed)
    if not unit:
        return value
    text = latin_digits(typed[f"{place.name}.{unit}"]).strip()
    try:
        return _parsed(text, unit)
    except ValueError as error:
        wrong.fields[place.name] = str(error)
        return value


def _parsed(text: str, unit: str) -> Any:
    """Raises ValueError, whose message is a word of the catalogue."""
    if unit == COUNT:
        if not _WHOLE.fullmatch(text):
            raise ValueError("policy_edit.wrong_count")
        return int(text)
    if unit == LIST:
        parts = [part for part in re.split(r"[,;،\s]+", text) if part]
        if not parts:
            raise ValueError("policy_edit.wrong_at")
        return [format_duration(_duration(part, DAY)) for part in parts]
    return format_duration(_duration(text, UNITS[unit]))


def _duration(text: str, unit: int) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError("policy_edit.wrong_number")
    duration = Decimal(text.replace("−", "-")) * unit
    if duration != int(duration):
        raise ValueError("policy_edit.wrong_number")
    return int(duration)
