"""Changing the rules: typed, tried, and only then switched on. The routes behind the pages are casework's own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from services.casework.adapters.memory_history import MemoryHistory
from services.casework.adapters.memory_log import MemoryLog
from services.casework.application.event_log import LogRecord
from services.casework.application.policy_trials import Heard, TrialFailed
from services.casework.bootstrap import assemble, create_app
from services.casework.domain.control import PolicyChanged, Record
from services.casework.domain.instants import DAY
from services.casework.domain.policy import Policy
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.casework.domain.policy_trial import Foretold, PolicyTrial
from services.web.routes import Part
from tests.browser.accessible import violations
from tests.browser.by_keyboard import follow, press, tab_to
from tests.browser.by_keyboard import sign_in as sign_in_by_keyboard
from tests.browser.canned_answers import CASES, CASEWORKER, PASSWORD
from tests.browser.fake_services import FakeServices
from tests.browser.fake_verifier import FakeVerifier
from tests.browser_fixture import Faces, serving, sign_in
from tests.case_builder import CaseBuilder

POLICY = load_policy(DEFAULT_POLICY_PATH)
PARTITIONS = 12


@dataclass
class Replay:
    """Lives through one case, once `gate` is open; until then it is at 40 of 100 records."""

    history: list[tuple[Record, int]]
    gate: threading.Event = field(default_factory=threading.Event)
    fails: bool = False

    async def replay(self, organisation: str, draft: Policy, until: int, heard: Heard) -> Foretold:
        heard(40, 100)
        for _ in iter(self.gate.is_set, True):
            await asyncio.sleep(0.05)
        if self.fails:
            raise TrialFailed("the log broke off")
        trial = PolicyTrial(organisation, draft, until)
        for record, at in self.history:
            trial.take(record, at)
        trial.partition_ends()
        return trial.foretold()


@dataclass
class Rules:
    faces: Faces
    replay: Replay

    @property
    def url(self) -> str:
        return self.faces.url


@pytest.fixture
def rules() -> Iterator[Rules]:
    now = int(time.time() * 1000)
    story = CaseBuilder(case_id=CASES[0], organisation="rupantar")
    story = story.opened_on(now - 30 * DAY, caseworker_id=CASEWORKER).settled_on(now - 29 * DAY)
    for day in (28, 27):
        story = story.called_on(now - day * DAY, reached=False)
    replay = Replay([(PolicyChanged("", POLICY), 0), *story.records])
    log = MemoryLog(lambda: int(time.time() * 1000))
    casework = assemble(log, MemoryHistory(), replay, {"": POLICY})
    for partition in range(PARTITIONS):
        casework.view.take_in_record(LogRecord(partition, 0, now - 60 * DAY, PolicyChanged("", POLICY)))
    casework.view.complete.set()
    casework.view.published.set()
    with serving(FakeServices(rules=create_app(casework, FakeVerifier()))) as faces:
        yield Rules(faces, replay)


def try_two_attempts(page: Page, count: str = "2") -> None:
    page.locator("[data-rule-form=unreachable] summary").click()
    page.locator("[name='unreachable.count.n']").fill(count)
    page.locator("form[data-policy-form] button").click()


def change(page: Page, rule_id: str, name: str, text: str) -> None:
    """By the keyboard: opens the rule, goes to the field and types."""
    tab_to(page, page.locator(f"[data-rule-form={rule_id}] summary"))
    page.keyboard.press("Enter")
    tab_to(page, page.locator(f"[name='{name}']"))
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def test_the_head_changes_a_rule_tries_it_and_switches_it_on_by_keyboard_alone(
    rules: Rules, context: BrowserContext
) -> None:
    page = context.new_page()
    sign_in_by_keyboard(page, rules.url, "nasrin", PASSWORD, "/policy")
    page.wait_for_url(rules.url + "/policy")
    follow(page, "Change the rules")
    change(page, "unreachable", "unreachable.count.n", "2")
    press(page, "Try it")
    bar = page.locator("[data-progress]")
    expect(bar).to_have_attribute("value", "40")
    expect(page.locator("[data-percent]")).to_have_text("40")
    rules.replay.gate.set()
    told = page.locator("[data-trial=finished]")
    expect(told).to_be_visible()
    expect(told).to_have_attribute("data-cases", "1")
    expect(told).to_contain_text("1 case, ")
    raised = (told.get_attribute("data-raised-as-it-was"), told.get_attribute("data-raised-with-draft"))
    assert raised[0] and raised[1] and int(raised[1]) == int(raised[0]) + 1
    expect(page.locator("[data-verdict=only_with_draft]")).to_have_attribute("data-count", "1")
    expect(page.locator("[data-change=unreachable]")).to_contain_text("2 times in a row")
    expect(page.locator(f"[data-caseworker='{CASEWORKER}']")).to_contain_text("Asha Invented")
    press(page, "Switch it on")
    page.wait_for_url(rules.url + "/policy")
    expect(page.locator("[data-changed-by]")).to_contain_text("switched on by Nasrin")
    expect(page.locator("[data-policy]")).not_to_have_attribute("data-policy", POLICY.version)
    expect(page.locator("[data-rule=unreachable]")).to_contain_text("2 times in a row")


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_tried(rules: Rules, context: BrowserContext) -> None:
    page = sign_in(context, rules.url, "nasrin")
    page.goto(rules.url + "/policy/edit")
    page.locator("[data-rule-form=contact] summary").click()
    page.locator("[name='contact.grace.h']").fill("soon")
    try_two_attempts(page)
    expect(page.locator("[data-wrong]")).to_have_text("Write a number, like 7 or 1.5.")
    wrong = page.locator("[name='contact.grace.h']")
    expect(wrong).to_have_value("soon")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[name='unreachable.count.n']")).to_have_value("2")
    wrong.fill("0")
    page.locator("[name='contact.on']").uncheck()
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("[data-refusal]")).to_contain_text("nobody would notice")
    expect(page.locator("[data-wrong=contact]")).to_be_visible()
    page.goto(rules.url + "/policy/trial")
    expect(page.locator("[data-trial=none]")).to_be_visible()


def test_a_trial_that_fails_or_is_stopped_shows_no_figures(rules: Rules, context: BrowserContext) -> None:
    page = sign_in(context, rules.url, "nasrin")
    page.goto(rules.url + "/policy/edit")
    try_two_attempts(page)
    page.get_by_role("button", name="Stop the trial").click()
    expect(page.locator("[data-trial=cancelled]")).to_contain_text("Nothing is known")
    page.get_by_role("link", name="Go on changing it").click()
    expect(page.locator("[name='unreachable.count.n']")).to_have_value("2")
    rules.replay.fails = True
    page.locator("form[data-policy-form] button").click()
    expect(page.locator("[data-progress]")).to_be_visible()
    rules.replay.gate.set()
    expect(page.locator("[data-trial=failed]")).to_contain_text("Nothing is known")
    expect(page.locator("table")).to_have_count(0)
    expect(page.get_by_role("button", name="Switch it on")).to_have_count(0)


def test_without_a_script_it_is_looked_at_again_by_hand(rules: Rules, without_script: BrowserContext) -> None:
    page = sign_in(without_script, rules.url, "nasrin")
    page.goto(rules.url + "/policy/edit")
    try_two_attempts(page)
    expect(page.locator("[data-progress]")).to_have_attribute("value", "40")
    rules.replay.gate.set()
    eventually = time.monotonic() + 30
    # Asked for an attribute, the browser waits until there is a page: between two there is none, and nothing runs.
    while page.locator("[data-trial]").get_attribute("data-trial") == "running" and time.monotonic() < eventually:
        page.get_by_role("link", name="Look again").click()
    expect(page.locator("[data-trial=finished]")).to_be_visible()


def test_how_far_it_is_cannot_be_told_while_casework_is_away(rules: Rules, context: BrowserContext) -> None:
    page = sign_in(context, rules.url, "nasrin")
    page.goto(rules.url + "/policy/edit")
    try_two_attempts(page)
    expect(page.locator("[data-progress]")).to_be_visible()
    rules.faces.services.away = {Part.CASEWORK}
    expect(page.locator("[data-not-known]")).to_be_visible()
    page.goto(rules.url + "/policy/trial")
    expect(page.locator("[data-away=casework]")).to_be_visible()
    expect(page.locator("[data-progress]")).to_have_count(0)


def test_a_supervisor_of_an_area_changes_no_rules(rules: Rules, context: BrowserContext) -> None:
    page = sign_in(context, rules.url, "ruma")
    page.goto(rules.url + "/policy")
    expect(page.get_by_role("link", name="Change the rules")).to_have_count(0)
    for path in ("/policy/edit", "/policy/trial"):
        answer = page.goto(rules.url + path)
        assert answer is not None and answer.status == 403


@pytest.mark.parametrize(("language", "width"), [("en", 390), ("bn", 1200)])
def test_the_form_and_what_was_foretold_are_for_everybody(
    rules: Rules, context: BrowserContext, tmp_path: Path, language: str, width: int
) -> None:
    page = sign_in(context, rules.url, "nasrin")
    page.set_viewport_size({"width": width, "height": 844})
    rules.replay.gate.set()
    page.goto(f"{rules.url}/language?to={language}&back=/policy/edit")
    assert violations(page) == []
    page.screenshot(path=tmp_path / f"form-{language}.png", full_page=True)
    try_two_attempts(page, "২")
    expect(page.locator("[data-trial=finished]")).to_be_visible()
    for listed in page.locator("details").all():
        listed.locator("summary").click()
    assert violations(page) == []
    page.screenshot(path=tmp_path / f"trial-{language}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
