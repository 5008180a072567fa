"""The .proto files: clean, compatible with every release, and what is generated from them is fresh."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROTO = ROOT / "proto"
RELEASES = sorted((PROTO / "releases").glob("*.binpb"))


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def buf(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run(Path(sys.executable).parent / "buf", *arguments)


def copied_schema(folder: Path) -> Path:
    copy = folder / "proto"
    copy.mkdir()
    shutil.copy(PROTO / "buf.yaml", copy)
    shutil.copytree(PROTO / "reintegration", copy / "reintegration")
    return copy


def test_the_schema_keeps_the_lint_rules() -> None:
    result = buf("lint", PROTO)
    assert result.returncode == 0, result.stdout + result.stderr


def test_there_is_a_release_to_compare_with() -> None:
    assert RELEASES


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_the_schema_breaks_no_reader_or_writer_of_a_release(release: Path) -> None:
    result = buf("breaking", PROTO, "--against", release)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("optional CallOutcome outcome = 2;", "optional CallOutcome outcome = 12;"),
        ("CALL_OUTCOME_REFUSED = 5;", "CALL_OUTCOME_DECLINED = 5;"),
        ("optional bool help_requested = 3;", ""),
        ("optional int32 wellbeing = 5;", "optional string wellbeing = 5;"),
    ],
)
def test_a_change_that_would_break_a_reader_is_noticed(tmp_path: Path, before: str, after: str) -> None:
    copy = copied_schema(tmp_path)
    events = copy / "reintegration" / "v1" / "events.proto"
    source = events.read_text(encoding="utf-8")
    assert before in source
    events.write_text(source.replace(before, after, 1), encoding="utf-8")
    assert buf("breaking", copy, "--against", RELEASES[-1]).returncode != 0


def test_the_generated_code_is_what_the_schema_gives_now() -> None:
    result = run(sys.executable, PROTO / "generate.py", "--check")
    assert result.returncode == 0, result.stderr


def test_generated_code_that_is_not_fresh_is_noticed(tmp_path: Path) -> None:
    copy = copied_schema(tmp_path)
    shutil.copy(PROTO / "generate.py", copy)
    shutil.copytree(PROTO / "gen", copy / "gen", ignore=shutil.ignore_patterns("__pycache__"))
    stale = copy / "gen" / "reintegration" / "v1" / "log_pb2.py"
    stale.write_text(stale.read_text(encoding="utf-8") + "\n# by hand\n", encoding="utf-8")
    (copy / "gen" / "reintegration" / "v1" / "old_pb2.py").touch()
    result = run(sys.executable, copy / "generate.py", "--check")
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "proto/gen left over: reintegration/v1/old_pb2.py",
        "proto/gen not fresh: reintegration/v1/log_pb2.py",
    ]
