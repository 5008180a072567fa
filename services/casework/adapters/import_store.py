"""An ImportStore in files: one for each thing that is kept of an import, all sealed, ours alone.

The key is made the first time. Without it the files are noise, and imports can neither go on nor be taken back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from services.access.domain.permissions import Area
from services.casework.application.importing.imports import Asked, Import, ImportsAway, Stage
from services.casework.domain.register.columns import Column
from services.casework.domain.register.lines import Problem, Wrong
from services.casework.domain.register.recorded import Place
from services.runtime.ours_alone import (
    READ_ONLY,
    READ_WRITE,
    NotOursAlone,
    load_or_create_private,
    private_directory,
    put_in_place,
    read_private,
    sync_directory,
)
from services.runtime.sealed import DoesNotOpen, new_key, seal, unseal

KEY_NAME: Final = "sealing.key"
_STATE, _REGISTER, _PROBLEMS, _PLACES = "state", "register", "problems", "places"


class SealedImports:
    def __init__(self, directory: Path) -> None:
        """Raises NotOursAlone when others could read or replace what is in the directory."""
        self._directory = private_directory(directory)
        self._key = load_or_create_private(directory / KEY_NAME, new_key, READ_ONLY)

    def save(self, one: Import) -> None:
        self._put(one.import_id, _STATE, asdict(one))

    def load(self, import_id: str) -> Import | None:
        if not self._path(import_id, _STATE).exists():
            return None
        return _import_of(self._get(import_id, _STATE))

    def all(self) -> Sequence[Import]:
        return [_import_of(self._get(path.stem, _STATE)) for path in sorted(self._directory.glob(f"*.{_STATE}"))]

    def put_rows(self, import_id: str, rows: Sequence[Sequence[str]]) -> None:
        self._put(import_id, _REGISTER, rows)

    def rows(self, import_id: str) -> list[list[str]]:
        found: list[list[str]] = self._get(import_id, _REGISTER)
        return found

    def put_problems(self, import_id: str, problems: Sequence[Problem]) -> None:
        self._put(import_id, _PROBLEMS, [(one.line, one.column, one.wrong) for one in problems])

    def problems(self, import_id: str) -> list[Problem]:
        return [Problem(line, Column(column), Wrong(wrong)) for line, column, wrong in self._get(import_id, _PROBLEMS)]

    def put_places(self, import_id: str, places: Sequence[Place]) -> None:
        self._put(import_id, _PLACES, [(place.line, place.is_settled) for place in places])

    def places(self, import_id: str) -> list[Place]:
        return [Place(import_id, line, is_settled) for line, is_settled in self._get(import_id, _PLACES)]

    def drop_register(self, import_id: str) -> None:
        self._drop(import_id, _REGISTER, _PROBLEMS)

    def remove(self, import_id: str) -> None:
        self._drop(import_id, _STATE, _REGISTER, _PROBLEMS, _PLACES)

    def _put(self, import_id: str, kind: str, value: object) -> None:
        sealed = seal(self._key, _about(import_id, kind), json.dumps(value, ensure_ascii=False).encode())
        with _or_away():
            put_in_place(self._path(import_id, kind), sealed, READ_WRITE)

    def _get(self, import_id: str, kind: str) -> Any:
        with _or_away():
            sealed = read_private(self._path(import_id, kind), READ_WRITE)
            return json.loads(unseal(self._key, _about(import_id, kind), sealed))

    def _drop(self, import_id: str, *kinds: str) -> None:
        with _or_away():
            for kind in kinds:
                self._path(import_id, kind).unlink(missing_ok=True)
            sync_directory(self._directory)

    def _path(self, import_id: str, kind: str) -> Path:
        return self._directory / f"{import_id}.{kind}"


@contextmanager
def _or_away() -> Iterator[None]:
    """Raises ImportsAway for whatever the disk or the key will not do."""
    try:
        yield
    except (OSError, NotOursAlone, DoesNotOpen) as error:
        raise ImportsAway from error


def _about(import_id: str, kind: str) -> str:
    return f"v1|{import_id}|{kind}"


def _import_of(kept: dict[str, Any]) -> Import:
    asked = kept["asked"]
    areas = tuple(Area(**area) for area in kept["areas"])
    rest = {
        "areas": areas,
        "headings": tuple(kept["headings"]),
        "stage": Stage(kept["stage"]),
        "asked": None if asked is None else Asked(**asked | {"columns": _columns(asked["columns"])}),
    }
    return Import(**kept | rest)


def _columns(kept: Sequence[str | None]) -> tuple[Column | None, ...]:
    return tuple(None if name is None else Column(name) for name in kept)
