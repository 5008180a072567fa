"""The tests see what they are there to see: a fault of `mutations.py`, put into a copy of the tree, turns them red.

And they see nothing where there is nothing: in the copy as it is, the same tests are green.
"""

from __future__ import annotations

import compileall
import os
import queue
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest

from tests.mutations.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]
COPIED = ("services", "streams", "proto", "infra", "tests")
AT_ONCE = 2
MOST_SECONDS = 180
ASSERTION_FAILED = 1
_SAYS_ASSERTION = ("AssertionError", "assert ", "Failed: DID NOT RAISE", "ExceptionGroup: Hypothesis found")


class NoSuchText(ValueError):
    """The file no longer says what the fault replaces."""


@dataclass(frozen=True, slots=True)
class Run:
    """status: pytest's exit status; outcomes: {test as it was named: what each of its cases came to}."""

    status: int
    outcomes: Mapping[str, tuple[str, ...]]
    output: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the tree, in which one fault at a time is put."""

    root: Path

    @staticmethod
    def into(root: Path) -> Copy:
        for name in COPIED:
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"))
        shutil.copy(ROOT / "pyproject.toml", root)
        # By its content, not its time: a file that is changed and changed back within a second is seen.
        compileall.compile_dir(root, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
        return Copy(root)

    def once_more(self, root: Path) -> Copy:
        """Another one, compiled as this is."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return Copy(root)

    @contextmanager
    def mutated(self, mutation: Mutation) -> Iterator[None]:
        file = self.root / mutation.file
        text = file.read_text(encoding="utf-8")
        if text.count(mutation.old) != 1:
            raise NoSuchText(f"{mutation.file} must have it once, say it anew: {mutation.old!r}")
        file.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(text, encoding="utf-8")

    def run(self, tests: Sequence[str]) -> Run:
        report = self.root / "report.xml"
        report.unlink(missing_ok=True)
        # Only tests with real parts need the fixtures that start them, and the time to import them.
        alone = [] if any(test.startswith("tests/integration") for test in tests) else ["--noconftest"]
        options = ["-q", "-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}", *alone]
        finished = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *tests],
            cwd=self.root,
            env={
                **os.environ,
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONPATH": f"{self.root}{os.pathsep}{self.root}/proto/gen",
            },
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
            check=False,
        )
        outcomes = _outcomes(report, tests) if report.exists() else {}
        return Run(finished.returncode, outcomes, finished.stdout[-3000:] + finished.stderr[-1000:])


def _outcomes(report: Path, tests: Sequence[str]) -> dict[str, tuple[str, ...]]:
    cases = list(ET.parse(report).getroot().iter("testcase"))
    return {test: tuple(_outcome(case) for case in cases if _is_of(case, test)) for test in tests}


def _is_of(case: ET.Element, test: str) -> bool:
    path, _, name = test.partition("::")
    module = path.removesuffix(".py").replace("/", ".")
    return case.get("classname") == module and str(case.get("name")).partition("[")[0] == name


def _outcome(case: ET.Element) -> str:
    failure = case.find("failure")
    if failure is not None:
        said = str(failure.get("message"))
        return "assertion failed" if said.startswith(_SAYS_ASSERTION) else f"failed: {said[:200]}"
    return "passed" if len([part for part in case if part.tag in ("error", "skipped")]) == 0 else "not run"


@dataclass(frozen=True, slots=True)
class Found:
    control: Run
    by_name: Mapping[str, Run]
    seconds: float


def copies_in(directories: pytest.TempPathFactory) -> queue.Queue[Copy]:
    """As many as are at work at once."""
    copies: queue.Queue[Copy] = queue.Queue()
    first = Copy.into(directories.mktemp("copy"))
    for each in (first, *(first.once_more(directories.mktemp("copy")) for _ in range(AT_ONCE - 1))):
        copies.put(each)
    return copies


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Everything run once, so many at a time, each in a copy that nobody else uses meanwhile."""
    began = time.monotonic()
    copies = copies_in(tmp_path_factory)

    def with_fault(mutation: Mutation) -> Run:
        copy = copies.get()
        try:
            with copy.mutated(mutation):
                return copy.run(mutation.tests)
        except NoSuchText as error:
            return Run(-1, {}, str(error))
        finally:
            copies.put(copy)

    def as_it_is() -> Run:
        copy = copies.get()
        try:
            return copy.run(sorted({test for mutation in MUTATIONS for test in mutation.tests}))
        finally:
            copies.put(copy)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        control = pool.submit(as_it_is)
        runs = list(pool.map(with_fault, MUTATIONS))
        result = control.result()
    by_name = {mutation.name: run for mutation, run in zip(MUTATIONS, runs, strict=True)}
    return Found(result, by_name, time.monotonic() - began)


def test_in_the_copy_as_it_is_the_same_tests_are_green(found: Found) -> None:
    assert found.control.status == 0, found.control.output
    assert all(set(outcomes) == {"passed"} for outcomes in found.control.outcomes.values()), found.control.outcomes


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_fault_turns_its_tests_red(mutation: Mutation, found: Found) -> None:
    run = found.by_name[mutation.name]
    assert run.status == ASSERTION_FAILED, run.output
    for test, outcomes in run.outcomes.items():
        assert "assertion failed" in outcomes, f"{test}: {outcomes}\n{run.output}"
        assert set(outcomes) <= {"assertion failed", "passed"}, f"{test}: {outcomes}\n{run.output}"


def test_all_of_it_takes_at_most_three_minutes(found: Found) -> None:
    print(f"\n{len(MUTATIONS)} faults and the control in {found.seconds:.0f} s")
    assert found.seconds <= MOST_SECONDS
