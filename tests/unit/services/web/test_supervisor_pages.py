"""The supervisor's pages as they are served, in front of services that give canned answers; no browser."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.runtime.problems import Problem
from services.web.app import create_app
from services.web.routes import Part
from services.web.sessions import FORM_FIELD, form_token
from tests.browser.canned_answers import (
    CASES,
    CASEWORKER,
    OTHER_CASEWORKER,
    a_load,
    a_paused_case,
    a_silent_case,
    ago,
    an_alert,
    an_overseen_case,
)
from tests.browser.fake_services import FakeServices
from tests.browser.fake_verifier import FakeVerifier

FORM = str(uuid.UUID(int=7))
ALERTS = [f"77777777-7777-5777-8777-{number:012}" for number in range(1, 5)]
ENDED = Problem(409, "Ended", "the alert ended")


@dataclass
class Desk:
    """Nasrin at her browser, without scripts."""

    services: FakeServices
    client: httpx.AsyncClient

    async def get(self, path: str, lang: str = "en") -> httpx.Response:
        return await self.client.get(path, headers={"cookie": f"session=nasrin; language={lang}"})

    async def post(self, path: str, **fields: str | list[str]) -> httpx.Response:
        headers = {"cookie": "session=nasrin", "sec-fetch-site": "same-origin"}
        form = {FORM_FIELD: form_token("nasrin"), "form_id": FORM} | fields
        return await self.client.post(path, data=form, headers=headers)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    services = FakeServices(policy=load_policy(DEFAULT_POLICY_PATH))
    services.alerts = [
        a_silent_case(CASES[0], an_alert(1, "Help", "critical", 1, "Why."), an_alert(2, "Visit", "low", 3, "Why.")),
        a_silent_case(CASES[1], an_alert(3, "Contact", "high", 5, "Why."), district="jashore", upazila="sharsha"),
    ]
    services.overseen = {
        "paused": [a_paused_case(CASES[0], "her_wish", 2), a_paused_case(CASES[1], "import", 60)],
        "unowned": [an_overseen_case(CASES[2], caseworker_id=None, since=None, state="unread")],
    }
    services.loads = [a_load(CASEWORKER, 31, 2, 3), a_load(None, 4, 1)]
    inside = httpx.AsyncClient(transport=httpx.ASGITransport(services.app()))
    origin = create_app(dict.fromkeys(Part, "http://parts.inside"), inside, FakeVerifier())
    transport = httpx.ASGITransport(origin)
    async with httpx.AsyncClient(transport=transport, base_url="http://notebook.example") as client:
        yield Desk(services, client)


@pytest.mark.parametrize("lang", ["en", "bn"])
@pytest.mark.parametrize(
    "path",
    ["/inbox", "/inbox?area=khulna", "/caseworkers", "/policy", f"/cases/{CASES[0]}"]
    + [f"/cases?which={which}" for which in ("paused", "short_pauses", "unopened", "unowned")],
)
async def test_every_page_is_served_in_both_languages(desk: Desk, path: str, lang: str) -> None:
    answer = await desk.get(path, lang)
    assert answer.status_code == 200 and f'<html lang="{lang}">' in answer.text
    assert len(re.findall("<h1", answer.text)) == 1


async def test_lines_that_were_chosen_are_acted_on_and_the_filters_are_kept(desk: Desk) -> None:
    lines = [f"{CASES[0]} {ALERTS[0]} {ALERTS[1]}", f"{CASES[1]} {ALERTS[2]}"]
    answer = await desk.post("/inbox/chosen/acknowledge?area=jashore/sharsha&level=1", line=lines)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/inbox?area=jashore/sharsha&level=1&done=acknowledge&n=2"
    assert sorted(path for path, _ in desk.services.posts) == [f"/v1/alerts/{one}:acknowledge" for one in ALERTS[:3]]
    shown = await desk.get(answer.headers["location"])
    assert "2 lines acknowledged" in shown.text
    assert '<option value="jashore/sharsha" selected>' in shown.text
    assert desk.services.questions[0]["upazila"] == "sharsha"


async def test_a_refused_line_is_named_stays_chosen_and_its_event_keeps_its_id(desk: Desk) -> None:
    desk.services.refusals = {ALERTS[2]: ENDED}
    lines = [f"{CASES[0]} {ALERTS[0]}", f"{CASES[1]} {ALERTS[2]}"]
    typed = {"until": "2030-03-01T15:30", "reason": "her_wish"}
    answer = await desk.post("/inbox/chosen/snooze", line=lines, **typed)
    assert answer.status_code == 409
    assert 'data-through="1" data-not-through="1"' in answer.text
    assert re.findall(r'value="(\S+) [^"]*" autocomplete="off" data-choose checked', answer.text) == [CASES[1]]
    assert 'value="2030-03-01T15:30"' in answer.text
    await desk.post("/inbox/chosen/snooze", line=lines[1:], **typed)
    sent = [body["event_id"] for path, body in desk.services.posts if ALERTS[2] in path]
    assert len(sent) == 2 and len(set(sent)) == 1


async def test_while_alerting_is_away_it_says_what_became_of_each_line_and_offers_to_send_the_rest(desk: Desk) -> None:
    desk.services.away = {Part.ALERTING}
    answer = await desk.post("/inbox/chosen/reassign", line=f"{CASES[1]} {ALERTS[2]}", caseworker_id=OTHER_CASEWORKER)
    assert answer.status_code == 503
    assert "data-send-again" in answer.text and f'value="{CASES[1]} {ALERTS[2]}"' in answer.text
    assert f'name="caseworker_id" value="{OTHER_CASEWORKER}"' in answer.text


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("/inbox/chosen/acknowledge", {}, "choose at least one line"),
        ("/inbox/chosen/snooze", {"line": f"{CASES[1]} {ALERTS[2]}", "until": "soon"}, "Enter a day and a time."),
        ("/inbox/chosen/reassign", {"line": f"{CASES[1]} {ALERTS[2]}"}, "choose a caseworker"),
        ("/cases/chosen/assign?which=unowned", {"line": CASES[2]}, "choose a caseworker"),
        ("/cases/chosen/close?which=unowned", {"line": CASES[2]}, "choose a reason"),
    ],
)
async def test_what_is_missing_is_said_and_nothing_is_sent(
    desk: Desk, path: str, fields: dict[str, str], said: str
) -> None:
    answer = await desk.post(path, **fields)
    assert answer.status_code == 422 and said in answer.text
    assert desk.services.posts == []


@pytest.mark.parametrize("path", ["/inbox/chosen/end", "/cases/chosen/erase", "/cases/chosen/close?which=all"])
async def test_what_no_form_offers_is_nowhere(desk: Desk, path: str) -> None:
    assert (await desk.post(path, line=CASES[0])).status_code == 404


async def test_the_follow_up_of_several_cases_is_started_and_sent_again_it_is_recorded_once(desk: Desk) -> None:
    desk.services.refusals = {CASES[1]: Problem(403, "Not permitted", "not in your care")}
    answer = await desk.post("/cases/chosen/resume?which=paused", line=[CASES[0], CASES[1]])
    assert answer.status_code == 403 and "not in your care" in answer.text
    (sent_at,) = re.findall(r'name="occurred_at" value="([^"]+)"', answer.text)
    desk.services.refusals = {}
    again = await desk.post("/cases/chosen/resume?which=paused", line=[CASES[0], CASES[1]], occurred_at=sent_at)
    assert again.headers["location"] == "/cases?which=paused&done=resume&n=2"
    assert [event["type"] for event in desk.services.recorded.values()] == ["contact_resumed"] * 2
    assert len(desk.services.posts) == 4
    assert "has started" in (await desk.get(again.headers["location"])).text


async def test_imported_cases_are_counted_in_red_and_pauses_about_to_end_are_marked(desk: Desk) -> None:
    shown = (await desk.get("/cases?which=paused")).text
    assert '<p class="refusal" data-imported="1">' in shown
    assert shown.count("data-ends-soon") == shown.count("data-short") == 1


@pytest.mark.parametrize(("part", "unknown"), [(Part.CASEWORK, "data-open"), (Part.ALERTING, "data-alerts")])
async def test_a_part_that_is_away_leaves_its_columns_unknown_never_0(desk: Desk, part: Part, unknown: str) -> None:
    desk.services.away = {part}
    shown = await desk.get("/caseworkers")
    assert shown.status_code == 200 and f'data-away="{part}"' in shown.text
    assert re.findall(rf'{unknown}="(\d*)"', shown.text) and not re.search(rf'{unknown}="\d', shown.text)
    desk.services.away = {Part.CASEWORK, Part.ALERTING}
    assert (await desk.get("/caseworkers")).status_code == 503


async def test_who_stands_in_is_named_beside_who_is_away(desk: Desk) -> None:
    away = {"absence_id": "1", "account_id": CASEWORKER, "delegate_id": OTHER_CASEWORKER}
    desk.services.absences = [away | {"since": ago(days=1), "until": ago(days=-4)}]
    for path in ("/inbox", "/caseworkers"):
        assert "Runa Invented stands in" in (await desk.get(path)).text


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("open", {"contact_paused", "case_assigned", "case_closed"}),
        ("paused", {"contact_resumed", "case_assigned", "case_closed"}),
        ("closed", {"case_reopened"}),
        ("ended", {"case_reopened"}),
    ],
)
async def test_her_page_offers_what_can_be_done_with_the_whole_case(desk: Desk, state: str, offered: set[str]) -> None:
    desk.services.state = state
    shown = (await desk.get(f"/cases/{CASES[0]}")).text
    acts = shown[shown.index("data-charge-acts") :].partition("</section>")[0]
    assert set(re.findall(r"record\?type=(\w+)", acts)) == offered


async def test_every_rule_is_said_with_its_numbers_in_the_numerals_of_the_language(desk: Desk) -> None:
    shown = (await desk.get("/policy")).text
    assert "at least every 7 days for the first 30 days" in shown and "in force since 1 Jan 2026, 06:00" in shown
    assert "An alert is raised 1 day after it was due. It goes up a level every 2 days" in shown
    assert "অন্তত প্রতি ৭ দিন" in (await desk.get("/policy", "bn")).text
