"""The detector stops: it is told, and red on an open page, within a minute."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, expect

from tests.browser_fixture import sign_in
from tests.faults.faulty_system import now
from tests.faults.table import in_words
from tests.faults.verdict import Run, scenario
from tests.faults_fixture import FaultsPlan

RED_WITHIN_MS = 60_000


def test_a_detector_that_stops_is_told_and_red_on_an_open_page_within_a_minute(
    faults: FaultsPlan, context: BrowserContext
) -> None:
    with scenario("detector stopped", faults.directory, faults.seed, faults.rate or 30) as run:
        machine, head = run.machine, run.machine.system.head
        page = sign_in(context, machine.system.url, head.sign_in_name, head.password)
        page.goto(f"{machine.system.url}/inbox")
        expect(page.locator("[data-stale-banner]")).to_be_hidden()
        with machine.disturbing():
            stopped = now()
            machine.kill("neglect_watch", held=True)
            assert machine.wait_until(lambda: _is_stale(run), RED_WITHIN_MS / 1000), "the detector is not told"
            told = now() - stopped
            expect(page.locator("[data-stale-banner]")).to_be_visible(timeout=RED_WITHIN_MS - told)
            red = now() - stopped
            machine.release("neglect_watch")
        run.figures["stopped"] = f"told after {told / 1000:.0f} s, red after {red / 1000:.0f} s"
        run.heals()
        expect(page.locator("[data-stale-banner]")).to_be_hidden(timeout=60_000)
        verdict = run.verdict()
    assert red <= RED_WITHIN_MS
    assert not verdict.violations, in_words(verdict.violations)


def _is_stale(run: Run) -> bool:
    answer = run.machine.system.get("/v1/detector", run.machine.system.head)
    return answer.status_code == 200 and answer.json()["stale"] is True
