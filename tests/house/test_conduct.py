"""What may not stand in the code: swallowed errors, skipped tests, promises to finish later, places and words."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from tests.house.tree import CODE, ROOT, files, name, parsed, python_files, text_files

OURSELVES = Path(__file__)


def places(pattern: str, paths: list[Path] | None = None, flags: int = 0) -> list[str]:
    """Where a pattern stands in the text of the project, this file apart."""
    wanted = None if paths is None else set(paths)
    return [
        f"{name(path)}:{number}: {line.strip()[:160]}"
        for path, text in text_files()
        if path != OURSELVES and (wanted is None or path in wanted)
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line, flags)
    ]


WRITTEN = [
    path
    for path in files()
    if not path.is_relative_to(ROOT / "proto" / "gen") and path.name != "LICENSE" and path.suffix != ".webp"
]


# --- nothing swallowed, nothing skipped, nothing promised -------------------------------------------------------------


def _names_in(node: ast.expr | None) -> set[str]:
    return set() if node is None else {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}


def _says_or_raises(handler: ast.ExceptHandler) -> bool:
    """Something comes of it: it raises, answers with it, calls something."""
    return any(
        isinstance(node, ast.Raise | ast.Return | ast.Call | ast.Yield | ast.Assign) for node in ast.walk(handler)
    )


@pytest.mark.parametrize("path", python_files(*CODE), ids=name)
def test_no_error_is_swallowed(path: Path) -> None:
    swallowed = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ExceptHandler):
            too_broad = node.type is None or _names_in(node.type) & {"Exception", "BaseException"}
            if too_broad and not _says_or_raises(node):
                swallowed.append(node.lineno)
            if too_broad and len(node.body) == 1 and isinstance(node.body[0], ast.Pass):
                swallowed.append(node.lineno)
    assert swallowed == []


@pytest.mark.parametrize("path", python_files(*CODE), ids=name)
def test_only_named_errors_are_passed_over(path: Path) -> None:
    """`suppress` and an empty handler are for one kind of error that means nothing there, never for every kind."""
    broad = [
        node.lineno
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute | ast.Name)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id) == "suppress"
        and {"Exception", "BaseException"} & {inner for argument in node.args for inner in _names_in(argument)}
    ]
    assert broad == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    forbidden = "|".join(
        ("pytest.skip", "mark.skip", "mark.skipif", "x" + "fail", "import" + "orskip", "unittest.skip")
    )
    assert places(forbidden.replace(".", r"\."), list(python_files("tests"))) == []


def test_no_fake_pretends_to_be_whatever_is_asked() -> None:
    assert places(r"\bMagic" + r"Mock\b|\bunittest\.mock\b|\bAsync" + r"Mock\b") == []


def test_nothing_is_left_to_be_done_without_an_issue() -> None:
    marks = "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX"))
    assert [where for where in places(rf"\b({marks})\b", WRITTEN) if not re.search(r"#\d+", where)] == []


def test_nothing_is_left_unwritten() -> None:
    left = "Not" + "ImplementedError"
    assert places(left, list(python_files())) == []


# --- nothing of this machine ------------------------------------------------------------------------------------------


def test_no_registry_or_mirror_is_named() -> None:
    hosts = (
        "py" + "pi.org",
        "python" + "hosted.org",
        "npm" + "js.",
        "maven" + ".org",
        "arti" + "factory",
        "nex" + "us/repository",
    )
    assert places("|".join(re.escape(host) for host in hosts)) == []
    assert (
        places(r"(index|mirror|registry|find-links)[-_ ]?(url)?\s*[=:]\s*[\"']?" + "ht" + "tps?://", flags=re.I) == []
    )


def test_no_path_of_a_machine_is_named() -> None:
    roots = ("/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/")
    assert places("|".join(rf"(?<![\w./-]){root}" for root in roots)) == []
    # A test may name one that a server must refuse to write to.
    assert places(r"(?<![\w./-])/tm" + "p/", [path for path in WRITTEN if path.parts[len(ROOT.parts)] != "tests"]) == []


def test_the_lock_has_hashes_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = re.findall(r"^[a-z0-9][^\s=]*==\S+.*?(?=^\S|\Z)", lock, re.M | re.S)
    assert len(pinned) > 50
    assert [entry.split()[0] for entry in pinned if "--hash=sha256:" not in entry] == []
    assert "://" not in lock and "@ file" not in lock and not re.search(r"^--", lock, re.M)
    assert not any((ROOT / other).exists() for other in ("uv.lock", "pylock.toml", "poetry.lock"))


def test_the_jars_of_the_log_are_pinned_by_their_hashes() -> None:
    lines = (ROOT / "infra" / "kafka" / "jars.sha256").read_text().splitlines()
    assert len(lines) > 20
    assert [line for line in lines if not re.fullmatch(r"[0-9a-f]{64}\s+\S+\.jar", line)] == []


def test_no_secret_stands_in_the_tree() -> None:
    key = "-----BEGIN [A-Z ]*PRI" + "VATE KEY-----"
    assert places(key) == []
    assert places(r"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.") == []
    assert [name(path) for path in files() if path.suffix in (".pem", ".key", ".p12")] == []


# --- tests that need a server fail without one ------------------------------------------------------------------------


def test_what_a_test_needs_and_does_not_find_makes_it_fail() -> None:
    for fixture in ("kafka_fixture.py", "clickhouse_fixture.py", "browser_fixture.py"):
        text = (ROOT / "tests" / fixture).read_text()
        assert not re.search(r"\bskip\w*\(|\.skip\b", text), f"{fixture}: a missing part is a failing test"


def test_no_condition_of_the_machine_leaves_tests_out() -> None:
    assert (
        places(
            r"collect_ignore|pytest_ignore_collect|pytest_collection_modifyitems|deselect", list(python_files("tests"))
        )
        == []
    )
    assert not re.search(r"--ignore|-k |-m |deselect", (ROOT / "pyproject.toml").read_text())


# --- words ------------------------------------------------------------------------------------------------------------

WORDS_SHE_IS_NOT = re.compile("|".join((r"\bvic" + r"tims?\b", r"\bbene" + r"ficiar(?:y|ies)\b")), re.I)
A_PERSON_AS_CLIENT = re.compile(r"\b(?:our|the|a|her|each|every|new|old) clients?(?:'s|s')?\b", re.I)


def _shown_to_people() -> list[tuple[Path, str]]:
    """Pages, catalogues, sentences, policies: what somebody reads on a screen."""
    folders = (ROOT / "services" / "web" / "catalogues", ROOT / "services" / "web" / "templates")
    policies = ROOT / "services" / "casework" / "policy"
    wording = ROOT / "services" / "casework" / "domain" / "wording.py"
    return [
        (path, text)
        for path, text in text_files()
        if any(path.is_relative_to(folder) for folder in (*folders, policies)) or path == wording
    ]


def test_a_survivor_is_called_a_survivor_everywhere() -> None:
    assert places(WORDS_SHE_IS_NOT.pattern, flags=re.I) == []


def test_no_screen_calls_her_a_client() -> None:
    """In code a client is a program that asks a server; where people read, nobody is one."""
    shown = _shown_to_people()
    assert len(shown) > 10
    assert [name(path) for path, text in shown if re.search(r"\bclients?\b", text, re.I)] == []
    wrong = places(A_PERSON_AS_CLIENT.pattern, [path for path in WRITTEN if path.suffix == ".proto"], re.I)
    assert [where for where in wrong if "made once by the" not in where] == []


def test_no_word_of_any_enumeration_or_field_is_another_word_for_her() -> None:
    schema = "\n".join(path.read_text() for path in files(".proto"))
    names = set(re.findall(r"\b(\w+)\s*=\s*\d+;", schema))
    assert [each for each in sorted(names) if re.search(r"client|patient|subject", each, re.I)] == []


def test_bangla_that_nobody_has_read_is_marked() -> None:
    from services.casework.domain.wording import REVIEWED

    catalogue = (ROOT / "services" / "web" / "catalogues" / "bn.po").read_text(encoding="utf-8")
    assert REVIEWED["bn"] or re.search(r"reviewed\s*=\s*false|unreviewed|not been read", catalogue, re.I)


def test_conformance_histories_are_lines_of_json() -> None:
    for path in files(".jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert isinstance(json.loads(line), dict), name(path)
