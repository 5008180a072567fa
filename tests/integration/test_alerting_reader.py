"""A supervisor who reads the whole list and goes on with the stream, while every case in it moves."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import httpx

from services.casework.domain.instants import DAY, MINUTE
from services.casework.domain.transitions import AlertTransition
from tests import tokens
from tests.faults.alert_reader import AlertReader
from tests.integration.alerting_harness import Log, Organisation, alerting, case_ids, listed, log_of, now, until
from tests.unit.services.alerting.alerting_builders import ended, escalated

CASES = 1_500
"""Three pages."""


async def write(log: Log, transitions: list[AlertTransition], at_once: int = 50) -> None:
    for start in range(0, len(transitions), at_once):
        await asyncio.gather(*(log.transitions(one) for one in transitions[start : start + at_once]))


async def has(client: httpx.AsyncClient, org: Organisation, alerts: int) -> bool:
    return (await listed(client, org.supervisor, limit="1"))["counts"]["alerts"] == alerts


def revisions(reader: AlertReader) -> set[tuple[str, int]]:
    return {(one.alert_id, one.revision) for one in list(reader.seen)}


async def told(reader: AlertReader, everything: set[tuple[str, int]]) -> bool:
    reader.require_alive()
    return revisions(reader) >= everything


async def test_whoever_reads_the_list_while_every_case_in_it_moves_has_seen_every_transition(kafka):
    org = Organisation()
    raised = [org.alert(case_id, at=now() - DAY + place) for place, case_id in enumerate(case_ids(CASES))]
    # The last of the list move first: to its beginning, which she has behind her by then.
    moved = [escalated(alert, after=MINUTE) for alert in reversed(raised)]
    over = [ended(alert, after=MINUTE) for alert in moved[: CASES // 3]]
    everything = {(one.alert_id, one.revision) for one in (*raised, *moved, *over)}
    reader = ExitStack()
    async with log_of(kafka) as log, alerting(kafka) as client:
        await write(log, raised)
        await until(lambda: has(client, org, CASES))
        seen = reader.enter_context(
            AlertReader(str(client.base_url), tokens.token_for("supervisor", org.name, org.supervisor_id))
        )
        try:
            await write(log, moved + over)
            await until(lambda: told(seen, everything), 60)
        finally:
            # It waits for a thread that waits for the service, which is in this loop.
            await asyncio.to_thread(reader.close)
    assert revisions(seen) == everything
