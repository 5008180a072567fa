"""What devices keep: every word their scripts say, files that are there, and what others wrote as they wrote it."""

from __future__ import annotations

import hashlib
import json
import re

import httpx
import pytest

from services.casework.domain.event_types import EVENT_TYPES
from services.web.app import create_app
from services.web.catalogue import Language, words_of
from services.web.kept_files import STATIC, words_json, worker_script
from tests.unit.services.web.test_face_pages import ADDRESSES, RolesAreTokens

SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(STATIC.glob("*.js"))}
SAID = sorted({key for text in SCRIPTS.values() for key in re.findall(r"""\b(?:say|count)\(\s*"([a-z_.]+)\"""", text)})
CHOSEN = sorted({key for text in SCRIPTS.values() for key in re.findall(r"\"((?:outbox|receipt)\.[a-z_]+)\"", text)})
NOT_OPENED = ("none", "signed_out", "lease_over", "wrong", "wiped", "unreadable")
WHY = ("offline", "sign_in", "others", "away")


def sentences(language: Language) -> dict[str, str]:
    found: dict[str, str] = json.loads(words_json(language))
    return found


@pytest.mark.parametrize("language", list(Language))
def test_every_sentence_of_the_scripts_is_served_in_every_language(language: Language) -> None:
    assert len(SAID) > 10
    wanted = {*SAID, *CHOSEN, *(f"outbox.why_{why}" for why in WHY), *(f"type.{name}" for name in EVENT_TYPES)}
    wanted |= {f"reading.{why}" for why in NOT_OPENED}
    wanted |= {f"outbox.words_{state}" for state in ("waiting", "kept", "refused")}
    wanted |= {f"month.{month}" for month in range(1, 13)}
    assert wanted - sentences(language).keys() == set()


def test_a_sentence_that_scripts_say_is_bangla_where_it_is_translated() -> None:
    assert sentences(Language.BANGLA)["outbox.sending"] != sentences(Language.ENGLISH)["outbox.sending"]


def test_the_reasons_for_waiting_are_those_that_have_words() -> None:
    assert set(re.findall(r'new Unsent\("(\w+)"', SCRIPTS["sending.js"])) | {"others"} == set(WHY)


def test_the_reasons_why_nothing_is_opened_are_those_that_have_words() -> None:
    closed = re.findall(r'new Closed\("(\w+)"', SCRIPTS["reading.js"] + SCRIPTS["sheets.js"])
    dropped = [
        why
        for name in ("reading.js", "worker.js", "keeping.js")
        for why in re.findall(r'\bdrop(?:In)?\((?:store, )?"(\w+)"', SCRIPTS[name])
    ]
    assert {*closed, *dropped} == set(NOT_OPENED)


def test_the_worker_keeps_files_that_are_there_and_all_that_they_import() -> None:
    shell = set(re.findall(r'"/static/([^"]+)",\n', SCRIPTS["worker.js"]))
    files = {name for name in shell if not name.startswith("words/")} - {"sealing-key.json"}
    assert {name for name in files if not (STATIC / name).is_file()} == set()
    assert shell - files == {"sealing-key.json", *(f"words/{language}.json" for language in Language)}
    imported = {found for name in files for found in re.findall(r'from "/static/([^"]+)"', SCRIPTS.get(name, ""))}
    assert imported <= files


def test_another_word_file_or_key_makes_another_edition(monkeypatch: pytest.MonkeyPatch) -> None:
    before = worker_script("a key")
    assert worker_script("another key").splitlines()[0] != before.splitlines()[0]
    worker_script.cache_clear()
    monkeypatch.setattr("services.web.kept_files.words_json", lambda language: b"other words")
    assert worker_script("a key").splitlines()[0] != before.splitlines()[0]
    worker_script.cache_clear()
    assert before.splitlines()[1:] == SCRIPTS["worker.js"].encode().splitlines()


async def test_what_is_the_same_for_everybody_is_not_sent_twice() -> None:
    app = create_app(ADDRESSES, httpx.AsyncClient(), RolesAreTokens())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://notebook.example") as browser:
        for path in ("/static/worker.js", "/static/words/bn.json", "/static/outbox.js"):
            first = await browser.get(path)
            again = await browser.get(path, headers={"if-none-match": first.headers["etag"]})
            assert (first.status_code, again.status_code, again.content) == (200, 304, b""), path
            # What a browser has, it has with its headers.
            assert "content-security-policy" in first.headers and "content-security-policy" not in again.headers
        worker = await browser.get("/static/worker.js")
        assert worker.headers["service-worker-allowed"] == "/"
        assert worker.headers["content-type"].startswith("text/javascript")
        assert (await browser.get("/static/words/xx.json")).status_code == 404


def test_what_others_wrote_is_what_the_list_says_and_has_its_licence() -> None:
    folder = STATIC / "vendor"
    lines = [line.split() for line in (folder / "VENDORED").read_text().splitlines() if not line.startswith("#")]
    written = {name: digest for name, _, _, _, digest in lines}
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert written == {name: digest for name, digest in there.items() if name != "VENDORED"}
    assert all(f"{name.partition('.')[0]}.LICENSE" in written for name in written)


def test_the_font_of_bangla_pages_has_every_letter_of_their_sentences() -> None:
    (ranges,) = re.findall(r"unicode-range: ([^;]+);", (STATIC / "notebook.css").read_text())
    has = {
        letter
        for first, last in re.findall(r"U\+([0-9A-F]+)(?:-([0-9A-F]+))?", ranges)
        for letter in range(int(first, 16), int(last or first, 16) + 1)
    }
    words = words_of(Language.BANGLA)
    said = {ord(letter) for key in words.written() for form in words.forms_of(key) for letter in form}
    assert {letter for letter in said if 0x0980 <= letter <= 0x09FF} <= has
    assert len(said & has) > 50


def test_what_no_script_says_is_not_sent_with_what_scripts_say() -> None:
    assert {"outbox.title", "record.what", "today.title"} & sentences(Language.ENGLISH).keys() == set()
