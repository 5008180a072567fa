"""Erases a survivor and ends itself by SIGKILL at a named step, so that a test can see what is found afterwards.

python -m tests.integration.erasing_cut_off DIRECTORY     # for every step a copy of DIRECTORY/begun, of its name
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.vault.adapters import key_file
from services.vault.adapters.case_safe import SealedCases
from services.vault.adapters.copies import BackupsBelow
from services.vault.adapters.key_file import KeyFile
from services.vault.adapters.store import SqlTransaction, SqlVaultStore
from services.vault.application.erasing import Erasing
from services.vault.domain.looks import ErasureReason
from tests.vault_fixture import HEAD_OF_ALL, OURS, RINA, CaseworkTable, VaultUnderTest, case_id_of, vault_in

HER: Final = case_id_of(1)
OTHERS: Final = tuple(case_id_of(number) for number in (2, 3, 4))


@dataclass(frozen=True, slots=True)
class Step:
    """Before or after the count-th call of what is so called there."""

    owner: Any
    name: str
    is_before: bool = False
    count: int = 1


STEPS: Final = {
    "asked for": Step(Erasing, "ask"),
    "rows deleted, not for good yet": Step(SqlTransaction, "forget"),
    "rows deleted": Step(Erasing, "_forget"),
    "next key written beside the old file": Step(Path, "replace", is_before=True),
    "next key there": Step(KeyFile, "begin_epoch"),
    "backups being reached": Step(SqlTransaction, "forget", count=2),
    "backups reached": Step(BackupsBelow, "forget"),
    "others wrapped, not found by numbers yet": Step(SqlTransaction, "put_wrapped_keys", count=2),
    "others wrapped": Step(SealedCases, "wrap_anew", count=2),
    "others wrapped for good": Step(SqlVaultStore, "sweep", is_before=True, count=2),
    "swept": Step(SqlVaultStore, "sweep", count=2),
    "old key left out of a file beside": Step(Path, "replace", is_before=True, count=2),
    "old file without a name": Step(key_file, "_overwrite", is_before=True, count=2),
    "old key gone": Step(KeyFile, "destroy_before"),
    "rotation noted": Step(Erasing, "_rotate"),
    "told to the log": Step(CaseworkTable, "record"),
    "done": Step(Erasing, "_done"),
}


def begun(directory: Path) -> VaultUnderTest:
    """The vault there, with casework that remembers in a file whose cases they are and who was erased."""
    file = directory / "erased.json"
    found = json.loads(file.read_text()) if file.exists() else {}
    table = CaseworkTable(erased={organisation: set(case_ids) for organisation, case_ids in found.items()})
    for case_id in (HER, *OTHERS):
        table.give(case_id, RINA)
    return vault_in(directory, table)


async def erase(directory: Path) -> None:
    under_test = begun(directory)
    await under_test.vault.erasing.ask(HEAD_OF_ALL, HER, ErasureReason.HER_WISH)
    await under_test.vault.erasing.finish()


def _remember(directory: Path) -> None:
    """What casework is told, it keeps."""
    record = CaseworkTable.record

    async def kept(self: CaseworkTable, organisation: str, case_id: str) -> None:
        await record(self, organisation, case_id)
        (directory / "erased.json").write_text(json.dumps({OURS: sorted(self.erased[OURS])}))

    CaseworkTable.record = kept  # type: ignore[method-assign]


def _cut_off_at(step: Step) -> None:
    real: Callable[..., Any] = getattr(step.owner, step.name)
    calls = 0

    def end_if(is_before: bool) -> None:
        if step.is_before == is_before and calls == step.count:
            os.kill(os.getpid(), signal.SIGKILL)

    async def asynchronous(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        end_if(True)
        result = await real(*arguments, **named)
        end_if(False)
        return result

    def synchronous(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        end_if(True)
        result = real(*arguments, **named)
        end_if(False)
        return result

    setattr(step.owner, step.name, asynchronous if asyncio.iscoroutinefunction(real) else synchronous)


def main(directory: Path) -> None:
    for name, step in STEPS.items():
        of_step = directory / name
        shutil.copytree(directory / "begun", of_step)
        child = os.fork()
        if child == 0:
            _remember(of_step)
            _cut_off_at(step)
            asyncio.run(erase(of_step))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        ended = os.waitstatus_to_exitcode(status)
        print(f"{name}: {ended}", flush=True)
        assert ended == -signal.SIGKILL, f"{name} was never reached"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
