"""Backups of the vault's database below a directory: an erasure reaches them too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from services.vault.adapters.store import FILE_NAME, SqlVaultStore, sqlite_url
from services.vault.application.ports import CaseSafe, Erasure


class BackupsBelow:
    """Copies: every vault.sqlite3 in a directory below this one."""

    def __init__(self, directory: Path, safe: CaseSafe) -> None:
        self._directory = directory
        self._safe = safe

    def forget(self, organisation: str, erasures: Sequence[Erasure]) -> None:
        for path in sorted(self._directory.rglob(FILE_NAME)):
            store = SqlVaultStore(sqlite_url(path.parent))
            try:
                self._forget_in(store, organisation, erasures)
            finally:
                store.close()

    def _forget_in(self, store: SqlVaultStore, organisation: str, erasures: Sequence[Erasure]) -> None:
        with store.writing(organisation) as transaction:
            transaction.forget([erasure.case_id for erasure in erasures])
            transaction.put_erasures([replace(erasure, recorded_at=None) for erasure in erasures])
            self._safe.wrap_anew(transaction, organisation)
        store.sweep()
