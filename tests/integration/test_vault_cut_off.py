"""An erasure that is cut off by SIGKILL at any of its steps is finished by the next start, and harms nobody else."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from services.vault.application.contents import list_of
from services.vault.application.errors import Erased
from services.vault.application.revealing import Question
from services.vault.domain.identity import Field, Identity
from services.vault.domain.looks import Purpose
from tests.integration.erasing_cut_off import HER, OTHERS, STEPS, begun
from tests.unit.services.vault.test_erasing import brought_back, copied
from tests.vault_fixture import CASEWORKER, OURS, VaultUnderTest

ROOT = Path(__file__).parents[2]
NAMES = Question(frozenset({Field.NAMES}), Purpose.VISIT)
BACKUP = Path("backups") / "before" / "vault"


async def name_of(under_test: VaultUnderTest, case_id: str) -> list[str]:
    shown = await under_test.vault.revealing.reveal(CASEWORKER, case_id, NAMES)
    return [name for plain in shown.plain for name in list_of(plain)]


async def _kept(under_test: VaultUnderTest) -> None:
    for case_id in (HER, *OTHERS):
        await under_test.vault.keeping.keep_identity(CASEWORKER, case_id, Identity((f"Invented {case_id[-1]}",)))


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Below it, by the name of each step, a vault that was cut off there."""
    directory = tmp_path_factory.mktemp("cut-off")
    under_test = begun(directory / "begun")
    asyncio.run(_kept(under_test))
    copied(under_test.data / "vault.sqlite3", under_test.settings.var_dir / BACKUP)
    under_test.vault.store.close()
    command = [sys.executable, "-m", "tests.integration.erasing_cut_off", str(directory)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return directory


@pytest.mark.parametrize("step", STEPS)
async def test_what_was_cut_off_is_finished_and_everybody_else_can_be_read(cut_off: Path, step: str) -> None:
    under_test = begun(cut_off / step)
    with pytest.raises(Erased):
        await name_of(under_test, HER)
    for case_id in OTHERS:
        assert await name_of(under_test, case_id) == [f"Invented {case_id[-1]}"]
    await under_test.vault.erasing.finish()
    assert under_test.vault.erasing.left_of(OURS, HER).nothing
    for case_id in OTHERS:
        assert await name_of(under_test, case_id) == [f"Invented {case_id[-1]}"]
    keys = under_test.settings.vault_keys
    assert len(json.loads(keys.read_text())["organisations"][OURS]) == 1
    assert [path.name for path in keys.parent.iterdir()] == [keys.name]
    assert under_test.casework.erased == {OURS: {HER}}
    assert under_test.vault.audit.verify(OURS) is None
    restored = brought_back(under_test, under_test.settings.var_dir / BACKUP)
    with pytest.raises(Erased):
        await name_of(restored, HER)
    for case_id in OTHERS:
        assert await name_of(restored, case_id) == [f"Invented {case_id[-1]}"]
