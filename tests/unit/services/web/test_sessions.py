from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from services.web.sessions import (
    FORM_FIELD,
    ForgedRequest,
    begin_session,
    check_form,
    check_proxied,
    end_session,
    form_token,
    renew_session,
    session_token,
)


def a_request(method: str = "POST", scheme: str = "http", **headers: str) -> Request:
    named = {"host": "notebook.example"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(
        {
            "type": "http",
            "method": method,
            "scheme": scheme,
            "path": "/today",
            "query_string": b"",
            "server": ("notebook.example", 80),
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        }
    )


def a_form(token: str | None) -> FormData:
    return FormData([(FORM_FIELD, token)] if token is not None else [])


SIGNED_IN = {"cookie": "session=abc"}


def test_the_cookie_is_hidden_from_scripts_and_other_sites() -> None:
    response = Response()
    begin_session(a_request(), response, "abc")
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie
    assert "secure" not in cookie


def test_over_https_the_cookie_is_secure_and_bound_to_the_host() -> None:
    response = Response()
    begin_session(a_request(scheme="https"), response, "abc")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-session=") and "Secure" in cookie and "max-age" not in cookie.lower()
    assert session_token(a_request(scheme="https", cookie="session=set-by-a-neighbour")) is None


def test_a_form_of_this_origin_with_its_token_is_taken() -> None:
    check_form(a_request(sec_fetch_site="same-origin", **SIGNED_IN), a_form(form_token("abc")))
    check_form(a_request(origin="http://notebook.example", **SIGNED_IN), a_form(form_token("abc")))


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {},
    ],
)
def test_a_form_that_does_not_prove_this_origin_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ForgedRequest):
        check_form(a_request(**headers, **SIGNED_IN), a_form(form_token("abc")))


@pytest.mark.parametrize("token", [None, "", "wrong", form_token("another session")])
def test_a_form_without_the_sessions_token_is_refused(token: str | None) -> None:
    with pytest.raises(ForgedRequest):
        check_form(a_request(sec_fetch_site="same-origin", **SIGNED_IN), a_form(token))


def test_a_read_with_the_cookie_needs_no_proof() -> None:
    check_proxied(a_request("GET", sec_fetch_site="cross-site", **SIGNED_IN))


def test_an_unsafe_call_with_the_cookie_needs_the_origin_or_the_token() -> None:
    check_proxied(a_request(sec_fetch_site="same-origin", **SIGNED_IN))
    check_proxied(a_request(x_form_token=form_token("abc"), **SIGNED_IN))
    for headers in ({}, {"x_form_token": "wrong"}, {"sec_fetch_site": "cross-site", "x_form_token": form_token("abc")}):
        with pytest.raises(ForgedRequest):
            check_proxied(a_request(**headers, **SIGNED_IN))


def test_a_token_that_is_given_must_be_this_sessions_wherever_the_call_is_from() -> None:
    check_proxied(a_request(sec_fetch_site="same-origin", x_form_token=form_token("abc"), **SIGNED_IN))
    with pytest.raises(ForgedRequest):
        check_proxied(a_request(sec_fetch_site="same-origin", x_form_token=form_token("other"), **SIGNED_IN))


def test_a_page_that_was_open_while_the_token_was_renewed_can_still_send_its_form() -> None:
    begun, renewed = Response(), Response()
    begin_session(a_request(), begun, "first", "renewal-1")
    cookies = SimpleCookie("; ".join(begun.headers.getlist("set-cookie")))
    token = form_token(cookies["form"].value)
    renew_session(a_request(), renewed, "second", "renewal-2")
    assert not any(each.startswith("form=") for each in renewed.headers.getlist("set-cookie"))
    later = a_request(sec_fetch_site="same-origin", cookie=f"session=second; form={cookies['form'].value}")
    check_form(later, a_form(token))
    with pytest.raises(ForgedRequest):
        check_form(later, a_form(form_token("second")))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_cookie_of_the_session_is_hidden_and_the_end_takes_them_all_away(scheme: str) -> None:
    begun, ended = Response(), Response()
    begin_session(a_request(scheme=scheme), begun, "abc", "renewal")
    end_session(a_request(scheme=scheme), ended)
    prefix = "__Host-" if scheme == "https" else ""
    for response in (begun, ended):
        said = response.headers.getlist("set-cookie")
        assert [each.partition("=")[0] for each in said] == [prefix + name for name in ("session", "renewal", "form")]
        for each in said:
            assert "httponly" in each.lower() and "samesite=strict" in each.lower() and "path=/" in each.lower()
            assert ("secure" in each.lower()) is (scheme == "https")
