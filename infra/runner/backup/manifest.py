"""What a backup says about itself: its files with their SHA-256, how far each topic went, what the tables said."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from infra.clickhouse.table_hash import Bound, TableHash
from infra.runner.backup.record_files import sha256_of
from infra.runner.backup.refusal import BackupUnreadable
from infra.runner.private_file import write_private

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
VAULT: Final = "vault"
"""The folder of the vault's database. It has no hash: an erasure reaches into it. What it holds is sealed piece by
piece, and its audit is signed and held against the checkpoints that lie beside."""


@dataclass(frozen=True, slots=True)
class KeptTopic:
    """By partition: the offset after the last record, how many records, and the newest recorded_at (0 for none)."""

    ends: list[int]
    records: list[int]
    recorded_at: list[int]

    @property
    def bound(self) -> Bound:
        return Bound([end - 1 for end in self.ends], self.recorded_at)


@dataclass(frozen=True, slots=True)
class Manifest:
    """made_at: milliseconds. version: of the system that made it. tables: what its tables said up to where the log was
    kept; None when they were not that far."""

    format: int
    made_at: int
    version: str
    topics: dict[str, KeptTopic]
    tables: dict[str, TableHash] | None
    files: dict[str, str]


def write_manifest(directory: Path, manifest: Manifest) -> None:
    write_private(directory / MANIFEST, json.dumps(asdict(manifest), indent=1) + "\n")


def hashes_of_files(directory: Path) -> dict[str, str]:
    """{path within the directory: SHA-256} of all files but the manifest and the vault's database."""
    found = [path for path in sorted(directory.rglob("*")) if path.is_file() and path.name != MANIFEST]
    named = {path.relative_to(directory).as_posix(): path for path in found}
    return {name: sha256_of(path) for name, path in named.items() if not name.startswith(f"{VAULT}/")}


def verified_manifest(directory: Path) -> Manifest:
    """The manifest of a backup, all files of which are as they were written. Raises BackupUnreadable."""
    try:
        raw: dict[str, Any] = json.loads((directory / MANIFEST).read_text())
        if raw["format"] != FORMAT:
            raise BackupUnreadable(f"{directory}: format {raw['format']}, made by a version {raw['version']}")
        manifest = Manifest(
            **{
                **raw,
                "topics": {name: KeptTopic(**topic) for name, topic in raw["topics"].items()},
                "tables": raw["tables"] and {name: TableHash(**one) for name, one in raw["tables"].items()},
            }
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupUnreadable(f"{directory / MANIFEST} is no manifest of a backup: {error}") from error
    found = hashes_of_files(directory)
    wrong = sorted(name for name in {*found, *manifest.files} if found.get(name) != manifest.files.get(name))
    if wrong:
        raise BackupUnreadable(f"{directory}: not as they were written: {', '.join(wrong)}")
    return manifest


def sync_directory(directory: Path) -> None:
    """What was created or renamed in it is on the disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
