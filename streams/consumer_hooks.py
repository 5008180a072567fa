"""How a Faust app gets a consumer of its own: hooks that go on top of Faust's consumer, one over the other.

They override what Faust keeps to itself, so they name the one version they were written for; another one stops the
start with a sentence instead of losing records quietly.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

FAUST_VERSION: Final = "0.15.3"


class AnotherFaust(RuntimeError):
    """The hooks were not written for the faust-streaming that is installed."""


def extend_consumer(app: Any, hook: type, **attributes: object) -> None:
    """Puts `hook` (a subclass of the consumer, with these class attributes) above the app's consumer.

    Before the app starts. Raises AnotherFaust.
    """
    require_faust(version("faust-streaming"))
    transport = app.transport
    consumer = type(hook.__name__, (hook, transport.Consumer), attributes)
    extended = type(type(transport).__name__, (type(transport),), {"Consumer": consumer})
    app.transport = extended(transport.url, app)


def require_faust(installed: str) -> None:
    if installed != FAUST_VERSION:
        raise AnotherFaust(
            f"the stream apps' consumer was written for faust-streaming {FAUST_VERSION}, {installed} is installed: "
            "read streams/bulk_delivery.py and streams/reading_positions.py against it and run "
            "tests/integration/test_bulk_delivery.py"
        )
