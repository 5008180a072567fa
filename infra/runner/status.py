"""What runs, how far it is and how old the data is, asked from outside of a running system."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from clickhouse_connect.driver.exceptions import Error as StoreError
from rich.console import Console
from rich.table import Table
from urllib3.exceptions import HTTPError

from infra.kafka.grants import RUNNER
from infra.runner.logins import Logins, own_logins
from infra.runner.parts import Answers
from infra.runner.refusal import CannotRun
from infra.runner.runner import STATE_FILE, is_claimed
from infra.runner.stores import SUNK, LogWatch, sink_progress, store_client
from infra.runner.unfinished import unfinished
from services.runtime.settings import Settings
from services.runtime.topics import CASE_EVENTS, PARTITIONS

NODES: Final = ("kafka", "clickhouse")
_BEAT_SECONDS: Final = 1.0


def show_status(console: Console, var_dir: Path, environment: Mapping[str, str]) -> bool:
    """Whether all that should run is ready."""
    if words := unfinished(var_dir):
        console.print(words)
    state = running_state(var_dir)
    if state is None:
        console.print(f"Nothing runs in {var_dir}: make demo starts it.")
        return False
    console.print(f"{state['url']}   gRPC {state['grpc']}   process {state['pid']}, up {_up(state)}")
    all_ready = _show_parts(console, state)
    settings = settings_of_running(var_dir, environment, state)
    reached = _show_lag(console, settings)
    return all_ready and reached and not state["waiting"]


def running_state(var_dir: Path) -> Any:
    """What the runner wrote about itself; None when none runs there."""
    path = var_dir / STATE_FILE
    return json.loads(path.read_text()) if path.exists() and is_claimed(var_dir) else None


def settings_of_running(
    var_dir: Path, environment: Mapping[str, str], state: Mapping[str, Any], user: str = RUNNER
) -> Settings:
    """As a process reads them that is this user of the log, and owns the tables."""
    given: dict[str, Any] = {
        "kafka_bootstrap_servers": state["kafka"],
        "clickhouse_url": state["clickhouse"]["url"],
        "clickhouse_user": state["clickhouse"]["user"],
        "clickhouse_password": environment.get("CLICKHOUSE_PASSWORD", ""),
    }
    login = logins_of_running(var_dir, environment, state).of_owner(user)
    return Settings(**given | {name.lower(): value for name, value in login.items()})


def logins_of_running(var_dir: Path, environment: Mapping[str, str], state: Mapping[str, Any]) -> Logins:
    """To the stores that its runner runs."""
    named = {**environment, "CLICKHOUSE_USER": state["clickhouse"]["user"]}
    return own_logins(var_dir, named, log=state["runs_kafka"], store=state["runs_clickhouse"])


def _up(state: Mapping[str, Any]) -> str:
    minutes = (int(time.time() * 1000) - int(state["began"])) // 60_000
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _show_parts(console: Console, state: Mapping[str, Any]) -> bool:
    table = Table(box=None, pad_edge=False)
    for heading in ("part", "is", "process", "port", "started"):
        table.add_column(heading, no_wrap=True)
    all_ready = True
    encrypted = ["web"] if state["url"].startswith("https:") else []
    for name, part in state["parts"].items():
        asked = name not in NODES and part["port"] is not None
        ready = Answers(part["port"], is_encrypted=name in encrypted).now() if asked else part["ready"]
        all_ready = all_ready and ready
        times = "once" if part["starts"] == 1 else f"{part['starts']} times"
        table.add_row(name, "ready" if ready else "not ready", str(part["pid"] or "–"), str(part["port"] or ""), times)
    console.print(table)
    return all_ready


def _show_lag(console: Console, settings: Settings) -> bool:
    try:
        _say_lag(console, settings)
    except (CannotRun, StoreError, HTTPError, OSError) as error:
        console.print(f"How far detector and sink are cannot be said: {type(error).__name__}: {error}")
        return False
    return True


def _say_lag(console: Console, settings: Settings) -> None:
    watch = LogWatch(settings)
    try:
        ends = {(topic.name, p): end for topic in SUNK for p, end in watch.ends(topic).items()}
        beats = watch.beats(_BEAT_SECONDS)
    finally:
        watch.close()
    client = store_client(settings)
    try:
        written = sink_progress(client)
        newest, events = client.query("SELECT max(recorded_at), count() FROM events FINAL").result_rows[0]
    finally:
        client.close()
    unread = sum(max(0, ends[CASE_EVENTS.name, p] - beat.offset) for p, beat in beats.items())
    heard = len(beats) == PARTITIONS
    seconds = (time.time() * 1000 - min(beat.checked_until for beat in beats.values())) / 1000 if heard else None
    checked = f"all cases checked up to {seconds:.0f} s ago" if seconds is not None else "not heard of everywhere"
    console.print(f"detector: {checked}, {unread} records to read")
    console.print(f"sink: {sum(max(0, end - written.get(key, 0)) for key, end in ends.items())} records to write")
    console.print(f"data: {events} events, the newest recorded {newest:%Y-%m-%d %H:%M} UTC")
