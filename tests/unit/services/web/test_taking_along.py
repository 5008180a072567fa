"""What a device is given to be read without a connection, and the half of the key that comes with it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.runtime.ours_alone import NotOursAlone
from services.web.app import create_app
from services.web.reading_halves import ReadingHalves
from services.web.routes import Part
from tests.browser.canned_answers import CASES, OTHER_CASEWORKER, PEOPLE, a_line
from tests.browser.fake_services import FakeServices
from tests.browser.fake_verifier import FakeVerifier

DEVICE = "12121212-1212-4212-8212-121212121212"
UNKNOWN = "99999999-9999-4999-8999-999999999999"
HALVES = ReadingHalves(b"a secret of the installation", 5, {"elsewhere": 14})


@dataclass
class Device:
    services: FakeServices
    client: httpx.AsyncClient

    async def asks(self, person: str = "asha", lang: str = "en", device_id: str = DEVICE) -> httpx.Response:
        headers = {"cookie": f"session={person}; language={lang}"}
        return await self.client.get(f"/take-along?device={device_id}", headers=headers)

    async def takes_along(self, lang: str = "en") -> dict[str, Any]:
        answer = await self.asks(lang=lang)
        assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
        told: dict[str, Any] = answer.json()
        return told


@pytest.fixture
async def device() -> AsyncIterator[Device]:
    services = FakeServices()
    services.worklist = [a_line(case_id, "call_now", "Twelve days of silence.") for case_id in CASES[:2]]
    inside = httpx.AsyncClient(transport=httpx.ASGITransport(services.app()))
    origin = create_app(dict.fromkeys(Part, "http://parts.inside"), inside, FakeVerifier(), halves=HALVES)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(origin), base_url="http://notebook.example") as client:
        yield Device(services, client)


async def test_it_is_the_list_and_her_pages_with_what_is_owed_and_the_timeline(device: Device) -> None:
    pages = (await device.takes_along())["pages"]
    assert list(pages) == ["/today", *(f"/cases/{case_id}" for case_id in CASES[:2])]
    assert pages["/today"].count("Twelve days of silence.") == 2
    hers = pages[f"/cases/{CASES[0]}"]
    assert 'data-owed="contact"' in hers and hers.count("data-event=") == 7


@pytest.mark.parametrize("lang", ["en", "bn"])
async def test_nothing_is_taken_along_that_needs_a_connection_or_stands_around_a_page(
    device: Device, lang: str
) -> None:
    for path, page in (await device.takes_along(lang))["pages"].items():
        for what in ("<form", "<html", "<script", "form_token", "data-who", "/identity", "/for-her", "data-more"):
            assert what not in page, (path, what)


async def test_only_her_own_caseload_is_taken_along(device: Device) -> None:
    device.services.worklist += [a_line(CASES[2], "call_now", "Not hers.", caseworker_id=OTHER_CASEWORKER)]
    pages = (await device.takes_along())["pages"]
    assert f"/cases/{CASES[2]}" not in pages and "Not hers." not in pages["/today"]


async def test_a_case_that_she_must_not_know_of_any_more_is_left_out(device: Device) -> None:
    device.services.worklist += [a_line(UNKNOWN, "call_now", "Given to somebody else meanwhile.")]
    assert f"/cases/{UNKNOWN}" not in (await device.takes_along())["pages"]


async def test_while_casework_is_away_nothing_is_taken_along_rather_than_a_part_of_it(device: Device) -> None:
    device.services.away = {Part.CASEWORK}
    assert (await device.asks()).status_code == 503


async def test_the_half_is_one_persons_on_one_device_and_the_same_every_time(device: Device) -> None:
    told = await device.takes_along()
    assert told["lease_days"] == 5
    assert base64.b64decode(told["half"]) == HALVES.half_of(PEOPLE["asha"], DEVICE)
    others = [HALVES.half_of(PEOPLE["asha"], UNKNOWN), HALVES.half_of(PEOPLE["runa"], DEVICE)]
    others.append(ReadingHalves(b"another secret").half_of(PEOPLE["asha"], DEVICE))
    assert len({told["half"], *(base64.b64encode(other).decode() for other in others)}) == 4


async def test_a_half_is_given_to_caseworkers_alone_for_what_is_a_device(device: Device) -> None:
    assert (await device.asks("nasrin")).status_code == 403
    assert (await device.asks(device_id="anything")).status_code == 404


def test_the_secret_is_made_once_and_an_organisation_may_have_its_own_lease(tmp_path: Path) -> None:
    first = ReadingHalves.of_installation(tmp_path / "web", "7,one:3,two:14")
    assert [first.lease_days_of(name) for name in ("one", "two", "any")] == [3, 14, 7]
    assert ReadingHalves.of_installation(tmp_path / "web", "9") == ReadingHalves(first.secret, 9)


def test_a_secret_that_others_could_read_or_that_is_none_is_not_used(tmp_path: Path) -> None:
    ReadingHalves.of_installation(tmp_path / "web", "7")
    (file,) = (tmp_path / "web").iterdir()
    file.chmod(0o440)
    with pytest.raises(NotOursAlone, match="must be yours alone"):
        ReadingHalves.of_installation(tmp_path / "web", "7")
    file.chmod(0o600)
    file.write_bytes(b"short")
    with pytest.raises(NotOursAlone, match="holds no secret"):
        ReadingHalves.of_installation(tmp_path / "web", "7")
