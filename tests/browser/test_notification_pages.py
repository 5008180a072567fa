"""How people are told, in a real browser, over the real routes and store; what is sent stays in the test's hands."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from services.access.domain.permissions import CaseResource
from services.alerting.adapters.apprise_sender import AppriseSender
from services.alerting.adapters.notification_store import SqliteNotifications
from services.alerting.application.notification_ports import NotSent
from services.alerting.application.own_channels import OwnChannels
from services.alerting.domain.notifications.channels import LEVELS, Channel, ChannelKind
from services.alerting.domain.notifications.plan import Owed, Reached
from services.alerting.entrypoints.rest_notifications import notification_routes
from services.casework.domain.policy import Severity
from services.runtime.http import create_service_app
from services.web.routes import Part
from tests.browser.by_keyboard import enter, follow, press, select, tab_to, tick, type_into, unfold
from tests.browser.canned_answers import PEOPLE
from tests.browser.fake_services import FakeServices
from tests.browser.fake_verifier import FakeVerifier
from tests.browser_fixture import Faces, serving, sign_in
from tests.unit.services.alerting.notification_builders import WORKING_DAYS

PHONE = {"width": 390, "height": 844}
NASRIN = PEOPLE["nasrin"]


class NothingLeaves(AppriseSender):
    """Addresses are checked as they always are; whether it is taken, the test says."""

    def __init__(self) -> None:
        mail = "mailto://mail.example/?from=notebook@mail.example&to={to}"
        super().__init__(mail, "", inner_addresses=False)
        self.sent: list[tuple[ChannelKind, str, str, str]] = []
        self.why_not = ""

    def send(self, kind: ChannelKind, address: str, title: str, body: str) -> None:
        if self.why_not:
            raise NotSent(self.why_not)
        self.sent.append((kind, address, title, body))


@dataclass
class House:
    faces: Faces
    store: SqliteNotifications
    sender: NothingLeaves

    @property
    def url(self) -> str:
        return self.faces.url

    def give_channel(self) -> Channel:
        severities = frozenset(Severity)
        channel = Channel(
            str(uuid.uuid4()), NASRIN.account_id, NASRIN.organisation, ChannelKind.WEBHOOK, severities, LEVELS, now()
        )
        self.store.add_channel(channel, "https://hook.example/of-her-own")
        return channel


def now() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    store, sender = SqliteNotifications(tmp_path / "alerting"), NothingLeaves()
    own = OwnChannels(store, sender, WORKING_DAYS, "https://notebook.example", now, lambda: str(uuid.uuid4()))
    real = create_service_app("alerting", "alerting", FakeVerifier(), {})
    real.include_router(notification_routes(own))
    with serving(FakeServices(notifications=real)) as faces:
        yield House(faces, store, sender)


def test_a_supervisor_without_a_channel_reads_in_the_inbox_that_she_is_told_only_there(
    house: House, context: BrowserContext
) -> None:
    page = sign_in(context, house.url, "nasrin")
    expect(page.locator("[data-only-here]")).to_contain_text("You are told only here.")
    house.give_channel()
    page.reload()
    expect(page.locator("[data-inbox]")).to_be_visible()
    assert page.locator("[data-only-here]").count() == 0


def test_a_channel_is_added_tried_out_and_removed_and_times_are_said_by_keyboard_alone(
    house: House, context: BrowserContext
) -> None:
    page = sign_in(context, house.url, "nasrin")
    follow(page, "How I am told")
    expect(page.locator("[data-only-here]")).to_be_visible()
    unfold(page.locator("[data-add] > summary"))
    select(page.locator("#kind"), "E-mail")
    type_into(page, "Address", "salma@mail.example")
    page.keyboard.press("Enter")
    expect(page.locator("[data-done=added]")).to_be_visible()
    expect(page.locator("[data-channel]")).to_have_count(1)
    expect(page.locator("[data-channel]")).to_contain_text("…mple")
    assert "salma" not in page.content()
    enter(page, page.get_by_role("button", name="Send a test"))
    expect(page.locator("[data-done=sent]")).to_be_visible()
    ((kind, address, title, body),) = house.sender.sent
    assert (kind, address, title) == (ChannelKind.EMAIL, "salma@mail.example", "This is a test")
    assert body.endswith("https://notebook.example")
    enter(page, page.get_by_role("button", name="Send a test"))
    expect(page.locator("[data-done=too_soon]")).to_be_visible()
    tab_to(page, page.locator("#language"))
    page.keyboard.press("ArrowDown")
    enter(page, page.get_by_role("button", name="Save"))
    expect(page.locator("[data-done=times]")).to_be_visible()
    assert house.store.preferences()[NASRIN.account_id].language == "bn"
    enter(page, page.get_by_role("button", name="Remove"))
    expect(page.locator("[data-done=removed]")).to_be_visible()
    assert page.locator("[data-channel]").count() == 0


def test_a_test_that_is_not_taken_is_said_to_be_so_and_why(house: House, context: BrowserContext) -> None:
    house.give_channel()
    house.sender.why_not = "not_taken"
    page = sign_in(context, house.url, "nasrin")
    page.goto(f"{house.url}/notifications")
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("alert")).to_have_text("The test was not sent. The receiver did not take it.")


def test_what_was_typed_stays_when_it_is_no_address(house: House, context: BrowserContext) -> None:
    page = sign_in(context, house.url, "nasrin")
    page.goto(f"{house.url}/notifications")
    page.locator("[data-add] > summary").click()
    page.get_by_label("Kind").select_option("webhook")
    page.get_by_label("Address").fill("file:///etc/passwd")
    page.get_by_label("Low").uncheck()
    page.get_by_role("button", name="Add a channel").click()
    expect(page.locator("[data-wrong=address]")).to_be_visible()
    expect(page.get_by_label("Address")).to_have_value("file:///etc/passwd")
    expect(page.get_by_label("Address")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Kind")).to_have_value("webhook")
    expect(page.get_by_label("Low")).not_to_be_checked()
    expect(page.get_by_label("Critical")).to_be_checked()
    for name in ("Critical", "High", "Medium"):
        page.get_by_label(name).uncheck()
    page.get_by_role("button", name="Add a channel").click()
    expect(page.locator("[data-wrong=severities]")).to_be_visible()


def test_times_are_said_and_a_morning_in_the_quiet_hours_is_not_taken(house: House, context: BrowserContext) -> None:
    page = sign_in(context, house.url, "nasrin")
    page.goto(f"{house.url}/notifications")
    page.get_by_label("In the morning at").fill("05:00")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-wrong=digest_at]")).to_be_visible()
    expect(page.get_by_label("In the morning at")).to_have_value("05:00")
    page.get_by_label("In the morning at").fill("09:30")
    page.get_by_label("Language of messages").select_option("bn")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-done=times]")).to_be_visible()
    expect(page.get_by_label("In the morning at")).to_have_value("09:30")
    kept = house.store.preferences()[NASRIN.account_id]
    assert (kept.digest_minute, kept.language) == (9 * 60 + 30, "bn")


def fail_something(house: House) -> None:
    channel = house.give_channel()
    owed = Owed("alert", 1, 1, channel.channel_id, "case", True, False, now() - 3_600_000)
    nobodys = Reached("another", 1, 1, Severity.HIGH, now(), CaseResource("case", NASRIN.organisation))
    house.store.note([owed], [nobodys], None, now())
    house.store.mark_failed([owed], "not_taken", now(), 30_000)


def test_an_administrator_sees_who_is_told_and_what_failed_and_no_address(
    house: House, context: BrowserContext
) -> None:
    page = sign_in(context, house.url, "admin")
    follow(page, "Who is told, and what failed")
    expect(page.locator("[data-none-failing]")).to_be_visible()
    expect(page.locator("[data-nobody]")).to_be_visible()
    fail_something(house)
    page.reload()
    expect(page.locator("[data-failing] tbody tr")).to_contain_text("Nasrin Invented")
    expect(page.locator("[data-failing] tbody tr")).to_contain_text("The receiver did not take it.")
    expect(page.locator("[data-unheard]")).to_have_attribute("data-unheard", "1")
    assert "hook.example" not in page.content() and "of-her-own" not in page.content()
    tick(page.get_by_label("Fri"))
    press(page, "Save")
    expect(page.locator("[data-done=days]")).to_be_visible()
    assert "friday" in house.store.working_days()[NASRIN.organisation]
    for day in ("Fri", "Sun", "Mon", "Tue", "Wed", "Thu"):
        tick(page.get_by_label(day))
    press(page, "Save")
    expect(page.locator("[data-wrong=days]")).to_be_visible()


def test_while_alerting_is_away_no_page_says_that_nothing_failed(house: House, context: BrowserContext) -> None:
    page = sign_in(context, house.url, "admin")
    house.faces.services.away.add(Part.ALERTING)
    page.goto(f"{house.url}/notifications/people")
    expect(page.locator("[data-away=alerting]")).to_be_visible()
    assert page.locator("[data-none-failing]").count() == 0


def is_too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize("language", ["en", "bn"])
def test_both_pages_fit_a_phone_in_both_languages_and_break_no_rule_of_their_own(
    house: House, chromium: Browser, language: str
) -> None:
    fail_something(house)
    for name, path in (("nasrin", "/notifications"), ("admin", "/notifications/people")):
        context = chromium.new_context(viewport=PHONE)
        page = sign_in(context, house.url, name)
        context.add_cookies([{"name": "language", "value": language, "url": house.url}])
        said: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text))
        answer = page.goto(house.url + path)
        assert answer is not None and answer.ok
        assert page.locator("html").get_attribute("lang") == language
        assert not is_too_wide(page), path
        assert [line for line in said if "Content Security Policy" in line] == []
        context.close()
