"""Reading a policy from TOML. A bad file is refused whole, with the line and what was expected there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from services.casework.domain.event_types import ATTRIBUTES, Codes, Value
from services.casework.domain.facts import FACT_NAMES
from services.casework.domain.instants import parse_duration
from services.casework.domain.policy import (
    Cadence,
    Milestone,
    Policy,
    Response,
    Rule,
    RuleKind,
    Severity,
    Step,
    Streak,
    Title,
)
from services.casework.domain.policy_promise import silences_of
from services.casework.domain.policy_version import policy_version

DEFAULT_POLICY_PATH: Final = Path(__file__).parents[1] / "policy" / "default.toml"

_KIND_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "cadence": frozenset(("anchor", "satisfied_by", "steps", "ends_with")),
    "response": frozenset(("trigger", "satisfied_by", "within", "early", "repeat_answers")),
    "streak": frozenset(("counts", "count", "broken_by", "within")),
    "milestone": frozenset(("anchor", "at", "early", "satisfied_by", "ends_with")),
}
_RULE_KEYS: Final = frozenset(
    ("id", "kind", "title", "severity", "grace", "escalate_after", "applies_when", "while_paused", "when_closed")
)
_RULE_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_ATTRIBUTES: Final = {field.name: field.kind for field in ATTRIBUTES}
_FACTS: Final = frozenset(FACT_NAMES)
_LONGEST: Final = 100 * 366 * 86_400_000


class InvalidPolicy(ValueError):
    """The file is refused whole. `line` counts from 1; 0 where it concerns the file as such.

    rule: which of its rules, from 0; None above the first. key: of the faulty value; "" where it is none.
    """

    def __init__(self, path: Path, line: int, message: str, rule: int | None = None, key: str = "") -> None:
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")
        self.line = line
        self.message = message
        self.rule = rule
        self.key = key


def load_policy(path: Path) -> Policy:
    """The policy in a file, with what it extends. Raises InvalidPolicy; OSError when it cannot be read."""
    return _checked(path, *_load(path, frozenset()))


def policy_of(document: dict[str, Any], name: str) -> Policy:
    """The policy that a table of the same shape as a file states. Raises InvalidPolicy, without lines."""
    path = Path(name)
    return _checked(path, *_Reader(path, "", document).read(frozenset()))


def _checked(path: Path, settle: int, hold: int, rules: dict[str, Rule]) -> Policy:
    if not rules:
        raise InvalidPolicy(path, 0, "expected at least one [[rule]]")
    silences = silences_of(tuple(rules.values()))
    if silences:
        raise InvalidPolicy(path, 0, f"under this policy a case could fall silent unnoticed: {silences}")
    ordered = tuple(rules.values())
    return Policy(policy_version(settle, hold, ordered), settle, hold, ordered)


def _load(path: Path, above: frozenset[Path]) -> tuple[int, int, dict[str, Rule]]:
    if path.resolve() in above:
        raise InvalidPolicy(path, 0, "extends itself")
    text = path.read_text(encoding="utf-8")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise InvalidPolicy(path, int(line[1]) if line else text.count("\n") + 1, str(error)) from None
    return _Reader(path, text, document).read(above | {path.resolve()})


class _Reader:
    """One document, and where each of its keys stands."""

    def __init__(self, path: Path, text: str, document: dict[str, Any]) -> None:
        self.path, self.document = path, document
        self.lines = _key_lines(text)

    def fail(self, rule: int, key: str, message: str, within: str = "") -> InvalidPolicy:
        """within: the key in whose value the faulty one stands."""
        line = self.lines.get((rule, within or key), self.lines.get((rule, ""), 0))
        which = None if rule < 0 else rule
        return InvalidPolicy(self.path, line, f"{key}: {message}" if key else message, which, within or key)

    def read(self, above: frozenset[Path]) -> tuple[int, int, dict[str, Rule]]:
        unknown = set(self.document) - {"settle", "hold", "rule", "extends", "remove"}
        for key in sorted(unknown):
            raise self.fail(-1, key, "unknown key; expected settle, hold, extends, remove or [[rule]]")
        settle, hold, rules = self._extended(above)
        settle = self._duration(self.document, -1, "settle", settle)
        hold = self._duration(self.document, -1, "hold", hold)
        for rule_id in self._names(self.document, -1, "remove", frozenset(rules), ()):
            del rules[rule_id]
        stated = self.document.get("rule", [])
        if not isinstance(stated, list):
            raise self.fail(-1, "rule", "expected [[rule]] tables")
        seen: set[str] = set()
        for index, table in enumerate(stated):
            if not isinstance(table, dict):
                raise self.fail(index, "", "expected [[rule]] tables")
            rule = self._rule(index, table)
            if rule.id in seen:
                raise self.fail(index, "id", f"a second rule {rule.id!r}")
            seen.add(rule.id)
            rules[rule.id] = rule
        return settle, hold, rules

    def _extended(self, above: frozenset[Path]) -> tuple[int | None, int | None, dict[str, Rule]]:
        base = self.document.get("extends")
        if base is None:
            return None, None, {}
        if not isinstance(base, str):
            raise self.fail(-1, "extends", 'expected "default" or the path of a policy file')
        target = DEFAULT_POLICY_PATH if base == "default" else self.path.parent / base
        if not target.is_file():
            raise self.fail(-1, "extends", f"there is no policy file {base!r}")
        return _load(target, above)

    def _rule(self, index: int, table: dict[str, Any]) -> Rule:
        rule_id = table.get("id")
        if not isinstance(rule_id, str) or not _RULE_ID.fullmatch(rule_id):
            raise self.fail(index, "id", "expected an id of a-z, 0-9 and '-', like help-request")
        kind = table.get("kind")
        if not isinstance(kind, str) or kind not in _KIND_KEYS:
            raise self.fail(index, "kind", f"expected one of {', '.join(_KIND_KEYS)}")
        for key in table:
            if key not in _RULE_KEYS | _KIND_KEYS[kind]:
                raise self.fail(index, key, f"unknown key of a {kind} rule")
        return Rule(
            rule_id,
            self._title(index, table),
            self._severity(index, table),
            self._duration(table, index, "grace", None),
            self._duration(table, index, "escalate_after", None, least=1),
            self._kind(index, table, kind),
            self._applies_when(index, table),
            self._flag(table, index, "while_paused", default=False),
            self._flag(table, index, "when_closed", default=False),
        )

    def _kind(self, index: int, table: dict[str, Any], kind: str) -> RuleKind:
        def facts(key: str) -> tuple[str, ...]:
            return self._names(table, index, key, _FACTS, None)

        ends = self._names(table, index, "ends_with", _FACTS, ())
        if kind == "cadence":
            steps = self._steps(index, table)
            return Cadence(self._fact(index, table, "anchor"), facts("satisfied_by"), steps, ends)
        if kind == "response":
            within = self._duration(table, index, "within", None, least=-_LONGEST)
            early = self._duration(table, index, "early", 0)
            repeat = self._flag(table, index, "repeat_answers", default=True)
            return Response(facts("trigger"), facts("satisfied_by"), within, early, repeat)
        if kind == "streak":
            within = self._duration(table, index, "within", None, least=-_LONGEST)
            return Streak(facts("counts"), self._count(index, table), facts("broken_by"), within)
        at = table.get("at")
        if not isinstance(at, list) or not at:
            raise self.fail(index, "at", 'expected a list of durations like ["14d", "90d"]')
        days = tuple(self._duration({"at": text}, index, "at", None, least=-_LONGEST) for text in at)
        early = self._duration(table, index, "early", 0)
        return Milestone(self._fact(index, table, "anchor"), days, early, facts("satisfied_by"), ends)

    def _duration(
        self, table: dict[str, Any], index: int, key: str, default: int | None, least: int = 0, within: str = ""
    ) -> int:
        if key not in table:
            if default is None:
                raise self.fail(index, key, "required: a duration like 15m or 3d", within)
            return default
        value = table[key]
        try:
            duration = parse_duration(value if isinstance(value, str) else "")
        except ValueError as error:
            raise self.fail(index, key, str(error), within) from None
        if not least <= duration <= _LONGEST:
            expected = "expected a duration that is not negative" if least == 0 else "out of range"
            raise self.fail(index, key, expected, within)
        return duration

    def _names(
        self, table: dict[str, Any], index: int, key: str, known: frozenset[str], default: tuple[str, ...] | None
    ) -> tuple[str, ...]:
        if key not in table and default is not None:
            return default
        names = table.get(key)
        if not isinstance(names, list) or not names:
            raise self.fail(index, key, "required: a list of names")
        for name in names:
            if not isinstance(name, str) or name not in known:
                raise self.fail(index, key, f"unknown name {name!r}; expected one of {', '.join(sorted(known))}")
        return tuple(dict.fromkeys(names))

    def _fact(self, index: int, table: dict[str, Any], key: str) -> str:
        name = table.get(key)
        if not isinstance(name, str) or name not in _FACTS:
            raise self.fail(index, key, f"expected a fact, one of {', '.join(FACT_NAMES)}")
        return name

    def _count(self, index: int, table: dict[str, Any]) -> int:
        count = table.get("count")
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= 1000:
            raise self.fail(index, "count", "expected a whole number from 1")
        return count

    def _flag(self, table: dict[str, Any], index: int, key: str, *, default: bool) -> bool:
        value = table.get(key, default)
        if not isinstance(value, bool):
            raise self.fail(index, key, "expected true or false")
        return value

    def _title(self, index: int, table: dict[str, Any]) -> Title:
        title = table.get("title")
        if (
            not isinstance(title, dict)
            or set(title) != {"en", "bn"}
            or not all(isinstance(text, str) and text for text in title.values())
        ):
            raise self.fail(index, "title", 'expected { en = "…", bn = "…" }')
        return Title(title["en"], title["bn"])

    def _severity(self, index: int, table: dict[str, Any]) -> Severity:
        try:
            return Severity(str(table.get("severity")))
        except ValueError:
            raise self.fail(index, "severity", f"expected one of {', '.join(Severity)}") from None

    def _steps(self, index: int, table: dict[str, Any]) -> tuple[Step, ...]:
        stated = table.get("steps")
        if not isinstance(stated, list) or not stated or not all(isinstance(step, dict) for step in stated):
            raise self.fail(
                index, "steps", 'expected a list like [ { until = "30d", every = "7d" }, { every = "14d" } ]'
            )
        steps: list[Step] = []
        for step in stated:
            if set(step) - {"until", "every"}:
                raise self.fail(index, "steps", "a step has until and every, nothing else")
            until = self._duration(step, index, "until", None, least=1, within="steps") if "until" in step else None
            if steps and (steps[-1].until is None or (until is not None and until <= (steps[-1].until or 0))):
                raise self.fail(index, "steps", "expected rising `until`s; only the last step may leave it out")
            steps.append(Step(until, self._duration(step, index, "every", None, least=1, within="steps")))
        return tuple(steps)

    def _applies_when(self, index: int, table: dict[str, Any]) -> dict[str, Value]:
        conditions = table.get("applies_when", {})
        if not isinstance(conditions, dict):
            raise self.fail(index, "applies_when", 'expected attributes of the case, like { pathway = "family" }')
        checked: dict[str, Value] = {}
        for name, wanted in conditions.items():
            kind = _ATTRIBUTES.get(name)
            if kind is None:
                raise self.fail(index, "applies_when", f"unknown attribute {name!r}")
            try:
                parsed = kind.parse([wanted] if isinstance(kind, Codes) else wanted)
            except ValueError as error:
                raise self.fail(index, "applies_when", f"{name}: {error}") from None
            checked[name] = parsed[0] if isinstance(parsed, tuple) else parsed
        return checked


_HEADER: Final = re.compile(r"\s*\[\[\s*rule\s*\]\]")
_KEY: Final = re.compile(r"\s*\"?([A-Za-z_]+)\"?\s*[.=]")


def _key_lines(text: str) -> dict[tuple[int, str], int]:
    """Where each key stands: (index of its [[rule]], or -1 above the first; its name) → line from 1."""
    lines: dict[tuple[int, str], int] = {}
    rule = -1
    for number, line in enumerate(text.splitlines(), 1):
        if _HEADER.match(line):
            rule += 1
            lines[rule, ""] = number
        elif key := _KEY.match(line):
            lines.setdefault((rule, key[1]), number)
    return lines
