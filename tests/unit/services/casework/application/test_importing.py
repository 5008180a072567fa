"""A register brought in, followed up and taken back: once each, whatever is cut off in between."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.casework.adapters.import_store import SealedImports
from services.casework.application.importing.imports import Import, VaultAway
from services.casework.application.importing.work import AT_ONCE
from services.casework.bootstrap import Imports, create_app, imports_of
from services.casework.domain.register.lines import Identity
from services.casework.domain.register.recorded import Place
from tests.unit.services.casework.application.casework_in_memory import (
    ANNA,
    MARCH,
    SUPERVISOR,
    House,
    KnownPeople,
    a_house,
    bearer,
    called,
    event_json,
)

HEADINGS = "No,Name,Mobile,Date opened,District,Return date,Pathway\n"
LINES = 2 * AT_ONCE + 7


def register(lines: int = LINES, wrong: int = 0) -> bytes:
    right = "".join(f"{n},Hasina {n},0171200{n:04},{n % 27 + 1}/3/2025,যশোর,,\n" for n in range(lines))
    return (HEADINGS + right + "".join(f"w{n},Shirin,17,soon,Atlantis,,\n" for n in range(wrong))).encode()


@dataclass
class VaultTable:
    """Identities as the vault has them, and whom it erased; away for so many calls."""

    kept: dict[str, Identity] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    away_for: int = 0

    async def keep(self, one: Import, identities: Mapping[str, Identity]) -> frozenset[str]:
        if self.away_for:
            self.away_for -= 1
            raise VaultAway("the vault is away")
        erased = self.erased & identities.keys()
        self.kept |= {case_id: identity for case_id, identity in identities.items() if case_id not in erased}
        return frozenset(erased)


@dataclass
class Desk:
    """What a supervisor does with registers over REST; `restarted` as another process upon the same files and log."""

    house: House
    directory: Path
    vault: VaultTable
    imports: Imports = field(init=False)
    client: httpx.AsyncClient = field(init=False)
    working: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.imports = imports_of(self.house.casework, SealedImports(self.directory), self.vault)
        app = create_app(self.house.casework, KnownPeople(), self.imports)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://casework")

    def work(self) -> None:
        self.working = asyncio.create_task(self.imports.keeper.keep_working(self.imports.desk))

    async def stop(self) -> None:
        if self.working is not None:
            self.working.cancel()
            with suppress(asyncio.CancelledError):
                await self.working
        await self.client.aclose()

    async def upload(self, content: bytes, by: str = "supervisor") -> httpx.Response:
        body = {"content": base64.b64encode(content).decode()}
        return await self.client.post("/v1/imports", json=body, headers=bearer(by))

    async def act(self, import_id: str, act: str, body: object = None, by: str = "supervisor") -> httpx.Response:
        return await self.client.post(f"/v1/imports/{import_id}:{act}", json=body or {}, headers=bearer(by))

    async def look(self, path: str, by: str = "supervisor") -> Any:
        answer = await self.client.get(f"/v1/imports{path}", headers=bearer(by))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def checked(self, content: bytes) -> dict[str, Any]:
        told = (await self.upload(content)).json()
        body = {"columns": told["guessed"], "caseworker_id": ANNA.account_id}
        answer = await self.act(told["import_id"], "check", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def until(self, import_id: str, stage: str) -> dict[str, Any]:
        return await self.until_it_says(import_id, "stage", stage)

    async def until_it_says(self, import_id: str, name: str, value: str) -> dict[str, Any]:
        async with asyncio.timeout(60):
            while True:
                told: dict[str, Any] = await self.look(f"/{import_id}")
                if told[name] == value:
                    return told
                await asyncio.sleep(0.01)

    async def until_recorded(self, events: int) -> None:
        async with asyncio.timeout(60):
            while True:
                if len(self.house.events) >= events:
                    return
                await asyncio.sleep(0.01)

    async def brought_in(self, content: bytes) -> str:
        import_id = (await self.checked(content))["import_id"]
        assert (await self.act(import_id, "start")).status_code == 202
        await self.until(import_id, "imported")
        return str(import_id)

    def types(self) -> dict[str, int]:
        """How many different events the log has of each type."""
        found = {(event.event_id, event.type) for event in self.house.events}
        return {kind: sum(of == kind for _, of in found) for kind in sorted({of for _, of in found})}


@asynccontextmanager
async def a_desk(directory: Path, house: House, vault: VaultTable | None = None) -> AsyncIterator[Desk]:
    desk = Desk(house, directory / "imports", vault or VaultTable())
    desk.work()
    try:
        yield desk
    finally:
        await desk.stop()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_house() as house, a_desk(tmp_path, house) as built:
        yield built


async def test_the_dry_run_says_what_is_right_and_what_is_wrong_and_records_nothing(desk: Desk) -> None:
    told = await desk.checked(register(3, wrong=2))
    lines = await desk.look(f"/{told['import_id']}/wrong-lines?limit=4")

    assert (told["stage"], told["right"], told["wrong"]) == ("checked", 3, 2)
    assert lines["items"][:3] == [
        {"line": 5, "column": "opened_on", "wrong": "no_day"},
        {"line": 5, "column": "district", "wrong": "no_district"},
        {"line": 5, "column": "phone", "wrong": "no_phone"},
    ]
    assert lines["more"] is True
    assert desk.house.events == [] and desk.vault.kept == {}


async def test_each_right_line_becomes_a_paused_case_and_who_she_is_goes_to_the_vault(desk: Desk) -> None:
    import_id = await desk.brought_in(register(wrong=1))
    desk.house.flow()
    listed = (await desk.house.get("/v1/cases?which=paused&limit=1", "supervisor")).json()

    assert desk.types() == {"case_opened": LINES, "contact_paused": LINES}
    assert len(desk.vault.kept) == LINES
    assert listed["counts"]["by_reason"] == {"import": LINES}
    assert listed["counts"]["imported"] == LINES
    assert (await desk.look(f"/{import_id}"))["done"] == LINES
    assert {event.recorded_by for event in desk.house.events} == {SUPERVISOR.account_id}


async def test_nothing_of_who_they_are_is_in_the_log_and_the_register_is_gone_afterwards(desk: Desk) -> None:
    told = await desk.checked(register(5))
    files = {path.suffix for path in desk.directory.iterdir()}
    assert ".register" in files
    assert not [path for path in desk.directory.iterdir() if b"Hasina" in path.read_bytes()]
    await desk.act(told["import_id"], "start")
    await desk.until(told["import_id"], "imported")

    assert {path.suffix for path in desk.directory.iterdir()} == {".key", ".places", ".state"}
    assert "Hasina" not in repr(desk.house.events)


async def test_the_same_file_again_is_the_same_import_and_records_nothing_more(desk: Desk) -> None:
    import_id = await desk.brought_in(register())
    recorded = len(desk.house.events)
    again = (await desk.upload(register())).json()

    assert (again["import_id"], again["stage"]) == (import_id, "imported")
    assert (await desk.act(import_id, "start")).status_code == 409
    assert len(desk.house.events) == recorded


async def test_cut_off_in_the_middle_it_goes_on_and_every_case_is_there_once(tmp_path: Path) -> None:
    async with a_house() as house:
        async with a_desk(tmp_path, house) as desk:
            told = await desk.checked(register())
            house.log.away_after = AT_ONCE * 2 + 31
            await desk.act(told["import_id"], "start")
            await desk.until_it_says(told["import_id"], "waits_for", "log")
        house.log.away = False
        async with a_desk(tmp_path, house, VaultTable(away_for=1)) as another:
            await another.until(told["import_id"], "imported")

        assert another.types() == {"case_opened": LINES, "contact_paused": LINES}
        assert len({event.case_id for event in house.events}) == LINES


async def test_who_is_erased_while_her_stretch_is_cut_off_stays_erased_and_the_import_goes_on(tmp_path: Path) -> None:
    async with a_house() as house:
        async with a_desk(tmp_path, house, VaultTable(away_for=1000)) as desk:
            told = await desk.checked(register())
            await desk.act(told["import_id"], "start")
            await desk.until_it_says(told["import_id"], "waits_for", "vault")
            await desk.until_recorded(2 * AT_ONCE)
        recorded = len(house.events)
        known, in_the_vault_alone = (Place(told["import_id"], line, is_settled=False).case_id for line in (2, 3))
        await house.send(event_json(1, 1, "survivor_erased", MARCH) | {"case_id": known}, "system")
        async with a_desk(tmp_path, house, VaultTable(erased={known, in_the_vault_alone})) as another:
            told = await another.until(told["import_id"], "imported")

        assert (told["done"], told["erased"], told["refused"]) == (LINES, 2, 0)
        assert len(another.vault.kept) == LINES - 2 and not another.vault.erased & another.vault.kept.keys()
        assert another.types() == {"case_opened": LINES, "contact_paused": LINES, "survivor_erased": 1}
        since = house.events[recorded + 1 :]
        assert not {known, in_the_vault_alone} & {event.case_id for event in since}


async def test_of_who_is_erased_before_her_opening_was_recorded_no_opening_is_recorded(tmp_path: Path) -> None:
    async with a_house() as house:
        async with a_desk(tmp_path, house) as desk:
            told = await desk.checked(register(3))
            house.log.away_after = 2
            await desk.act(told["import_id"], "start")
            await desk.until_it_says(told["import_id"], "waits_for", "log")
        house.log.away = False
        hers = house.events[0].case_id
        async with a_desk(tmp_path, house, VaultTable(erased={hers})) as another:
            told = await another.until(told["import_id"], "imported")

        assert told["erased"] == 1
        assert [event.type for event in house.events if event.case_id == hers] == ["contact_paused"]
        assert another.types() == {"case_opened": 2, "contact_paused": 3}


async def test_the_follow_up_of_who_was_erased_since_is_not_started(desk: Desk) -> None:
    import_id = await desk.brought_in(register(3))
    hers = desk.house.events[0].case_id
    await desk.house.send(event_json(1, 1, "survivor_erased", MARCH) | {"case_id": hers}, "system")
    await desk.act(import_id, "start-follow-up")
    told = await desk.until(import_id, "followed")

    assert (told["done"], told["erased"]) == (3, 1)
    assert hers not in {event.case_id for event in desk.house.events if event.type == "contact_resumed"}


async def test_undone_it_leaves_no_case_no_list_and_no_load_and_the_vault_is_told_to_forget(desk: Desk) -> None:
    before = [(await desk.house.get(path, "supervisor")).json() for path in LISTS]
    import_id = await desk.brought_in(register())
    await desk.act(import_id, "undo")
    told = await desk.until(import_id, "undone")
    desk.house.flow()

    assert [(await desk.house.get(path, "supervisor")).json() for path in LISTS] == before
    assert (await desk.house.get("/v1/worklist", "anna")).json()["items"] == []
    assert (told["kept"], told["refused"]) == (0, 0)
    erased = (await desk.house.get("/v1/erased-cases", "system")).json()["organisations"]["shurjo"]
    assert set(erased) == set(desk.vault.kept)


LISTS = (*(f"/v1/cases?which={which}" for which in ("paused", "unopened", "unowned")), "/v1/worklist/loads")


async def test_a_case_that_somebody_worked_on_stays_when_the_import_is_undone(desk: Desk) -> None:
    import_id = await desk.brought_in(register(3))
    case_id = desk.house.events[0].case_id
    raw = called(1, 1, MARCH) | {"case_id": case_id}
    assert (await desk.house.send(raw)).status_code == 201
    await desk.act(import_id, "undo")
    told = await desk.until(import_id, "undone")

    assert told["kept"] == 1
    assert desk.types()["survivor_erased"] == 2
    assert case_id not in {event.case_id for event in desk.house.events if event.type == "retraction"}


async def test_an_undone_register_can_be_brought_in_again(desk: Desk) -> None:
    first = await desk.brought_in(register(3))
    await desk.act(first, "undo")
    await desk.until(first, "undone")
    second = await desk.brought_in(register(3))

    assert second != first
    desk.house.flow()
    assert (await desk.house.get("/v1/cases?which=paused", "supervisor")).json()["counts"]["cases"] == 3


async def test_their_follow_up_is_started_for_all_of_them_at_once(desk: Desk) -> None:
    import_id = await desk.brought_in(register(3))
    desk.house.clock.at += 1000
    await desk.act(import_id, "start-follow-up")
    await desk.until(import_id, "followed")
    desk.house.flow()

    assert (await desk.house.get("/v1/cases?which=paused", "supervisor")).json()["counts"]["cases"] == 0
    assert len((await desk.house.get("/v1/worklist", "anna")).json()["items"]) == 3


async def test_an_import_is_its_importers_and_the_heads_alone(desk: Desk) -> None:
    import_id = (await desk.checked(register(3)))["import_id"]

    assert (await desk.look("", "far-supervisor"))["items"] == []
    assert (await desk.act(import_id, "start", by="far-supervisor")).status_code == 404
    assert (await desk.act(import_id, "start", by="stranger")).status_code == 404
    assert (await desk.act(import_id, "start", by="anna")).status_code == 403
    assert (await desk.upload(register(3), "far-supervisor")).json()["type"].endswith("register_anothers")


async def test_a_supervisor_of_an_area_brings_in_cases_of_it_alone(desk: Desk) -> None:
    told = (await desk.upload(register(3), "far-supervisor")).json()
    body = {"columns": told["guessed"], "caseworker_id": ANNA.account_id}
    checked = (await desk.act(told["import_id"], "check", body, "far-supervisor")).json()

    assert (checked["right"], checked["wrong"]) == (0, 3)
    assert (await desk.act(told["import_id"], "start", by="far-supervisor")).status_code == 422


async def test_an_upload_that_is_thrown_away_or_left_for_a_day_is_gone(desk: Desk) -> None:
    thrown = (await desk.checked(register(3)))["import_id"]
    answer = await desk.client.delete(f"/v1/imports/{thrown}", headers=bearer("supervisor"))
    left = (await desk.checked(register(4)))["import_id"]
    desk.house.clock.at += 25 * 3_600_000
    await desk.imports.desk.forget_old()

    assert answer.status_code == 200
    assert (await desk.look(""))["items"] == []
    assert not [path for path in desk.directory.iterdir() if left in path.name or thrown in path.name]


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        (["number"], "register_columns_unsaid"),
        (["name", "name", None, "opened_on", None, None, None], "register_columns_twice"),
        (["name", None, None, None, None, None, None], "register_no_opening"),
    ],
)
async def test_what_is_said_of_the_columns_must_make_sense(desk: Desk, columns: list[str], kind: str) -> None:
    import_id = (await desk.upload(register(3))).json()["import_id"]
    answer = await desk.act(import_id, "check", {"columns": columns})

    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, kind)


async def test_a_refusal_says_back_nothing_of_what_was_sent(desk: Desk) -> None:
    answer = await desk.upload(b"PK Hasina")
    wrong = await desk.client.post("/v1/imports", json={"content": "Hasina?"}, headers=bearer("supervisor"))
    extra = {"columns": [], "names": "Hasina"}
    asked = await desk.act("0" * 8 + "-0000-0000-0000-" + "0" * 12, "check", extra)

    assert {answer.status_code, wrong.status_code, asked.status_code} == {422}
    assert "Hasina" not in answer.text + wrong.text + asked.text


def test_an_import_survives_only_with_its_key(tmp_path: Path) -> None:
    store = SealedImports(tmp_path / "imports")
    store.put_rows("one", [["Hasina"]])

    assert store.rows("one") == [["Hasina"]]
    assert SealedImports(tmp_path / "imports").rows("one") == [["Hasina"]]
    assert b"Hasina" not in (tmp_path / "imports" / "one.register").read_bytes()
