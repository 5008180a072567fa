"""`python -m infra.demo` brings the demonstration up and keeps it until Ctrl-C; `python -m infra.demo reset` wipes it.

SCALE (organisations, default 1) and DEMO_SEED (default 1) say what is invented when the log is empty; DEMO_LIFE=0
leaves it quiet; VAR_DIR (default var) is where everything is kept.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from infra.demo.console import show_where_to_look
from infra.demo.data_card import HISTORY_FILE, DataCard, read_card, write_card
from infra.demo.generate import write_history
from infra.demo.organisations import organisations_of
from infra.demo.people import DEMO_FILE, MOST_STAFFED, faces, staff, write_demo_file, write_life_file
from infra.demo.survivors import survivors_in
from infra.kafka.grants import LOADER
from infra.runner.bar import bar
from infra.runner.catching_up import CatchingUp
from infra.runner.logins import CLICKHOUSE_USERS, KAFKA_USERS
from infra.runner.parts import Lives, Part, parts_of, python_module, service_parts, store_parts, stream_parts
from infra.runner.plan import LOOPBACK, Plan, plan_from, var_dir_of
from infra.runner.refusal import CannotRun, Stopped
from infra.runner.runner import STATE_FILE, Runner, claimed
from infra.runner.stores import LogWatch, prepare_log, prepare_store, store_client
from infra.runner.unfinished import UNFINISHED, refuse_unfinished
from services.access.demo_people import DemoPerson
from services.casework.domain.control import PolicyChanged
from services.casework.domain.policy_file import load_policy
from services.runtime.serve import CannotServe
from services.runtime.topics import CASE_EVENTS
from services.vault.demo_identities import keep_demo_survivors
from streams.load_history import HistoryRefused, load_history, read_history

_START_SECONDS = 90.0
_CATCH_UP_SECONDS = 3600.0


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def demo(console: Console) -> None:
    """Raises CannotRun."""
    began = time.monotonic()
    with claimed(var_dir_of(os.environ)):
        refuse_unfinished(var_dir_of(os.environ))
        # Nothing of it leaves this machine, and so nothing of it has to be hidden on the way.
        told = {**os.environ, "HOST": LOOPBACK, "TLS_CERT_FILE": "", "TLS_KEY_FILE": ""}
        plan = plan_from(told, may_choose_ports=True, opens_log=True)
        with Runner(plan, lambda words: console.print(f"[yellow]{words}[/yellow]")) as runner:
            _run(console, runner, began)
    console.print("Everything has stopped.")


def _run(console: Console, runner: Runner, began: float) -> None:
    plan = runner.plan
    try:
        (plan.var_dir / DEMO_FILE).unlink(missing_ok=True)
        for note in plan.notes:
            console.print(note)
        _start_stores(console, runner)
        card = _data(console, plan)
        people = staff(plan, organisations_of(card.seed, card.scale))
        _start_services(console, runner, plan)
        _announce(console, runner, plan, people)
        console.print(f"Up after {time.monotonic() - began:.0f} s. {card.in_words(now_ms())}")
        runner.wait_until(lambda: False, every=0.5)
    except Stopped:
        console.print("Stopping…")


def _start_stores(console: Console, runner: Runner) -> None:
    console.print("Starting log and outcomes store…")
    stores = tuple(store_parts(runner.plan))
    runner.add(stores)
    runner.wait_ready([part.name for part in stores], _START_SECONDS)
    prepare_log(runner.plan)
    prepare_store(runner.plan)


def _data(console: Console, plan: Plan) -> DataCard:
    """What is in the log, brought there first if it is empty: before any service has written a word into it."""
    watch = LogWatch(plan.settings())
    try:
        is_empty = not any(watch.ends(CASE_EVENTS).values())
    finally:
        watch.close()
    card = None if is_empty else read_card(plan.var_dir)
    if card is not None:
        return card
    if not is_empty:
        raise CannotRun(
            f"The log at {plan.kafka} holds something that is no whole demonstration (a start was cut off, or the log "
            "is another system's): make demo-reset wipes what is in VAR_DIR."
        )
    return _bring_in(console, plan)


def _bring_in(console: Console, plan: Plan) -> DataCard:
    seed, scale, until = _whole("DEMO_SEED", 1), _whole("SCALE", 1), now_ms()
    settings, file = plan.settings(LOADER), plan.var_dir / HISTORY_FILE
    policy = load_policy(settings.policy_file)
    with bar(console, "Inventing a case file") as show:
        try:
            events = write_history(file, seed, scale, until, policy, show)
        except ValueError as error:
            raise CannotRun(f"SCALE: {error}") from error
    with bar(console, f"Bringing in {events} events") as show, file.open("rb") as lines:
        show(0, events)
        try:
            load_history(settings, read_history(lines), [PolicyChanged("", policy)], lambda done: show(done, events))
        except HistoryRefused as refusal:
            raise CannotRun(str(refusal)) from refusal
    _keep_survivors(plan, file, [one.slug for one in organisations_of(seed, scale)[:MOST_STAFFED]], until)
    card = DataCard(seed, scale, until, events)
    write_card(plan.var_dir, card)
    return card


def _keep_survivors(plan: Plan, history: Path, organisations: Sequence[str], until: int) -> None:
    """Who they are, for those whose caseworkers have accounts; the service takes it over from here."""
    try:
        keep_demo_survivors(plan.settings(), list(survivors_in(history, organisations, until)))
    except CannotServe as error:
        raise CannotRun(str(error)) from error


def _whole(setting: str, default: int) -> int:
    given = os.environ.get(setting) or str(default)
    if not given.isdigit():
        raise CannotRun(f"{setting} is {given!r}: make it a whole number.")
    return int(given)


def _start_services(console: Console, runner: Runner, plan: Plan) -> None:
    since = now_ms()
    runner.add((*service_parts(plan), *stream_parts(plan)))
    watch, client = LogWatch(plan.settings()), store_client(plan.settings())
    try:
        with bar(console, "Working it") as show:
            catching_up = CatchingUp(watch, client, since, show)
            if not runner.wait_until(catching_up.holds, _CATCH_UP_SECONDS):
                raise CannotRun(f"Detector and sink did not catch up: see {plan.var_dir / 'logs'}.")
    finally:
        watch.close()
        client.close()
    runner.wait_ready([part.name for part in parts_of(plan)], _START_SECONDS)


def _announce(console: Console, runner: Runner, plan: Plan, people: Sequence[DemoPerson]) -> None:
    chosen = faces(people, people[0].organisation)
    if os.environ.get("DEMO_LIFE") != "0":
        life_file = write_life_file(plan, people)
        told = {"LIFE_FILE": str(life_file)}
        runner.add([Part("life", python_module("infra.demo.life"), Lives(1.0), ("web",), environment=told)])
    file = write_demo_file(plan, chosen)
    show_where_to_look(console, plan, chosen, people, str(file))


# What a demonstration keeps in VAR_DIR; backups and whatever else lies there are somebody else's.
_KEPT = (
    "kafka",
    "clickhouse",
    "clickhouse.log",
    "clickhouse.password",
    KAFKA_USERS,
    CLICKHOUSE_USERS,
    "access",
    "alerting",
    "outcomes",
    "sealing-keys",
    "vault",
    "vault-keys",
    "streams",
    "logs",
    STATE_FILE,
    *UNFINISHED,
)


def reset(console: Console) -> None:
    """Raises CannotRun while it runs."""
    var_dir = var_dir_of(os.environ)
    with claimed(var_dir):
        for path in (*(var_dir / name for name in _KEPT), *var_dir.glob("demo*.json*")):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    console.print(f"The demonstration in {var_dir} is wiped.")


def main(arguments: Sequence[str]) -> int:
    console = Console(soft_wrap=True, highlight=False)
    try:
        match tuple(arguments):
            case ():
                demo(console)
            case ("reset",):
                reset(console)
            case _:
                print("python -m infra.demo [reset]", file=sys.stderr)
                return 2
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
