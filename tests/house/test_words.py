"""What the documents say is so: commands, settings, topics, parts, links."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from services.casework.domain.event_types import EVENT_TYPES
from services.casework.domain.events import Event
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy, policy_of
from services.runtime.settings import Settings
from services.runtime.topics import ALL_TOPICS
from tests.house.tree import CODE, ROOT, files, name, python_files

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
OF_THE_MACHINE = {
    "KAFKA_PORT",
    "KAFKA_OPEN_PORT",
    "CLICKHOUSE_PORT",
    "KAFKA_HEAP",
    "KAFKA_LEAST_ROOM_MB",
    "KAFKA_JVM_OPTIONS",
    "REINTEGRATION_CACHE_DIR",
    "REINTEGRATION_FREE_PORTS",
    "JAVA_HOME",
    "SCALE",
    "DEMO_SEED",
    "DEMO_LIFE",
}
"""Settings that no service has: of what runs and stores, and of the demo."""


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.M))


def settings_table() -> dict[str, str]:
    """Name and default of every setting in the README."""
    section = README.split("\n## Settings\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|", section, re.M)
    assert len(rows) == len(dict(rows)), "a setting stands there twice"
    return dict(rows)


# --- commands ---------------------------------------------------------------------------------------------------------


def test_the_readme_begins_with_the_two_commands() -> None:
    first_block = README.split("```sh\n")[1].split("```")[0]
    assert re.findall(r"^(make \w+)", first_block, re.M) == ["make demo", "make test"]


def test_every_target_of_the_makefile_is_in_the_readme_and_the_reverse() -> None:
    assert set(re.findall(r"^\| `make ([a-z-]+)` \|", README, re.M)) == make_targets()


def test_every_make_command_that_any_document_names_exists() -> None:
    for document in files(".md"):
        named = set(re.findall(r"`(?:[A-Z_]+=\S+ )*make ([a-z-]+)`", document.read_text(encoding="utf-8")))
        assert named <= make_targets(), name(document)


def test_make_help_lists_every_target() -> None:
    # Run by `make test` itself, this make would count itself as a nested one and say so.
    alone = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, env=alone).stdout
    assert {line.split()[0] for line in shown.splitlines()} == make_targets()


def test_every_target_is_phony_so_that_no_file_can_stand_in_its_way() -> None:
    assert set(re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.M)) == make_targets()


def test_continuous_integration_runs_make_test_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    said = [line for line in lines if line and not line.startswith("#")]
    assert said == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "exec make test"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_every_module_that_a_document_runs_exists() -> None:
    for document in files(".md"):
        for module in re.findall(r"python -m ((?:services|streams|infra|tests)[\w.]*)", document.read_text("utf-8")):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), f"{name(document)}: {module}"


@pytest.mark.parametrize("document", files(".md"), ids=name)
def test_every_link_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" not in target:
            linked = document if not path else document.parent / path
            assert linked.exists(), target
            if anchor:
                headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.M)
                assert anchor in {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in headings}, target


def test_every_path_in_the_readme_exists() -> None:
    for path in re.findall(r"`((?:services|streams|infra|tests|proto)/[\w./]*\w)`", README):
        assert (ROOT / path).exists(), path


# --- settings ---------------------------------------------------------------------------------------------------------


def test_every_setting_is_in_the_readme_and_the_reverse() -> None:
    assert set(settings_table()) == {field.upper() for field in Settings.model_fields} | OF_THE_MACHINE


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_the_readme_says_the_default_that_a_setting_has(field: str) -> None:
    said, default = settings_table()[field.upper()], Settings.model_fields[field].default
    if said.startswith("from ") or said == "none":
        plain = default.get_secret_value() if hasattr(default, "get_secret_value") else default
        assert plain in ("", None)
    else:
        plain = str(default).lower() if isinstance(default, bool) else str(default)
        assert said.strip("`") == plain


def test_every_variable_that_the_code_reads_is_a_documented_setting() -> None:
    read = {
        (variable, name(path))
        for path in python_files(*CODE)
        for variable in re.findall(r"environ(?:\.get\(|\[)\s*\"([A-Z_]+)\"", path.read_text(encoding="utf-8"))
    }
    inward = {"LIFE_FILE", "PYTHONPATH"}
    documented = set(settings_table()) | inward
    assert [where for variable, where in sorted(read) if variable not in documented] == []


# --- topics, policies, packages ---------------------------------------------------------------------------------------


def test_every_topic_is_documented_and_the_reverse() -> None:
    text = (ROOT / "streams" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(reintegration\.[\w.-]+)` \|", text, re.M) == [topic.name for topic in ALL_TOPICS]


def test_the_example_of_a_policy_is_one(tmp_path: Path) -> None:
    text = (ROOT / "services" / "casework" / "policy" / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.S)
    ours = policy_of(tomllib.loads(example), "example")
    assert {rule.id for rule in ours.rules} == {r.id for r in load_policy(DEFAULT_POLICY_PATH).rules} - {
        "independent-start"
    }


def test_the_changelog_knows_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(project['version'])}\] - \d{{4}}-\d\d-\d\d$", changelog, re.M)
    assert (ROOT / "proto" / "releases" / f"v{project['version']}.binpb").is_file()


def test_the_licence_is_whole() -> None:
    licence = (ROOT / "LICENSE").read_text()
    assert "Apache License" in licence and "END OF TERMS AND CONDITIONS" in licence
    assert len(licence.splitlines()) > 195


def test_every_part_has_a_readme() -> None:
    parts = [ROOT / "services" / part for part in ("access", "alerting", "casework", "outcomes", "vault", "web")]
    parts += [ROOT / "infra" / part for part in ("kafka", "clickhouse")] + [
        ROOT / "streams",
        ROOT / "tests",
        ROOT / "proto",
    ]
    assert [name(part) for part in parts if not (part / "README.md").is_file()] == []


def test_what_is_not_there_yet_is_said_in_one_place() -> None:
    section = README.split("## What is not there yet\n")[1].split("\n## ")[0]
    for missing in ("offline", "Bangla"):
        assert missing in section


def test_every_field_of_an_event_is_weighed_for_what_it_could_tell_about_her() -> None:
    text = (ROOT / "services" / "casework" / "QUASI_IDENTIFIERS.md").read_text(encoding="utf-8")
    weighed = set(re.findall(r"`([a-z_]+)`", text))
    recorded = {field for event_type in EVENT_TYPES.values() for field in event_type.fields}
    recorded |= set(Event._fields) - {"data"}
    assert sorted(recorded - weighed) == []
