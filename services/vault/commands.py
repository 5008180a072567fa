"""What can be asked of the vault's data from a shell, while it runs or not. Each returns an exit status, 0 for good."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from services.runtime.settings import Settings
from services.vault.bootstrap import Vault, open_vault
from services.vault.domain.audit_chain import Checkpoint


def verify_audit(settings: Settings, remembered: Path | None) -> int:
    """1 when a chain is broken: names the first entry that is not as it was written."""
    vault = open_vault(settings)
    kept = list(_checkpoints(remembered)) if remembered else []
    status = 0
    for organisation in sorted({*_organisations(vault), *(checkpoint.organisation for checkpoint in kept)}):
        broken = vault.audit.verify(organisation, kept)
        status |= broken is not None
        said = "whole" if broken is None else f"BROKEN at entry {broken.sequence}: {broken.what}"
        _say(f"{organisation}: {said}")
    return int(status)


def prove_erased(settings: Settings, organisation: str, case_id: str) -> int:
    """1 when anything is left."""
    vault = open_vault(settings)
    left = vault.erasing.left_of(organisation, case_id)
    _say(f"her key:              {'there' if left.keys else 'gone'}")
    _say(f"sealed records:       {left.sealed}")
    _say(f"keys of before it:    {left.older_epochs}")
    _say(f"the erasure itself:   {'not finished' if left.unfinished else 'finished'}")
    _say("nothing of her can be read any more" if left.nothing else "SHE IS NOT ERASED")
    return 0 if left.nothing else 1


def held(settings: Settings) -> int:
    """What somebody who takes everything would have, by organisation."""
    vault = open_vault(settings)
    for organisation in _organisations(vault):
        with vault.store.reading() as transaction:
            counts = transaction.counts(organisation)
        kept = ", ".join(f"{field}: {count}" for field, count in sorted(counts.items()) if field != "cases")
        _say(f"{organisation}: {counts['cases']} survivors ({kept or 'nothing kept'})")
    _say(f"With the key file ({vault.keys.path}) all of these can be read; without it, none.")
    _say("Without it there is to be read: who of the staff looked at which case_id when and what for (audit),")
    _say("that a case_id was erased, and how many there are. The log and ClickHouse hold no name, number or address.")
    return 0


def _organisations(vault: Vault) -> list[str]:
    with vault.store.reading() as transaction:
        return transaction.organisations()


def _checkpoints(path: Path) -> Iterator[Checkpoint]:
    for line in path.read_text().splitlines():
        kept = json.loads(line)
        yield Checkpoint(kept["organisation"], kept["sequence"], bytes.fromhex(kept["digest"]))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
