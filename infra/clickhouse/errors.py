"""Errors the endpoint answers with, in ClickHouse's own form, so that clients read them as they would a server's.

EndpointError          the request is answered with this code and sentence
└─ ClientGone          nobody is left to answer: the engine is freed and nothing is sent
"""

from __future__ import annotations

import re
from typing import Final

SYNTAX_ERROR: Final = 62
UNKNOWN_FORMAT: Final = 73
UNKNOWN_COMPRESSION_METHOD: Final = 89
READONLY: Final = 164
TOO_MANY_SIMULTANEOUS_QUERIES: Final = 202
SUPPORT_IS_DISABLED: Final = 344
SESSION_NOT_FOUND: Final = 372
SESSION_IS_LOCKED: Final = 373
BAD_REQUEST_PARAMETER: Final = 36
CANNOT_DECOMPRESS: Final = 271
TOO_LARGE: Final = 307
ACCESS_DENIED: Final = 497
AUTHENTICATION_FAILED: Final = 516
UNKNOWN: Final = 1001

NAMES: Final = {
    SYNTAX_ERROR: "SYNTAX_ERROR",
    UNKNOWN_FORMAT: "UNKNOWN_FORMAT",
    UNKNOWN_COMPRESSION_METHOD: "UNKNOWN_COMPRESSION_METHOD",
    READONLY: "READONLY",
    TOO_MANY_SIMULTANEOUS_QUERIES: "TOO_MANY_SIMULTANEOUS_QUERIES",
    SUPPORT_IS_DISABLED: "SUPPORT_IS_DISABLED",
    SESSION_NOT_FOUND: "SESSION_NOT_FOUND",
    SESSION_IS_LOCKED: "SESSION_IS_LOCKED",
    BAD_REQUEST_PARAMETER: "BAD_ARGUMENTS",
    CANNOT_DECOMPRESS: "CANNOT_DECOMPRESS",
    TOO_LARGE: "TOO_MANY_BYTES",
    ACCESS_DENIED: "ACCESS_DENIED",
    AUTHENTICATION_FAILED: "AUTHENTICATION_FAILED",
    UNKNOWN: "UNKNOWN_EXCEPTION",
}

# What a ClickHouse server answers for the codes a client of ours may meet; everything else is 500.
_HTTP_STATUS: Final = {
    **dict.fromkeys(
        (26, 27, 36, 38, 41, 42, 43, 44, 50, 53, 62, 63, 70, 72, 73, 89, 117, 271, 349, 441, 456, 457), 400
    ),
    **dict.fromkeys((16, 46, 47, 60, 81, 115, 372), 404),
    **dict.fromkeys((159, 160), 408),
    **dict.fromkeys((164, 344, 452, 497, 516), 403),
    **dict.fromkeys((307,), 413),
    **dict.fromkeys((202,), 503),
}

_ENGINE_CODE = re.compile(r"Code: (\d+)\. DB::")
_REPEATED_CODE = re.compile(r"^Code: (\d+)\. DB::\w+: (?=Code: \1\. DB::)")


class EndpointError(Exception):
    """A refusal or failure with ClickHouse's code; ``str()`` is the line the client shows."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {sentence} ({NAMES.get(code, 'UNKNOWN_EXCEPTION')})")
        self.code = code

    @property
    def http_status(self) -> int:
        return _HTTP_STATUS.get(self.code, 500)


class ClientGone(Exception):
    """The client closed its connection or stopped reading or sending for too long."""


class EngineError(EndpointError):
    """What the engine said, cut down to its own message."""

    def __init__(self, message: str) -> None:
        found = _ENGINE_CODE.search(message)
        code = int(found[1]) if found else UNKNOWN
        super().__init__(code, message)
        if found:
            self.args = (_REPEATED_CODE.sub("", message[found.start() :]),)
