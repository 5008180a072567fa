"""The configuration the engine starts with: limits, durability, and grants the engine itself enforces."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from infra.clickhouse.settings import Caps

# No READ or WRITE on any source, no TABLE ENGINE, no SYSTEM, no BACKUP, no users, no functions, no dictionaries.
_GRANTS: Final = (
    "GRANT SHOW DATABASES, SHOW TABLES, SHOW COLUMNS, SELECT, INSERT, CHECK, TRUNCATE, OPTIMIZE, KILL QUERY,"
    " ALTER UPDATE, ALTER DELETE, ALTER COLUMN, ALTER INDEX, ALTER PROJECTION, ALTER CONSTRAINT, ALTER TTL,"
    " ALTER SETTINGS, ALTER ORDER BY, ALTER VIEW, ALTER MODIFY COMMENT, CREATE DATABASE, CREATE TABLE, CREATE VIEW,"
    " CREATE TEMPORARY TABLE, DROP DATABASE, DROP TABLE, DROP VIEW, UNDROP TABLE ON *.*"
)


# Settings by which a client could name files and hosts, change the table engine unsaid, or change the language.
_FIXED: Final = (
    "dialect",
    "polyglot_dialect",
    "default_table_engine",
    "default_temporary_table_engine",
    "format_schema",
    "format_schema_source",
    "format_template_resultset",
    "format_template_row",
    "output_format_schema",
    "input_format_record_errors_file_path",
    "format_avro_schema_registry_url",
    "url_base",
    "ai_function_text_default_credentials",
    "ai_function_embedding_default_credentials",
)


def _profile(caps: Caps) -> str:
    values = {
        "max_execution_time": caps.max_execution_time,
        "max_memory_usage": caps.max_memory_usage,
        "max_result_bytes": caps.max_result_bytes,
        "max_result_rows": caps.max_result_rows,
        "max_query_size": caps.max_query_bytes,
        "async_insert": 0,
        "mutations_sync": 1,
        "alter_sync": 1,
    }
    # A limit may not be 0, which would mean none. An insert is acknowledged when it is on disk, never earlier.
    bounds = {
        "max_execution_time": (0.001, caps.max_execution_time_ceiling),
        "max_memory_usage": (1, caps.max_memory_usage_ceiling),
        "max_result_bytes": (1, caps.max_result_bytes_ceiling),
        "max_result_rows": (1, caps.max_result_rows_ceiling),
        "max_query_size": (1, caps.max_query_bytes),
        "async_insert": (0, 0),
    }
    settings = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    constraints = "".join(f"<{name}><min>{low}</min><max>{high}</max></{name}>" for name, (low, high) in bounds.items())
    constraints += "".join(f"<{name}><const/></{name}>" for name in _FIXED)
    return f"<profiles><default>{settings}<constraints>{constraints}</constraints></default></profiles>"


def config_xml(caps: Caps, path: Path) -> str:
    """One file that is server and users configuration at once."""
    return f"""<clickhouse>
<users_config>{escape(str(path))}</users_config>
<timezone>UTC</timezone>
<max_server_memory_usage>{caps.max_server_memory_usage}</max_server_memory_usage>
<remote_url_allow_hosts></remote_url_allow_hosts>
<merge_tree><fsync_after_insert>1</fsync_after_insert><fsync_part_directory>1</fsync_part_directory></merge_tree>
<access_control_improvements><table_engines_require_grant>true</table_engines_require_grant></access_control_improvements>
{_profile(caps)}
<quotas><default/></quotas>
<users><default><password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
<grants><query>{_GRANTS}</query></grants></default></users>
</clickhouse>
"""


def write_config(directory: Path, caps: Caps) -> Path:
    """Write ``engine.xml`` into the directory, whole or not at all, and return its path."""
    path = directory / "engine.xml"
    draft = directory / "engine.xml.new"
    draft.write_text(config_xml(caps, path), encoding="utf-8")
    os.replace(draft, path)
    return path
