"""What is kept besides the log: accounts and keys of `access`, how people want to be told and what is owed to them with
the key of their addresses, releases and the key of their dice, the keys to which phones sealed what they have not sent
yet, the vault's database without its keys, the policies in use, and what a demonstration says of its data."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from infra.runner.backup.manifest import VAULT
from infra.runner.backup.refusal import BackupUnreadable
from infra.runner.plan import ROOT
from infra.runner.private_file import write_private
from services.runtime.settings import Settings
from services.web.sealing_keys import add_key

ACCESS: Final = "access"
ALERTING: Final = "alerting"
OUTCOMES: Final = "outcomes"
SEALING_KEYS: Final = "sealing-keys"
POLICY: Final = "policy"
DEMO: Final = "demo"
CHECKPOINTS: Final = "audit-checkpoints.jsonl"
"""The ends of the vault's audit, for `python -m services.vault verify-audit --checkpoint`."""
_DEMO_FILES: Final = ("demo-data.json",)
_DATABASES: Final = ".sqlite3"
# Of a database its own copy is taken, which has what these hold.
_PARTS_OF_A_DATABASE: Final = ("-wal", "-shm", "-journal")


def keep_files(settings: Settings, var_dir: Path, into: Path) -> None:
    """Copy them while they are in use."""
    for source, name in _files(settings, var_dir):
        target = into / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if source.suffix == _DATABASES:
            _copy_database(source, target)
        else:
            _copy_private(source, target)
    for database in (into / VAULT).glob(f"*{_DATABASES}"):
        write_private(into / CHECKPOINTS, "".join(_ends_of_audit(database)))


def bring_back_files(directory: Path, settings: Settings, var_dir: Path) -> str:
    """Put accounts, releases, keys and the vault's data where they were. Answers in sentences what is left to do."""
    for folder, target in (*_folders(settings), (DEMO, var_dir)):
        # The tenth key after the ninth.
        for source in sorted((directory / folder).glob("*"), key=lambda path: (len(path.name), path.name)):
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder == SEALING_KEYS:
                add_key(target, source.read_bytes())
                continue
            _copy_private(source, target / source.name)
            if source.suffix == _DATABASES:
                _check_database(target / source.name)
    return " ".join(filter(None, (_about_policies(directory, settings, var_dir), _about_keys(directory, settings))))


def _about_keys(directory: Path, settings: Settings) -> str:
    if not (directory / VAULT).is_dir() or settings.vault_keys.exists():
        return ""
    return (
        f"Who she is can be read only with the vault's key file, which is in no backup: put it to "
        f"{settings.vault_keys} before the next start."
    )


def _about_policies(directory: Path, settings: Settings, var_dir: Path) -> str:
    in_use = {name: source.read_bytes() for source, name in _files(settings, var_dir) if name.startswith(POLICY)}
    kept = {path.relative_to(directory).as_posix(): path.read_bytes() for path in (directory / POLICY).rglob("*.toml")}
    if in_use == kept:
        return ""
    return (
        f"The policies in use are not those of the backup, which are in {directory / POLICY}: name them by POLICY_FILE "
        "and POLICY_DIR, or the next start changes the rules to those in use."
    )


def _folders(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Folders of a backup, and where what is in them is kept."""
    yield ACCESS, settings.access_dir
    yield ALERTING, settings.alerting_dir
    yield OUTCOMES, settings.outcomes_dir
    yield SEALING_KEYS, settings.sealing_keys
    if not settings.vault_database_url:
        yield VAULT, settings.vault_dir


def _files(settings: Settings, var_dir: Path) -> Iterator[tuple[Path, str]]:
    """What there is now: (where, its name within a backup)."""
    for folder, directory in _folders(settings):
        for path in sorted(directory.iterdir()) if directory.is_dir() else ():
            # The vault's keys may have been put beside its data; they are in no backup wherever they are.
            if folder == VAULT and path.suffix != _DATABASES:
                continue
            if path.is_file() and not path.name.endswith(_PARTS_OF_A_DATABASE) and not path.name.startswith("."):
                yield path, f"{folder}/{path.name}"
    # The parts run in the project's root, whatever this process runs in.
    yield ROOT / settings.policy_file, f"{POLICY}/policy.toml"
    if settings.policy_dir is not None:
        for path in sorted((ROOT / settings.policy_dir).glob("*.toml")):
            yield path, f"{POLICY}/organisations/{path.name}"
    for name in _DEMO_FILES:
        if (var_dir / name).exists():
            yield var_dir / name, f"{DEMO}/{name}"


def _copy_private(source: Path, target: Path) -> None:
    with (
        source.open("rb") as reading,
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as writing,
    ):
        shutil.copyfileobj(reading, writing)
        writing.flush()
        os.fsync(writing.fileno())


def _copy_database(source: Path, target: Path) -> None:
    """As it is at one instant, whoever writes to it."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)
        # One file, whatever way of writing it had: what is copied is all there is.
        writing.execute("PRAGMA journal_mode=DELETE")
    _check_database(target)


def _ends_of_audit(vault: Path) -> Iterator[str]:
    """As JSON lines: how far the audit was then, for whoever is shown a shorter one later."""
    with closing(sqlite3.connect(vault)) as reading:
        ends = reading.execute("SELECT organisation, sequence, digest FROM audit_ends ORDER BY organisation").fetchall()
    for organisation, sequence, digest in ends:
        yield json.dumps({"organisation": organisation, "sequence": sequence, "digest": digest.hex()}) + "\n"


def _check_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise BackupUnreadable(f"{path}: {found}")
