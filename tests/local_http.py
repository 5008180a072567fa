"""Requests of tests to what runs on this machine: straight there, with the machine's trusted certificates read once.

httpx reads them anew for every client and every request that is made without one: 30 ms of the processor each time.
"""

from __future__ import annotations

import ssl
from functools import cache
from typing import Any

import httpx


@cache
def _trusting() -> ssl.SSLContext:
    return ssl.create_default_context()


def request(method: str, url: str, **asked: Any) -> httpx.Response:
    """On a connection of its own: a service that was killed in between is no matter."""
    return httpx.request(method, url, verify=_trusting(), trust_env=False, **asked)


def get(url: str, **asked: Any) -> httpx.Response:
    return request("GET", url, **asked)


def post(url: str, **asked: Any) -> httpx.Response:
    return request("POST", url, **asked)


def client(**options: Any) -> httpx.Client:
    return httpx.Client(verify=_trusting(), trust_env=False, **options)


def async_client(**options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(verify=_trusting(), trust_env=False, **options)
