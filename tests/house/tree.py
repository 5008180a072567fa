"""The files of the project, for the tests that read them. What git ignores is not of it."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "proto" / "gen"
CODE = ("services", "streams", "infra")


@cache
def files(suffix: str = "") -> tuple[Path, ...]:
    """All files, tracked or to be tracked, whose name ends with this."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = (ROOT / name for name in listed.split("\0") if name.endswith(suffix) and name)
    return tuple(sorted(path for path in found if path.is_file()))


@cache
def python_files(*folders: str) -> tuple[Path, ...]:
    """Those somebody wrote, in these folders of the root or everywhere."""
    written = (path for path in files(".py") if not path.is_relative_to(GENERATED))
    return tuple(path for path in written if not folders or path.relative_to(ROOT).parts[0] in folders)


@cache
def text_files() -> tuple[tuple[Path, str], ...]:
    """Every file with its text. Of what is no text, whatever in it reads as text."""
    return tuple((path, path.read_bytes().decode("utf-8", errors="replace")) for path in files())


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
