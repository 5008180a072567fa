"""Scripts read forms, name cases and write times exactly as the services do."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import BrowserContext

from services.casework.domain.case_code import case_code
from services.casework.domain.event_types import (
    Code,
    Codes,
    Country,
    Day,
    EventType,
    Field,
    Flag,
    Instant,
    Kind,
    Recorder,
    Scores,
    Whole,
)
from services.web.catalogue import Language, words_of
from services.web.forms import controls_of, read_typed
from tests.browser_fixture import Faces, sign_in

TYPED: list[tuple[Kind, list[str]]] = [
    (Flag(), ["true", "false", "perhaps", ""]),
    (Whole(0, 10_000), ["12", " 1,200 ", "১২", "-3", "1.5", "twelve", "1 000"]),
    (Codes(), ["one, another", "one\nanother\n", ",", "tailoring"]),
    (Country(), ["in", "BD"]),
    (Code(), [" sewing_machine_operator "]),
    (Instant(), ["2026-03-01T15:30", "২০২৬-০৩-০১T১৫:৩০", "2026-02-30T15:30", "soon", "2026-03-01T15:30:01Z"]),
    (Day(), ["2026-03-12", "২০২৬-০৩-১২", "2026-02-30", "12 March"]),
    (Scores(), ["safety 0.5\nhope: ০.২৫", "safety=1", "safety", "safety half", "a b c"]),
]
CASES_TYPED = [(kind, text) for kind, texts in TYPED for text in texts]
READ_IN_BROWSER = """async ([reads, text]) => {
    const { readTyped } = await import("/static/typed.js");
    const form = document.createElement("form");
    const control = document.createElement("div");
    Object.assign(control.dataset, { field: "it", reads });
    const area = document.createElement("textarea");
    Object.assign(area, { name: "it", value: text });
    control.append(area);
    form.append(control);
    const { data, unreadable } = readTyped(form);
    return [data, unreadable];
}"""


def test_a_form_says_the_same_with_a_script_as_without(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "asha")
    for kind, text in CASES_TYPED:
        event_type = EventType("any", {"it": Field("it", kind)}, (), Recorder.CASEWORKER)
        (control,) = controls_of(event_type)
        # A form sends line breaks as two characters, whatever they are in the page.
        by_service = read_typed(event_type, {"it": text.replace("\n", "\r\n")})
        data, unreadable = page.evaluate(READ_IN_BROWSER, [control.reads, text])
        assert (data, unreadable) == (by_service.data, list(by_service.unreadable)), (control.reads, text)


def test_a_device_names_a_case_as_the_services_do(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "asha")
    ids = [str(uuid.UUID(int=number * 0x9E3779B97F4A7C15 * 0x1F3D5B79 % 2**128)) for number in range(1, 200)]
    codes = page.evaluate(
        """async (ids) => {
            const { caseCode } = await import("/static/case-code.js");
            return ids.map(caseCode);
        }""",
        ids,
    )
    assert codes == [case_code(case_id) for case_id in ids]


@pytest.mark.parametrize("language", list(Language))
def test_a_device_writes_times_as_the_pages_do(faces: Faces, context: BrowserContext, language: Language) -> None:
    page = sign_in(context, faces.url, "asha")
    page.goto(f"{faces.url}/language?to={language}&back=/today")
    instants = ["2026-03-01T20:30:00.000Z", "2025-12-31T17:59:59.999Z", "2026-11-05T04:31:00Z"]
    written = page.evaluate(
        """async (instants) => {
            const { time } = await import("/static/words.js");
            return instants.map(time);
        }""",
        instants,
    )
    assert written == [words_of(language).time(instant) for instant in instants]
