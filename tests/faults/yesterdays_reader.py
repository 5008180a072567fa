"""A stream worker of a version that does not know some types of events yet: run as a program, with the app's name.

python -m tests.faults.yesterdays_reader neglect_watch
"""

from __future__ import annotations

import sys

from reintegration.v1 import events_pb2

from services.casework.codec import log_records
from services.casework.domain.events import Event, FieldProblem, InvalidEvent
from streams.worker import main

NOT_KNOWN_YET = frozenset({"training", "wellbeing_assessment"})

_read_today = log_records.read_event


def read_yesterday(message: events_pb2.Event, organisation: str, recorded_by: str) -> Event:
    """Raises InvalidEvent as a version does to which the type is an unknown field."""
    if message.WhichOneof("data") in NOT_KNOWN_YET:
        raise InvalidEvent([FieldProblem("type", "required: no data of a known event type is set")])
    return _read_today(message, organisation, recorded_by)


if __name__ == "__main__":
    log_records.read_event = read_yesterday
    sys.exit(main(sys.argv[1:]))
