from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from infra.clickhouse.engine_config import config_xml
from infra.clickhouse.migrations import DIRECTORY, MigrationRefused, migrations_in, replicated_variant
from infra.clickhouse.settings import Caps, SettingsError, caps_from, settings_from
from infra.clickhouse.statement import tokens_of
from infra.clickhouse.users import Rights, User


def test_the_password_comes_from_the_environment_and_is_never_shown() -> None:
    settings = settings_from({"CLICKHOUSE_PASSWORD": "hidden"}, Path("/d"), 1, "127.0.0.1")
    assert settings.users == (User("default", "hidden", Rights.ALL),)
    assert "hidden" not in repr(settings)


def test_parts_have_rights_of_their_own_and_their_names_are_not_the_owners() -> None:
    told = {"CLICKHOUSE_PASSWORD": "hidden", "CLICKHOUSE_USER": "owner"}
    settings = settings_from(told, Path("/d"), 1, "127.0.0.1", {"casework": "a", "clickhouse_sink": "b"})
    assert [(user.name, user.rights) for user in settings.users] == [
        ("owner", Rights.ALL),
        ("casework", Rights.READING),
        ("clickhouse_sink", Rights.ADDING),
    ]
    with pytest.raises(SettingsError, match="name the owner otherwise"):
        settings_from({**told, "CLICKHOUSE_USER": "casework"}, Path("/d"), 1, "127.0.0.1")


@pytest.mark.parametrize("environment", [{}, {"CLICKHOUSE_PASSWORD": ""}])
def test_without_a_password_there_are_no_settings(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="does not start without a password"):
        settings_from(environment, Path("/d"), 1, "127.0.0.1")


def test_a_directory_the_engine_would_misread_is_refused() -> None:
    with pytest.raises(SettingsError, match="in its path"):
        settings_from({"CLICKHOUSE_PASSWORD": "x"}, Path("/d?readonly=1"), 1, "127.0.0.1")


def test_a_cap_is_a_whole_number_above_0() -> None:
    assert caps_from({"CLICKHOUSE_CAP_MAX_EXECUTION_TIME": "5"}).max_execution_time == 5
    for text in ("0", "-1", "many", "1.5", ""):
        with pytest.raises(SettingsError, match="CLICKHOUSE_CAP_MAX_SESSIONS must be a whole number"):
            caps_from({"CLICKHOUSE_CAP_MAX_SESSIONS": text})


def test_the_engines_configuration_is_xml_and_grants_no_source() -> None:
    root = ElementTree.fromstring(config_xml(Caps(), Path("/d/<&>/engine.xml")))
    assert root.findtext("users_config") == "/d/<&>/engine.xml"
    assert root.findtext("profiles/default/max_execution_time") == "60"
    grants = root.findtext("users/default/grants/query") or ""
    for never in ("READ", "SOURCES", "TABLE ENGINE", "SYSTEM", "BACKUP", "ALL ", "CREATE FUNCTION", "CREATE USER"):
        assert never not in grants


def test_every_migration_is_one_idempotent_statement() -> None:
    for migration in migrations_in(DIRECTORY):
        assert "IF NOT EXISTS" in migration.statement or "IF EXISTS" in migration.statement
        assert [token.text for token in tokens_of(migration.statement)].count(";") == 0


def test_a_gap_or_a_bad_name_among_the_migrations_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_events.sql").write_text("SELECT 1")
    (tmp_path / "0003_alerts.sql").write_text("SELECT 1")
    with pytest.raises(MigrationRefused, match=r"0003_alerts\.sql should be called 0002_"):
        migrations_in(tmp_path)


def test_on_a_cluster_every_table_gets_the_replicated_engine_and_nothing_else_changes() -> None:
    for migration in migrations_in(DIRECTORY):
        variant = replicated_variant(migration.statement)
        plain = migration.statement.count("ENGINE = ReplacingMergeTree(")
        assert variant.count("ENGINE = ReplicatedReplacingMergeTree(") == plain
        assert variant.replace("Replicated", "") == migration.statement
        assert replicated_variant(variant) == variant
