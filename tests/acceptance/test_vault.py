"""The vault among the others, killed while it is asked: what it served stands in the audit, once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.access.demo_people import DemoPerson
from services.vault.adapters.key_file import create_key_file
from tests import local_http
from tests.acceptance.survivor_cases import Json, SurvivorCase, wait_for
from tests.system_fixture import ROOT, System, bearer

KILLS = 4
ASKING_AT_ONCE = 4
NAMES = {"fields": ["names"], "purpose": "visit"}


def reveal_path(case_id: str) -> str:
    return f"/v1/vault/cases/{case_id}:reveal"


def wait_for_vault(system: System) -> None:
    wait_for(lambda: _answers(system), "the vault answers")


def _answers(system: System) -> bool | None:
    try:
        return system.http.get(f"{system.addresses['vault']}/readyz").status_code == 200 or None
    except httpx.TransportError:
        return None


def kept_case(system: System, who: DemoPerson, name: str = "Invented Name") -> SurvivorCase:
    """Hers, open, and with a name in the vault that she may see."""
    case = SurvivorCase(system, who).opened()
    wait_for(lambda: system.get(f"/v1/cases/{case.case_id}", who).status_code == 200 or None, "it is hers")
    path = f"/v1/vault/cases/{case.case_id}/identity"
    answer = system.ask("PUT", path, who, json={"names": [name]})
    assert answer.status_code == 200, answer.text
    wait_for(lambda: system.post(reveal_path(case.case_id), who, NAMES).status_code == 200 or None, "it is shown")
    return case


def audit_of(system: System, case_id: str) -> list[Json]:
    """Every entry about the case, oldest first, as the head reads them."""
    found: list[Json] = []
    before: int | None = None
    while True:
        params: dict[str, Any] = {"case_id": case_id, "limit": 500} | ({"before": before} if before else {})
        answer = system.get("/v1/vault/audit", system.head, **params)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if not answer.json()["more"]:
            return found[::-1]
        before = found[-1]["sequence"]


def command(system: System, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the vault upon the data of the running one."""
    environment = {**os.environ, **system.parts["vault"].environment}
    asked = [sys.executable, "-m", "services.vault", *arguments]
    return subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


@dataclass
class Asking:
    """Somebody who asks again and again. served: sequences of the audit that answers named; cut: requests that had no
    whole answer."""

    system: System
    who: DemoPerson
    case_id: str
    stop: Event
    served: list[int] = field(default_factory=list)
    cut: int = 0

    def run(self) -> None:
        address = self.system.addresses["vault"] + reveal_path(self.case_id)
        while not self.stop.is_set():
            with local_http.client(timeout=30) as client:
                try:
                    answer = client.post(address, headers=bearer(self.who), json=NAMES)
                except httpx.ConnectError:
                    # It was not there: nobody was asked.
                    self.stop.wait(0.05)
                    continue
                except httpx.TransportError:
                    self.cut += 1
                    continue
            if answer.status_code == 200:
                self.served.append(answer.json()["audit"]["sequence"])
            else:
                assert answer.status_code == 503, answer.text


def test_under_kill_9_every_reveal_that_was_served_stands_in_the_audit_once(system: System) -> None:
    case = kept_case(system, system.anna)
    before = max(entry["sequence"] for entry in audit_of(system, case.case_id))
    stop = Event()
    asking = [Asking(system, system.anna, case.case_id, stop) for _ in range(ASKING_AT_ONCE)]
    vault = system.parts["vault"]
    with ThreadPoolExecutor(ASKING_AT_ONCE) as pool:
        running = [pool.submit(one.run) for one in asking]
        for number in range(1, KILLS + 1):
            wait_for(lambda n=number: sum(len(one.served) for one in asking) >= 10 * n or None, "it serves")
            vault.kill()
            vault.start()
            wait_for_vault(system)
        stop.set()
        for one in running:
            one.result()
    served = Counter(sequence for one in asking for sequence in one.served)
    cut = sum(one.cut for one in asking)
    entries = audit_of(system, case.case_id)
    audited = [entry["sequence"] for entry in entries if entry["deed"] == "revealed" and entry["sequence"] > before]
    assert set(served.values()) == {1}
    assert served.keys() <= set(audited)
    unserved = len(audited) - len(served)
    print(f"\n{len(served)} served, {len(audited)} audited, {cut} requests cut by {KILLS} kills")
    assert 0 <= unserved <= cut
    verified = command(system, "verify-audit")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert f"{system.anna.organisation}: whole" in verified.stdout


def test_with_another_key_file_in_place_nothing_is_revealed_until_the_right_one_is_back(
    system: System, tmp_path: Path
) -> None:
    case = kept_case(system, system.anna)
    keys = system.settings.vault_keys
    other = create_key_file(tmp_path / "other" / "vault-keys.json")
    shutil.copy2(keys, keys.with_name("aside"))
    shutil.copy2(other.path, keys.with_name("new"))
    keys.with_name("new").replace(keys)
    refused = system.post(reveal_path(case.case_id), system.anna, NAMES)
    keys.with_name("aside").replace(keys)
    assert refused.status_code == 503
    assert "Invented" not in refused.text
    assert system.post(reveal_path(case.case_id), system.anna, NAMES).json()["names"] == ["Invented Name"]


def test_without_the_vault_events_are_taken_and_nothing_is_revealed(system: System) -> None:
    case = kept_case(system, system.anna)
    system.parts["vault"].stop()
    try:
        case.called()
        assert system.post(reveal_path(case.case_id), system.anna, NAMES).status_code == 503
    finally:
        system.parts["vault"].start()
        wait_for_vault(system)


def test_erased_she_cannot_be_read_live_or_after_a_restart_her_alert_ends_and_sums_stand(system: System) -> None:
    case = kept_case(system, system.anna, "Invented Erased")
    other = kept_case(system, system.anna, "Invented Other")
    case.hearing()
    alert = case.alert("hearing")
    both = (case.case_id, other.case_id)
    wait_for(lambda: _opened(system, both) == 2 or None, "both are counted")
    asked = system.post(f"/v1/vault/cases/{case.case_id}:erase", system.head, {"reason": "her_wish"})
    assert asked.status_code == 202, asked.text
    assert system.post(reveal_path(case.case_id), system.anna, NAMES).status_code == 410
    path = f"/v1/vault/cases/{case.case_id}/erasure"
    wait_for(lambda: system.get(path, system.head).json().get("done") or None, "the erasure is done")
    case.alert_again(alert["alert_id"], lambda found: found["state"] != "open", "her alert has ended")
    vault = system.parts["vault"]
    vault.kill()
    vault.start()
    wait_for_vault(system)
    assert system.post(reveal_path(case.case_id), system.anna, NAMES).status_code == 410
    assert system.post(reveal_path(other.case_id), system.anna, NAMES).json()["names"] == ["Invented Other"]
    proved = command(system, "prove-erased", system.anna.organisation, case.case_id)
    assert proved.returncode == 0, proved.stdout + proved.stderr
    assert "nothing of her can be read any more" in proved.stdout
    assert _opened(system, both) == 2


def _opened(system: System, case_ids: tuple[str, ...]) -> int:
    """How many of these cases the tables count as opened."""
    opened = f"type = 'case_opened' AND case_id IN {case_ids}"
    query = f"SELECT uniqExact(case_id) FROM reintegration.events FINAL WHERE {opened}"
    answer = system.http.get(
        f"{system.clickhouse.address}/",
        params={"query": query},
        auth=(system.settings.clickhouse_user, system.settings.clickhouse_password.get_secret_value()),
    )
    assert answer.status_code == 200, answer.text
    return int(answer.text)


def harmed(system: System, harm: str) -> Path:
    """A VAR_DIR with a copy of the data, and of the key file after that was done to it."""
    directory = system.settings.var_dir.parent / f"harmed-{uuid4().hex}"
    shutil.copytree(system.settings.vault_dir, directory / "vault")
    shutil.copytree(system.settings.vault_keys.parent, directory / "vault-keys")
    keys = directory / "vault-keys" / "vault-keys.json"
    match harm:
        case "missing":
            keys.unlink()
        case "readable by others":
            keys.chmod(0o440)
        case "in a directory others may enter":
            keys.parent.chmod(0o755)
        case "cut short":
            content = keys.read_bytes()
            keys.unlink()
            keys.write_bytes(content[: len(content) // 2])
            keys.chmod(0o400)
        case "of another installation":
            keys.unlink()
            shutil.copy2(create_key_file(directory / "other" / "k.json").path, keys)
        case _:
            raise AssertionError(harm)
    return directory


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        ("missing", "cannot be read"),
        ("readable by others", "chmod 400"),
        ("in a directory others may enter", "chmod 700"),
        ("cut short", "no key file of the vault"),
        ("of another installation", "other keys than those of the key file"),
    ],
)
def test_with_a_key_file_that_is_not_as_it_must_be_it_does_not_start(system: System, harm: str, sentence: str) -> None:
    directory = harmed(system, harm)
    before = sorted(path.name for path in (directory / "vault-keys").iterdir())
    environment = {**os.environ, **system.parts["vault"].environment, "VAR_DIR": str(directory)}
    asked = [sys.executable, "-m", "services.vault"]
    ended = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr and "Invented" not in ended.stderr
    assert sorted(path.name for path in (directory / "vault-keys").iterdir()) == before
