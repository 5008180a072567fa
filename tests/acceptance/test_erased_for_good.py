"""A survivor is erased for good: live, after a restart and a rebuild, and in a backup from before that is brought back.

One system under its runner, with the commands that people use; its life is told by the tests in their order.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.access.demo_people import DemoPerson
from services.casework.domain.instants import DAY, format_instant
from tests.acceptance.survivor_cases import Json, SurvivorCase, instant, now, wait_for
from tests.integration.lived_system import ORGANISATION, ROOT, LivedSystem

NAMES = {"fields": ["names"], "purpose": "visit"}
NEVER_AGAIN = 410
WHILE_IT_STARTS = 90.0


@dataclass
class Told:
    """Who is erased, who is not, and what the outcomes said up to an instant before it."""

    system: LivedSystem
    people: list[DemoPerson]
    her: SurvivorCase
    other: SurvivorCase
    until: int
    numbers: list[Json]

    def person(self, role: str) -> DemoPerson:
        return next(each for each in self.people if each.role == role and each.stands_for in ("", "organisation"))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivedSystem]:
    system = LivedSystem(tmp_path_factory.mktemp("erased"))
    system.start()
    yield system
    system.stop()


@pytest.fixture(scope="module")
def told(lived: LivedSystem) -> Told:
    people = lived.people()
    anna = next(each for each in people if each.role == "caseworker")
    her, other = (_kept(lived, anna, name) for name in ("Invented Erased", "Invented Other"))
    # Numbers about one or two are not shown: somebody must stand beside them.
    for _ in range(3):
        SurvivorCase(lived, anna).opened()
    for case in (her, other):
        case.hearing()
        case.alert("hearing")
    before = Told(lived, people, her, other, now(), [])
    wait_for(lambda: _checked_until(before) > before.until or None, "all was checked up to then")
    lived.reached()
    before.numbers = wait_for(lambda: _numbers(before, 5), "the outcomes have counted all of them")
    return before


def _checked_until(told: Told) -> int:
    """What fell due before that is in the log by now."""
    answer = told.system.get("/v1/detector", told.person("supervisor"))
    checked_until = answer.json()["checked_until"] if answer.status_code == 200 else None
    return instant(checked_until) if checked_until else 0


def _kept(system: LivedSystem, who: DemoPerson, name: str) -> SurvivorCase:
    """Hers, with everything the vault keeps."""
    case = SurvivorCase(system, who).opened()
    path = f"/v1/vault/cases/{case.case_id}"
    wait_for(lambda: system.get(f"/v1/cases/{case.case_id}", who).status_code == 200 or None, "it is hers")
    note_id = str(uuid4())
    _put(system, f"{path}/identity", who, {"names": [name], "phones": ["+8801700000001"], "address": "Invented lane"})
    _put(system, f"{path}/safe-contact-plan", who, {"channel": "voice", "windows": [], "code_word": "jasmine"})
    _put(system, f"{path}/notes/{note_id}", who, {"text": "she wants to sew", "occurred_at": format_instant(now())})
    case.record("call", None, None, direction="outgoing", outcome="no_answer", note_id=note_id)
    return case


def _put(system: LivedSystem, path: str, who: DemoPerson, body: Json) -> None:
    answer = system.ask("PUT", path, who, json=body)
    assert answer.status_code == 200, answer.text


def _numbers(told: Told, opened: int) -> list[Json] | None:
    """Every indicator up to then, as its evaluator is told; None before the tables have that many openings."""
    period = {"from": format_instant(told.until - DAY), "to": format_instant(told.until), "as_of": None}
    period["as_of"] = format_instant(told.until)
    answer = told.system.get("/v1/outcomes/summary", told.person("evaluator"), **period)
    counted = told.system.asked("SELECT uniqExact(case_id) FROM events FINAL WHERE type = 'case_opened'")
    if answer.status_code != 200 or counted[0][0] < opened:
        return None
    items: list[Json] = answer.json()["items"]
    return items


def _revealed(told: Told, case: SurvivorCase) -> tuple[int, Any]:
    """Once the vault can say: its status, and the names."""

    def look() -> tuple[int, Any] | None:
        answer = told.system.post(f"/v1/vault/cases/{case.case_id}:reveal", case.who, NAMES)
        return None if answer.status_code == 503 else (answer.status_code, answer.json().get("names"))

    return wait_for(look, "the vault answers", WHILE_IT_STARTS)


def assert_she_is_gone(told: Told) -> None:
    """And nobody else: unreadable in every way there is, her alerts ended, the numbers what they were."""
    assert _revealed(told, told.her) == (NEVER_AGAIN, None)
    assert _revealed(told, told.other) == (200, ["Invented Other"])
    path = f"/v1/vault/cases/{told.her.case_id}"
    assert told.system.post(f"{path}:export", told.her.who, {}).status_code == NEVER_AGAIN
    wait_for(lambda: _done(told) or None, "the erasure is done", WHILE_IT_STARTS)
    wait_for(lambda: not _open_alerts(told, told.her) or None, "her alerts have ended", WHILE_IT_STARTS)
    assert "hearing" in _open_alerts(told, told.other)
    assert wait_for(lambda: _numbers(told, 5), "the outcomes have counted all of them", WHILE_IT_STARTS) == told.numbers
    proved = _command(told, "prove-erased", ORGANISATION, told.her.case_id)
    assert proved.returncode == 0, proved.stdout + proved.stderr
    assert "nothing of her can be read any more" in proved.stdout


def _done(told: Told) -> bool:
    answer = told.system.get(f"/v1/vault/cases/{told.her.case_id}/erasure", told.person("supervisor"))
    return answer.status_code == 200 and answer.json()["done"] is True


def _open_alerts(told: Told, case: SurvivorCase) -> set[str]:
    """The rules of her open alerts."""
    answer = told.system.get("/v1/alerts", case.who, state="open", limit=500)
    if answer.status_code != 200:
        return {"not answered"}
    groups = [group for group in answer.json()["items"] if group["case_id"] == case.case_id]
    return {alert["rule_id"] for group in groups for alert in group["alerts"]}


def _command(told: Told, *arguments: str) -> subprocess.CompletedProcess[str]:
    asked = [sys.executable, "-m", "services.vault", *arguments]
    environment = told.system.environment
    return subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def backup(told: Told) -> Path:
    """From before she was erased."""
    assert _revealed(told, told.her) == (200, ["Invented Erased"])
    status, said = told.system.run("backup")
    assert status == 0, said
    (made,) = (told.system.var_dir / "backups").iterdir()
    return made


def test_erased_she_is_unreadable_live(told: Told, backup: Path) -> None:
    path = f"/v1/vault/cases/{told.her.case_id}:erase"
    asked = told.system.post(path, told.person("supervisor"), {"reason": "her_wish"})
    assert asked.status_code == 202, asked.text
    assert _revealed(told, told.her) == (NEVER_AGAIN, None)
    assert_she_is_gone(told)


def test_and_after_the_vault_was_killed(told: Told) -> None:
    told.system.kill_and_await("vault")
    assert_she_is_gone(told)


def test_and_after_a_rebuild(told: Told) -> None:
    status, said = told.system.run("rebuild")
    assert status == 0, said
    assert_she_is_gone(told)


def test_and_after_the_backup_from_before_was_brought_back(
    told: Told, backup: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    system = told.system
    keys_aside = shutil.copytree(system.var_dir / "vault-keys", tmp_path_factory.mktemp("keys") / "vault-keys")
    system.stop()
    status, said = system.run("infra.demo", "reset")
    assert status == 0, said
    status, said = system.run("restore", str(backup))
    assert status == 0, said
    assert "only with the vault's key file" in " ".join(said.split())
    shutil.copytree(keys_aside, system.var_dir / "vault-keys")
    system.start()
    assert_she_is_gone(told)
