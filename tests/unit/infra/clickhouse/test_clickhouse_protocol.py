from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest

from infra.clickhouse.errors import EndpointError, EngineError
from infra.clickhouse.exchange import empty_native_block
from infra.clickhouse.protocol import Request
from infra.clickhouse.users import User, user_among


def _request(target: str = "/", headers: Mapping[str, str] | None = None) -> Request:
    return Request.of("POST", target, headers or {})


def _basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_settings_are_what_is_neither_transport_nor_parameter() -> None:
    request = _request("/?query=SELECT+1&database=d&param_n=1&max_threads=2&session_id=s&wait_end_of_query=1")
    assert request.settings() == {"max_threads": "2"}
    assert request.parameters() == {"n": "1"}
    assert request.session_id == "s"


@pytest.mark.parametrize("name", ["a b", "a%3D1%2C", "1a", "a-b", "%C3%A9"])
def test_a_setting_cannot_smuggle_sql_in_its_name(name: str) -> None:
    with pytest.raises(EndpointError, match="no name of a setting"):
        _request(f"/?{name}=1").settings()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        _basic("default", "wrong"),
        _basic("other", "right"),
        {"authorization": "Basic !!!"},
        {"authorization": "Bearer right"},
        {"x-clickhouse-user": "default"},
    ],
)
def test_a_stranger_is_refused_with_516(headers: dict[str, str]) -> None:
    with pytest.raises(EndpointError) as caught:
        user_among((User("default", "right"), User("another", "wrong")), *_request(headers=headers).credentials())
    assert (caught.value.code, caught.value.http_status) == (516, 403)


def test_the_right_password_may_hold_any_character() -> None:
    password = "rïght:with:colons"
    user = User("default", password)
    assert user_among((user,), *_request(headers=_basic("default", password)).credentials()) is user


def test_a_form_gives_its_fields_and_tables() -> None:
    request = _request("/?mine_structure=a+Int32&mine_format=CSV", {"content-type": "multipart/form-data; boundary=xx"})
    body = (
        b'--xx\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT 1\r\n'
        b'--xx\r\nContent-Disposition: form-data; name="mine"; filename="m"\r\n\r\n1\r\n2\r\n--xx--\r\n'
    )
    query, mine = request.form_parts(body)
    assert (query.name, query.is_file, query.data) == ("query", False, b"SELECT 1")
    table = request.external_table(mine)
    assert (table.columns, table.rows_format, table.rows) == ("a Int32", "CSV", b"1\r\n2")
    assert request.settings() == {}


@pytest.mark.parametrize("given", ["compress=1", "decompress=1"])
def test_block_compression_is_refused_rather_than_misread(given: str) -> None:
    with pytest.raises(EndpointError, match="Content-Encoding"):
        _request(f"/?{given}").refuse_block_compression()


def test_an_empty_native_block_has_its_columns_and_no_rows() -> None:
    assert empty_native_block([("a", "Int8")]) == b"\x01\x00\x01a\x04Int8"
    assert empty_native_block([("x" * 200, "Int8")])[:4] == b"\x01\x00\xc8\x01"


def test_the_engines_message_is_said_once_with_its_code() -> None:
    message = "Streaming query failed: Code: 47. DB::Exception: Code: 47. DB::Exception: Unknown. (UNKNOWN_IDENTIFIER)"
    error = EngineError(message)
    assert (error.code, error.http_status) == (47, 404)
    assert str(error) == "Code: 47. DB::Exception: Unknown. (UNKNOWN_IDENTIFIER)"
    assert EngineError("something else").code == 1001
