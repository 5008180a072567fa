"""The codec: cases' events, control records and what the detector says, as the bytes that stand in the log.

Owns the one way between domain values and the protobuf messages of `proto/reintegration/v1`. Promises that a
decoded event obeys exactly what `parse_event` demands of its JSON, that decoding what was encoded gives the same
value to the millisecond, that the same value always gives the same bytes, and that what cannot be read is refused
with a reason that quotes nothing of it. Refuses to guess: an unknown word, a missing field or bad bytes are errors.
A field that a newer producer added is left unread in the log (readers are renewed before writers) but refused by
number at the entrance, where `event_from_message` reads.
"""

from services.casework.codec.alerts import (
    decode_obligation_changes,
    decode_transition,
    encode_obligation_changes,
    encode_transition,
)
from services.casework.codec.errors import UnreadableRecord
from services.casework.codec.event_messages import event_from_message, event_to_message
from services.casework.codec.log_records import (
    decode_keyed,
    decode_of,
    decode_record,
    encode_clock,
    encode_event,
    encode_history_ends,
    encode_policy_changed,
)

__all__ = [
    "UnreadableRecord",
    "decode_keyed",
    "decode_obligation_changes",
    "decode_of",
    "decode_record",
    "decode_transition",
    "encode_clock",
    "encode_event",
    "encode_history_ends",
    "encode_obligation_changes",
    "encode_policy_changed",
    "encode_transition",
    "event_from_message",
    "event_to_message",
]
