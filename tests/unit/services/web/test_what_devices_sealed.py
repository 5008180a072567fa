"""What a device sealed is handed on by the origin as if it had been sent in clear, and opened for nobody else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.runtime.problems import Problem
from services.vault.bootstrap import Vault
from services.vault.bootstrap import create_app as create_app_of_vault
from services.vault.domain.audit_chain import Deed
from services.web.app import create_app
from services.web.catalogue import Language
from services.web.catalogue import words_of as catalogue_of
from services.web.routes import Part
from services.web.sealing_keys import SealingKeys
from services.web.sessions import FORM_HEADER, form_token
from tests.browser.canned_answers import CASES, CASEWORKER, OTHER_CASEWORKER
from tests.browser.fake_services import FakeServices
from tests.browser.fake_verifier import FakeVerifier
from tests.sealed_entry import Json, an_envelope, sealed_entry
from tests.vault_fixture import MAR_3, CaseworkTable, vault_in

KEYS = SealingKeys.of_this_process()
KEY = KEYS.offered.to_json()
NOTE = "44444444-4444-4444-8444-444444444444"
SAID = catalogue_of(Language.ENGLISH)


@dataclass
class Device:
    services: FakeServices
    client: httpx.AsyncClient
    vault: Vault

    async def sends(self, *entries: Json, person: str = "asha", **headers: str) -> httpx.Response:
        return await self._posts("/unsent/events", entries, person, headers)

    async def sends_words(self, *entries: Json, person: str = "asha") -> httpx.Response:
        return await self._posts("/unsent/words", entries, person, {})

    async def tells_looks(self, *entries: Json, person: str = "asha") -> httpx.Response:
        return await self._posts("/unsent/looks", entries, person, {})

    async def has_her_card(self) -> None:
        """That of the first case is checked out of the vault."""
        headers = {"authorization": "Bearer asha"}
        path, body = "/v1/vault/cards:check-out", {"case_ids": [CASES[0]]}
        assert (await self.client.post(path, json=body, headers=headers)).status_code == 200

    def looks_in_the_audit(self) -> list[tuple[str, str, int]]:
        """By whom, at whom, when."""
        with self.vault.store.reading() as transaction:
            told = [entry.look for entry in transaction.whole_audit("rupantar")]
        return [(look.actor, look.case_id, int(look.detail)) for look in told if look.deed == Deed.LOOKED_OFFLINE]

    async def opens(self, *entries: Json, person: str = "asha") -> httpx.Response:
        return await self._posts("/unsent/opened", entries, person, {})

    async def _posts(self, path: str, entries: tuple[Json, ...], person: str, more: dict[str, str]) -> httpx.Response:
        headers = {"cookie": f"session={person}", "sec-fetch-site": "same-origin", **more}
        return await self.client.post(path, json={"entries": list(entries)}, headers=headers)


@pytest.fixture
async def device(tmp_path: Path) -> AsyncIterator[Device]:
    services, table = FakeServices(), CaseworkTable()
    table.give(CASES[0], CASEWORKER, "rupantar")
    vault = vault_in(tmp_path, table).vault
    inside = httpx.AsyncClient(transport=httpx.ASGITransport(services.app(create_app_of_vault(vault, FakeVerifier()))))
    origin = create_app(dict.fromkeys(Part, "http://parts.inside"), inside, FakeVerifier(), sealing_keys=KEYS)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(origin), base_url="http://notebook.example") as client:
        yield Device(services, client, vault)
    vault.store.close()


def an_event(problem: str = "health") -> Json:
    data = {"direction": "outgoing", "outcome": "no_answer", "problem": problem}
    at = "2026-03-03T10:00:00.000Z"
    return {"event_id": str(uuid4()), "case_id": CASES[0], "type": "call", "occurred_at": at, "data": data}


def sealed(event: Json, account_id: str = CASEWORKER) -> Json:
    return sealed_entry(KEY, account_id, event)


def problems(answer: httpx.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    return [(result.get("problem") or {}).get("detail") for result in answer.json()["results"]]


async def test_each_event_is_recorded_as_it_was_sealed_and_has_its_receipt(device: Device) -> None:
    events = [an_event() for _ in range(3)]
    answer = await device.sends(*map(sealed, events))
    results = answer.json()["results"]
    assert [result["event_id"] for result in results] == [event["event_id"] for event in events]
    assert all(result["receipt"]["event_id"] == result["event_id"] for result in results)
    assert list(device.services.recorded.values()) == events


async def test_what_the_key_was_not_at_hand_for_comes_in_clear_and_is_recorded_alike(device: Device) -> None:
    event, other = an_event(), an_event()
    clear = {"event_id": event["event_id"], "edition": 1, "sealed": None, "clear": {"event": event}}
    assert problems(await device.sends(clear, sealed(other))) == [None, None]
    assert list(device.services.recorded.values()) == [event, other]


async def test_what_does_not_open_is_refused_with_its_reason_and_holds_up_nothing(device: Device) -> None:
    good, swapped, moved, unknown, later = (an_event() for _ in range(5))
    of_another = sealed(swapped) | {"sealed": sealed(good)["sealed"]}
    with_another_id = sealed(moved)
    inside = sealed_entry(KEY, CASEWORKER, moved | {"event_id": good["event_id"]})
    with_another_id["sealed"] = inside["sealed"]
    gone = sealed_entry(SealingKeys.of_this_process().offered.to_json(), CASEWORKER, unknown)
    newer = sealed(later)
    newer["sealed"]["event"]["version"] = 2
    answer = await device.sends(of_another, sealed(good), with_another_id, gone, newer)
    damaged, key, version = (SAID(f"outbox.unopened_{why}") for why in ("damaged", "key", "version"))
    assert problems(answer) == [damaged, None, damaged, key, version]
    refused = answer.json()["results"][0]["problem"]
    assert (refused["status"], refused["type"]) == (422, "urn:reintegration:problem:cannot_open")
    assert list(device.services.recorded) == [good["event_id"]]


async def test_what_one_person_sealed_does_not_open_for_another(device: Device) -> None:
    event = an_event()
    assert problems(await device.sends(sealed(event), person="runa")) == [SAID("outbox.unopened_damaged")]
    assert problems(await device.opens(sealed(event), person="runa")) == [SAID("outbox.unopened_damaged")]
    assert problems(await device.sends(sealed(event, OTHER_CASEWORKER), person="runa")) == [None]


async def test_her_own_is_opened_for_her_and_kept_nowhere(device: Device) -> None:
    event = an_event()
    answer = await device.opens(sealed(event))
    assert answer.json()["results"] == [{"event_id": event["event_id"], "event": event}]
    assert answer.headers["cache-control"] == "no-store"
    assert device.services.posts == []


def words_of(event: Json, text: str = "She said so.", **other: str) -> Json:
    about = {"case_id": event["case_id"], "note_id": NOTE, "occurred_at": event["occurred_at"], "text": text, **other}
    envelope = an_envelope(KEY, ("words", event["event_id"], CASEWORKER, 1), json.dumps(about).encode())
    return {"event_id": event["event_id"], "edition": 1, "sealed": {"words": envelope}}


async def test_words_go_to_the_vault_and_sent_again_they_are_there_once(device: Device) -> None:
    words = words_of(an_event())
    for _ in range(2):
        (result,) = (await device.sends_words(words)).json()["results"]
        assert result["event_id"] == words["event_id"] and result["words_kept_at"]
    other = await device.sends_words(words_of(an_event(), "Something else."))
    assert problems(other) == [SAID("words.other_content")]
    assert other.json()["results"][0]["problem"]["status"] == 409
    opened = (await device.opens(words)).json()["results"][0]
    assert opened["words"]["text"] == "She said so." and "event" not in opened


async def test_while_the_vault_is_away_words_stay_on_the_device_and_events_go(device: Device) -> None:
    device.services.away = {Part.VAULT}
    event = an_event()
    assert problems(await device.sends(sealed(event))) == [None]
    (result,) = (await device.sends_words(words_of(event))).json()["results"]
    assert result["problem"]["status"] == 503


@pytest.mark.parametrize("other", [{"case_id": "../x"}, {"note_id": "?"}])
async def test_words_about_nothing_are_damaged(device: Device, other: dict[str, str]) -> None:
    answer = await device.sends_words(words_of(an_event(), **other))
    assert problems(answer) == [SAID("outbox.unopened_damaged")]


async def test_an_event_does_not_open_as_words_nor_words_as_an_event(device: Device) -> None:
    event = an_event()
    entry, words = sealed(event), words_of(event)
    crossed = {"event": words["sealed"]["words"], "words": entry["sealed"]["event"]}
    damaged = [SAID("outbox.unopened_damaged")]
    assert problems(await device.sends({**entry, "sealed": crossed})) == damaged
    assert problems(await device.sends_words({**entry, "sealed": crossed})) == damaged


def a_look(minute: int, case_id: str = CASES[0], **other: object) -> Json:
    """So many minutes after six o'clock in Dhaka."""
    look = {"case_id": case_id, "at": f"2026-03-03T00:{minute:02}:00.000Z", **other}
    event_id = str(uuid4())
    envelope = an_envelope(KEY, ("look", event_id, CASEWORKER, 1), json.dumps(look).encode())
    return {"event_id": event_id, "edition": 1, "sealed": {"look": envelope}}


def seen_at(minute: int) -> tuple[str, str, int]:
    return (CASEWORKER, CASES[0], MAR_3 + minute * 60_000)


async def test_looks_go_to_the_audit_sealed_or_in_clear_in_their_order(device: Device) -> None:
    await device.has_her_card()
    in_clear = {"case_id": CASES[0], "at": "2026-03-03T00:02:00.000Z"}
    clear = {"event_id": str(uuid4()), "edition": 1, "sealed": None, "clear": {"look": in_clear}}
    entries = [a_look(1), clear, a_look(3)]
    results = (await device.tells_looks(*entries)).json()["results"]
    assert [result["event_id"] for result in results] == [entry["event_id"] for entry in entries]
    assert all(result["noted_at"] for result in results)
    assert device.looks_in_the_audit() == [seen_at(1), seen_at(2), seen_at(3)]
    assert problems(await device.tells_looks(*entries)) == [None] * 3
    assert len(device.looks_in_the_audit()) == 3


async def test_a_look_that_is_refused_or_does_not_open_holds_up_no_other(device: Device) -> None:
    await device.has_her_card()
    never_taken_along, damaged = a_look(2, CASES[1]), a_look(3)
    damaged["event_id"] = str(uuid4())
    not_an_instant = a_look(4, at="yesterday")
    answer = await device.tells_looks(a_look(1), never_taken_along, damaged, not_an_instant, a_look(5))
    statuses = [(result.get("problem") or {}).get("status") for result in answer.json()["results"]]
    assert statuses == [None, 404, 422, 422, None]
    assert device.looks_in_the_audit() == [seen_at(1), seen_at(5)]


@pytest.mark.parametrize("look", [a_look(1, case_id="../x"), a_look(1, at=7)])
async def test_a_look_at_nothing_is_damaged(device: Device, look: Json) -> None:
    assert problems(await device.tells_looks(look)) == [SAID("outbox.unopened_damaged")]


async def test_while_the_vault_is_away_looks_stay_on_the_device(device: Device) -> None:
    device.services.away = {Part.VAULT}
    answer = await device.tells_looks(a_look(1), a_look(2))
    assert [result["problem"]["status"] for result in answer.json()["results"]] == [503, 503]


async def test_nobody_tells_of_anothers_looks_and_nobody_is_shown_her_own(device: Device) -> None:
    await device.has_her_card()
    look = a_look(1)
    assert problems(await device.tells_looks(look, person="runa")) == [SAID("outbox.unopened_damaged")]
    assert (await device.opens(look)).json()["results"] == [{"event_id": look["event_id"]}]
    assert device.looks_in_the_audit() == []


async def test_what_casework_refuses_is_refused_with_its_words(device: Device) -> None:
    device.services.refused = {"money": Problem(422, "Not valid", "It cannot be taken.", [("data.problem", "no")])}
    answer = await device.sends(sealed(an_event("money")), sealed(an_event()))
    assert problems(answer) == ["It cannot be taken.", None]
    assert answer.json()["results"][0]["problem"]["errors"] == [{"field": "data.problem", "message": "no"}]


async def test_while_casework_is_away_nothing_is_taken(device: Device) -> None:
    device.services.away = {Part.CASEWORK}
    assert (await device.sends(sealed(an_event()))).status_code == 503


async def test_only_a_page_of_this_origin_sends_and_only_in_its_own_session(device: Device) -> None:
    entry = sealed(an_event())
    elsewhere = await device.sends(entry, **{"sec-fetch-site": "cross-site"})
    others = await device.sends(entry, **{FORM_HEADER: form_token("runa")})
    for answer in (elsewhere, others):
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:reintegration:problem:not_from_this_origin")
    assert (await device.sends(entry, cookie="language=en")).status_code == 401
    assert (await device.sends(entry, person="nobody")).status_code == 401
    assert device.services.posts == []
    assert problems(await device.sends(entry, **{FORM_HEADER: form_token("asha")})) == [None]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"[]",
        b'{"entries": []}',
        b'{"entries": ["one"]}',
        b'{"entries": [{"event_id": "no id", "edition": 1}]}',
        b'{"entries": [{"event_id": "11111111-1111-4111-8111-111111111111", "edition": "1"}]}',
        b'{"entries": ['
        + b",".join([b'{"event_id": "11111111-1111-4111-8111-111111111111", "edition": 1}'] * 2)
        + b"]}",
    ],
)
async def test_what_is_no_list_of_entries_is_refused_as_a_whole(device: Device, body: bytes) -> None:
    headers = {"cookie": "session=asha", "sec-fetch-site": "same-origin"}
    for path in ("/unsent/events", "/unsent/words", "/unsent/looks", "/unsent/opened"):
        assert (await device.client.post(path, content=body, headers=headers)).status_code == 422


async def test_more_than_a_batch_may_have_is_not_read(device: Device) -> None:
    headers = {"cookie": "session=asha", "sec-fetch-site": "same-origin"}
    answer = await device.client.post("/unsent/events", content=b" " * (2 << 20) + b"{}", headers=headers)
    assert answer.status_code == 413


async def test_every_device_is_given_the_newest_key(device: Device) -> None:
    answer = await device.client.get("/static/sealing-key.json")
    assert answer.json() == KEY
