"""How the tree is laid out: names, lengths, opening paragraphs, who may import whom."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.house.tree import CODE, ROOT, files, name, parsed, python_files
from tests.side_by_side import BUSY, LONG, WAITING

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
SHORT_WORDS_THAT_ARE_NO_THOUGHT = ("utils", "util", "helpers", "helper", "common", "misc", "manager", "base")
DOMAINS = [path for path in python_files("services") if "domain" in path.parts]


def test_nothing_is_called_what_says_nothing() -> None:
    """A new file of such a name is a sign that a thought is missing."""
    parts = {(part, name(path)) for path in files() for part in (*path.relative_to(ROOT).parent.parts, path.stem)}
    assert [where for part, where in sorted(parts) if part.lower() in SHORT_WORDS_THAT_ARE_NO_THOUGHT] == []


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    assert {where: lines for where, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_every_function_fits_a_screen() -> None:
    long = []
    for path in python_files(*CODE):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _holds_functions(node):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    long.append(f"{name(path)}:{node.lineno} {node.name}: {lines} lines")
    assert long == []


def _holds_functions(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """What only puts routes or agents together is as long as there are of them."""
    return any(
        isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) for child in ast.walk(node) if child is not node
    )


@pytest.mark.parametrize(
    "package",
    [path for path in files("__init__.py") if path in python_files(*CODE)],
    ids=lambda path: name(path.parent),
)
def test_every_package_opens_with_what_it_is(package: Path) -> None:
    said = ast.get_docstring(parsed(package))
    assert said and said.endswith("."), "say what it owns, promises and refuses"


@pytest.mark.parametrize("part", ["access", "alerting", "casework", "outcomes", "runtime", "web"])
def test_every_service_says_what_it_owns_and_refuses(part: str) -> None:
    said = ast.get_docstring(parsed(ROOT / "services" / part / "__init__.py")) or ""
    assert len(said.split()) >= 30
    assert re.search(r"\b(Owns|owns)\b", said) and re.search(r"\b(Refuses|refuses)\b", said)


@pytest.mark.parametrize("file", [*BUSY, *WAITING, *LONG])
def test_what_has_a_turn_of_its_own_among_the_tests_is_there(file: str) -> None:
    assert (ROOT / file).is_file()


def test_every_module_says_what_it_is() -> None:
    silent = [name(path) for path in python_files() if path.read_text().strip() and not ast.get_docstring(parsed(path))]
    assert [where for where in silent if not where.startswith("tests/")] == []


@pytest.mark.parametrize("path", DOMAINS, ids=name)
def test_a_domain_imports_the_standard_library_and_domains(path: Path) -> None:
    allowed_elsewhere = {"services.runtime.topics"}
    foreign = [
        module
        for module in _imported(path)
        if module.split(".")[0] not in sys.stdlib_module_names
        and not re.match(r"services\.\w+\.domain\b", module)
        and module not in allowed_elsewhere
    ]
    assert foreign == []


def test_the_table_of_topics_imports_nothing_but_the_standard_library() -> None:
    imported = _imported(ROOT / "services" / "runtime" / "topics.py")
    assert [module for module in imported if module.split(".")[0] not in sys.stdlib_module_names] == []


@pytest.mark.parametrize("path", DOMAINS, ids=name)
def test_a_domain_reads_no_clock_and_draws_nothing(path: Path) -> None:
    """`now` is an argument, so are ids: the same log gives the same, whenever it is read."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"\btime\.time|\bdatetime\.now|\butcnow|\bdate\.today|\buuid[14]\(|\brandom\.|\bsecrets\.", text)
    assert found == []


def test_what_runs_and_stores_imports_of_services_only_topics_settings_and_what_keeps_files_to_us() -> None:
    allowed = ("services.runtime.topics", "services.runtime.settings", "services.runtime.ours_alone")
    wrong = [
        f"{name(path)}: {module}"
        for path in python_files("infra")
        if not path.is_relative_to(ROOT / "infra" / "demo") and not path.is_relative_to(ROOT / "infra" / "runner")
        for module in _imported(path)
        if module.split(".")[0] in ("services", "streams") and module not in allowed
    ]
    assert wrong == []


def _imported(path: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return found


def test_every_import_rule_holds() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout[-3000:]


def test_every_test_module_has_a_name_of_its_own() -> None:
    twice = [stem for stem, count in Counter(path.name for path in python_files("tests")).items() if count > 1]
    assert [stem for stem in twice if stem.startswith("test_")] == []


def test_test_folders_are_no_packages() -> None:
    assert [name(path) for path in python_files("tests") if path.name == "__init__.py"] == []


def test_generated_code_is_no_package_that_hides_another() -> None:
    assert not (ROOT / "proto" / "__init__.py").exists()
