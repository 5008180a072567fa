"""What stands on a page, read through its `data-` attributes (listed in services/web/README.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page


@dataclass(frozen=True)
class Line:
    """One case of the worklist."""

    case_id: str
    group: str
    rules: frozenset[str]
    overdue_since: str | None


@dataclass(frozen=True)
class Worklist:
    checked_until: str
    to_do: int
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Inbox:
    """alerts, cases: the counts the page states; listed: (case_id, rule_id, level) of each alert it lists."""

    checked_until: str
    cases_checked: int
    alerts: int
    cases: int
    listed: frozenset[tuple[str, str, int]]


@dataclass(frozen=True)
class Figure:
    """numerator and denominator are None where the page says “–” or nothing."""

    shown: str
    numerator: float | None
    denominator: float | None
    is_hidden: bool


@dataclass(frozen=True)
class Outcomes:
    start: str
    end: str
    as_of: str
    indicators: dict[str, Figure]


def read_worklist(page: Page) -> Worklist:
    """/today; all its lines must be on one page."""
    assert page.locator("[data-more]").count() == 0
    listed = page.locator("[data-group] li[data-case]").evaluate_all(
        """lines => lines.map(line => ({...line.dataset, group: line.closest("[data-group]").dataset.group}))"""
    )
    lines = tuple(
        Line(line["case"], line["group"], frozenset(line["rules"].split()), line["overdueSince"] or None)
        for line in listed
    )
    whole = page.locator("[data-worklist]")
    assert int(_attribute(whole, "data-lines")) == len(lines)
    return Worklist(_checked_until(page), int(_attribute(whole, "data-to-do")), lines)


def read_inbox(page: Page) -> Inbox:
    """/inbox without filters; all its cases must be on one page."""
    assert page.locator("[data-more]").count() == 0
    listed = page.locator("[data-alert]").evaluate_all(
        """alerts => alerts.map(alert => ({...alert.dataset, case: alert.closest("[data-case]").dataset.case}))"""
    )
    whole = page.locator("[data-inbox]")
    return Inbox(
        _checked_until(page),
        int(_attribute(page.locator("[data-freshness]"), "data-cases-checked")),
        int(_attribute(whole, "data-alerts")),
        int(_attribute(whole, "data-cases")),
        frozenset((alert["case"], alert["rule"], int(alert["level"])) for alert in listed),
    )


def read_outcomes(page: Page) -> Outcomes:
    """/outcomes: the totals of the period."""
    period = page.locator("[data-period]")
    listed = page.locator("[data-indicator]").evaluate_all("found => found.map(one => ({...one.dataset}))")
    return Outcomes(
        _attribute(period, "data-from"),
        _attribute(period, "data-to"),
        _attribute(period, "data-as-of"),
        {
            one["indicator"]: Figure(
                one["shown"], _number(one["numerator"]), _number(one["denominator"]), one["hidden"] == "yes"
            )
            for one in listed
        },
    )


def _checked_until(page: Page) -> str:
    return _attribute(page.locator("[data-freshness]"), "data-checked-until")


def _attribute(found: Any, name: str) -> str:
    value = found.get_attribute(name)
    assert value, f"{name} is missing or empty"
    return str(value)


def _number(text: str) -> float | None:
    return float(text) if text else None
