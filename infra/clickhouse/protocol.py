"""A request of ClickHouse's HTTP protocol as a value: who asks, what settings, what parameters, what form parts."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from infra.clickhouse.errors import (
    BAD_REQUEST_PARAMETER,
    UNKNOWN_COMPRESSION_METHOD,
    EndpointError,
)

# Parameters of the address that are no settings of the engine.
_TRANSPORT: Final = frozenset(
    re.findall(
        r"\w+",
        "query database default_format user password session_id session_timeout session_check query_id"
        " quota_key compress decompress wait_end_of_query client_protocol_version role buffer_size stacktrace"
        " close_session log_comment send_progress_in_http_headers http_headers_progress_interval_ms"
        " enable_http_compression cancel_http_readonly_queries_on_client_close"
        " http_write_exception_in_output_format",
    )
)
_EXTERNAL = re.compile(r"(?P<table>\w+)_(?P<what>format|structure|types)")
_PART_NAME = re.compile(rb'name="([^"]*)"')
_BOUNDARY = re.compile(r'boundary="?([^";]+)')


@dataclass(frozen=True, slots=True)
class FormPart:
    name: str
    is_file: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class ExternalTable:
    """Rows that came with a query, to be read by it as a table. ``columns`` is SQL."""

    name: str
    columns: str
    rows_format: str
    rows: bytes


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    address: Mapping[str, str]  # what stands after the question mark
    headers: Mapping[str, str]  # names in lower case

    @staticmethod
    def of(method: str, target: str, headers: Mapping[str, str]) -> Request:
        parts = urlsplit(target)
        try:
            address = dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=2_000))
        except ValueError as error:
            raise EndpointError(BAD_REQUEST_PARAMETER, f"The address cannot be read: {error}") from error
        return Request(method, parts.path, address, headers)

    def credentials(self) -> tuple[str, str]:
        """User and password, in any of the ways there are to say them."""
        scheme, _, rest = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                user, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return "", ""
            return user, password
        user = self.headers.get("x-clickhouse-user") or self.address.get("user") or "default"
        return user, self.headers.get("x-clickhouse-key") or self.address.get("password", "")

    def refuse_block_compression(self) -> None:
        """ClickHouse's own block framing isn't spoken; HTTP's Content-Encoding is."""
        if self.address.get("decompress", "0") != "0" or self.address.get("compress", "0") != "0":
            raise EndpointError(
                UNKNOWN_COMPRESSION_METHOD, "compress=1 and decompress=1 are not spoken: use Content-Encoding"
            )

    @property
    def is_form(self) -> bool:
        return self.headers.get("content-type", "").lower().startswith("multipart/form-data")

    @property
    def session_id(self) -> str | None:
        return self.address.get("session_id") or None

    @property
    def session_timeout(self) -> int:
        text = self.address.get("session_timeout", "60")
        if not text.isdecimal():
            raise EndpointError(BAD_REQUEST_PARAMETER, "session_timeout must be a whole number of seconds")
        return int(text)

    def settings(self) -> dict[str, str]:
        """Settings of the engine that hold for this request."""
        found = {}
        for name, value in self.address.items():
            if name in _TRANSPORT or name.startswith("param_") or (self.is_form and _EXTERNAL.fullmatch(name)):
                continue
            if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
                raise EndpointError(BAD_REQUEST_PARAMETER, f"{name[:60]!r} is no name of a setting")
            found[name] = value
        return found

    def parameters(self) -> dict[str, str]:
        return {name[6:]: value for name, value in self.address.items() if name.startswith("param_")}

    def form_parts(self, body: bytes) -> Iterator[FormPart]:
        found = _BOUNDARY.search(self.headers.get("content-type", ""))
        if not found:
            raise EndpointError(BAD_REQUEST_PARAMETER, "The form has no boundary")
        for part in body.split(b"--" + found[1].encode("latin-1"))[1:-1]:
            head, _, data = part.partition(b"\r\n\r\n")
            name = _PART_NAME.search(head)
            if not name:
                raise EndpointError(BAD_REQUEST_PARAMETER, "A part of the form has no name")
            yield FormPart(name[1].decode("utf-8", "replace"), b"filename=" in head, data[:-2])

    def external_table(self, part: FormPart) -> ExternalTable:
        columns = self.address.get(f"{part.name}_structure")
        if columns is None:
            types = self.address.get(f"{part.name}_types", "String").split(",")
            columns = ", ".join(f"_{number} {one}" for number, one in enumerate(types, 1))
        rows_format = self.address.get(f"{part.name}_format", "TabSeparated")
        return ExternalTable(part.name, columns, rows_format, part.data)
