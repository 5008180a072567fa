"""The hooks into Faust's consumer fit the Faust that is installed; that they work is for tests/integration to prove."""

from __future__ import annotations

import inspect
from importlib.metadata import version
from pathlib import Path

import pytest
from faust.transport.consumer import Consumer as AnyConsumer
from faust.transport.drivers.aiokafka import Consumer

from services.runtime.settings import Settings
from streams import bulk_delivery, reading_positions
from streams.app import build_app
from streams.consumer_hooks import FAUST_VERSION, AnotherFaust, require_faust

OVERRIDDEN = {
    "getmany": ("timeout",),
    "on_buffer_full": ("tp",),
    "seek_to_committed": (),
    "seek": ("partition", "offset"),
    "on_partitions_revoked": ("revoked",),
    "_filter_committable_offsets": ("tps",),
}
CALLED = {
    "_wait_next_records": ("timeout",),
    "_to_message": ("tp", "record"),
    "_should_commit": ("tp", "offset"),
    "seek_wait": ("partitions",),
    "highwaters": ("partitions",),
    "assignment": (),
}
HELD = ("_acked", "_acked_index", "_read_offset", "can_resume_flow", "flow_active")


def test_the_installed_faust_is_the_one_that_the_hooks_were_written_for() -> None:
    assert version("faust-streaming") == FAUST_VERSION
    require_faust(FAUST_VERSION)


def test_another_faust_stops_the_start_and_says_what_to_do() -> None:
    with pytest.raises(AnotherFaust, match=r"0\.15\.3, 0\.15\.4 is installed: read streams/bulk_delivery\.py"):
        require_faust("0.15.4")


@pytest.mark.parametrize(("name", "parameters"), sorted({**OVERRIDDEN, **CALLED}.items()))
def test_what_the_hooks_override_and_call_is_there_as_they_expect_it(name: str, parameters: tuple[str, ...]) -> None:
    assert tuple(inspect.signature(getattr(Consumer, name)).parameters)[1:] == parameters


def test_what_the_hooks_look_into_is_there() -> None:
    made = inspect.getsource(AnyConsumer.__init__) + inspect.getsource(AnyConsumer._reset_state)
    assert [name for name in HELD if f"self.{name}" not in made] == []


def test_the_fetch_loop_delivers_what_getmany_gives_it_and_commits_along_the_way() -> None:
    loop = inspect.getsource(AnyConsumer._drain_messages)
    for part in ("getmany = self.getmany", "r_offset is None or offset >= r_offset", "self._n_acked >= commit_every"):
        assert part in loop


@pytest.mark.parametrize("bulk", [True, False])
def test_an_app_delivers_in_bulk_unless_told_otherwise(bulk: bool, tmp_path: Path) -> None:
    app = build_app("clickhouse_sink", Settings(streams_bulk=bulk, var_dir=tmp_path))
    assert issubclass(app.transport.Consumer, bulk_delivery._BulkConsumer) == bulk


def test_bulk_delivery_and_positions_from_elsewhere_go_together(tmp_path: Path) -> None:
    consumer = build_app("clickhouse_sink", Settings(var_dir=tmp_path)).transport.Consumer
    order = [hook for hook in consumer.__mro__ if hook.__module__.startswith("streams.")]
    assert [hook for hook in order if hook in (bulk_delivery._BulkConsumer, reading_positions._Positioned)] == [
        bulk_delivery._BulkConsumer,
        reading_positions._Positioned,
    ]
    assert callable(consumer.positions) and callable(consumer.ahead)
