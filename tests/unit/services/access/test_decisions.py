"""Every answer of `decide`, as a file that people read: roles x action x whose the case is.

Whoever changes it on purpose puts the file that the failure names in its place, and reads what differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path

from services.access.domain.permissions import (
    DAY,
    SCOPED_ACTIONS,
    Action,
    Area,
    CaseResource,
    Decision,
    Principal,
    Role,
    Scope,
    Tenure,
    decide,
    scope,
)

GOLDEN = Path(__file__).with_name("decisions.txt")
MAR_3 = 1_772_496_000_000
HER, COLLEAGUE = "her", "colleague"
SHARSHA = Area("jashore", "sharsha")
_LONG_AGO = MAR_3 - 400 * DAY


def _case(organisation: str, district: str, caseworker: str, *owners: Tenure, opened: bool = False) -> CaseResource:
    opened_to = frozenset({HER}) if opened else frozenset({COLLEAGUE})
    tenures = owners or (Tenure(caseworker, _LONG_AGO),)
    return CaseResource("case", organisation, district, "sharsha", caseworker, tenures, opened_to)


def _handed_over(days_ago: int) -> tuple[Tenure, Tenure]:
    at = MAR_3 - days_ago * DAY
    return Tenure(HER, _LONG_AGO, at), Tenure(COLLEAGUE, at)


WHOSE = {
    "own": _case("ours", "jashore", HER),
    "colleague's, in her area": _case("ours", "jashore", COLLEAGUE),
    "in another area": _case("ours", "khulna", COLLEAGUE),
    "other organisation's": _case("theirs", "jashore", HER, opened=True),
    "unknown": None,
    "hers until lately": _case("ours", "jashore", COLLEAGUE, *_handed_over(30)),
    "hers long ago": _case("ours", "jashore", COLLEAGUE, *_handed_over(91)),
    "glass broken": _case("ours", "jashore", COLLEAGUE, opened=True),
    "glass broken, in another area": _case("ours", "khulna", COLLEAGUE, opened=True),
}


def _principals() -> Iterator[tuple[str, Principal]]:
    """No role, every role, every two; a supervisor of an area and of the organisation."""
    for count in (0, 1, 2):
        for roles in combinations(Role, count):
            named = "+".join(roles) or "no role"
            if Role.SUPERVISOR not in roles:
                yield named, Principal(HER, "ours", frozenset(roles))
                continue
            for areas, of in (((SHARSHA,), "of an area"), ((), "of all")):
                yield f"{named} {of}", Principal(HER, "ours", frozenset(roles), areas)


def _word(decision: Decision) -> str:
    if decision.allowed:
        return "yes"
    return "hidden" if decision.hidden else "no"


def table() -> str:
    lines = ["# at: the day itself; " + ", ".join(f"{index}: {whose}" for index, whose in enumerate(WHOSE, 1))]
    lines.append("roles | action | " + " ".join(str(index).ljust(6) for index in range(1, len(WHOSE) + 1)).rstrip())
    for named, principal in _principals():
        for action in Action:
            answers = [_word(decide(principal, action, case, MAR_3)).ljust(6) for case in WHOSE.values()]
            lines.append(f"{named} | {action} | {' '.join(answers).rstrip()}")
    return "\n".join(lines) + "\n"


def test_every_decision_is_as_it_was_agreed(tmp_path: Path) -> None:
    found = table()
    written = tmp_path / "decisions.txt"
    written.write_text(found)
    must_be = GOLDEN.read_text() if GOLDEN.exists() else ""
    differing = sorted(set(found.splitlines()) ^ set(must_be.splitlines()))
    assert differing == [], f"obtained: {written}"


def test_the_head_of_an_organisation_is_a_supervisor_without_areas_and_nobody_else() -> None:
    heads = {named for named, principal in _principals() if principal.is_head}
    assert heads == {named for named, _ in _principals() if "supervisor" in named and named.endswith("of all")}


PLACED = [
    CaseResource("case", *where)
    for where in product(
        ("ours", "theirs"), ("", "jashore", "khulna"), ("", "sharsha", "benapole"), ("", HER, COLLEAGUE)
    )
]


def test_of_every_case_scope_and_decision_say_the_same_and_an_empty_scope_has_none() -> None:
    for named, principal in _principals():
        for action in sorted(SCOPED_ACTIONS):
            found = scope(principal, action)
            included = [case for case in PLACED if found.includes(case)]
            assert included == [case for case in PLACED if decide(principal, action, case).allowed], (named, action)
            assert found.is_empty == (included == []), (named, action)


def test_a_scope_of_which_nothing_is_said_is_empty() -> None:
    nothing = Scope("ours")
    assert nothing.is_empty
    assert not any(nothing.includes(case) for case in PLACED)
