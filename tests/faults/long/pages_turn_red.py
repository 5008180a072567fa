"""The ways in which a part can stop that `tests/browser/test_pages_turn_red` leaves out for their time."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.test_pages_turn_red import How, frozen, killed, pages, red_and_well_again, stopped
from tests.system_fixture import System

__all__ = ["pages"]  # a fixture, found by its name


@pytest.mark.parametrize(
    ("how", "name"),
    [
        (killed, "neglect_watch"),
        (stopped, "neglect_watch"),
        (frozen, "alerting"),
        (killed, "alerting"),
        (killed, "web"),
    ],
)
def test_every_open_page_is_red_within_a_minute_of_a_part_that_stops_and_well_again_after(
    system: System, pages: dict[str, Page], how: How, name: str
) -> None:
    red_and_well_again(system, pages, how, name)
