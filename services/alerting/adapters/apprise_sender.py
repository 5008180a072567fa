"""Sending through Apprise. What it says of what went wrong is not kept: it may repeat an address."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from contextlib import nullcontext
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import phonenumbers
from apprise import Apprise, AppriseAsset, NotifyFormat

from services.alerting.adapters.connect_guard import Watch, public_destinations_only
from services.alerting.application.notification_ports import InvalidAddress, NotSent
from services.alerting.domain.notifications.channels import ChannelKind

RECIPIENT: Final = "{to}"
"""In the settings' addresses of gateways: where the person's own address goes."""

CHATS: Final = frozenset(
    name
    for names in (
        ("discord", "gchat", "guilded", "slack", "tgram", "webex", "workflow", "workflows", "wxteams", "zulip"),
        ("matrix", "matrixs", "mmost", "mmosts", "ntfy", "ntfys", "rocket", "rockets", "signal", "signals"),
    )
    for name in names
)
"""Apprise's names of what a person may be told by: nothing of this machine, and nothing that runs anything."""

_log = logging.getLogger(__name__)

_MOST_CHARACTERS: Final = 500
_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 10.0
_REGION: Final = "BD"
_MAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+", re.ASCII)


class AppriseSender:
    """A Sender."""

    def __init__(self, mail_url: str, sms_url: str, *, inner_addresses: bool) -> None:
        """mail_url, sms_url: Apprise's address of the organisation's gateway with `{to}` in it, "" for none.

        inner_addresses: whether people's own addresses may lead into this network.
        """
        self._gateways = {ChannelKind.EMAIL: mail_url, ChannelKind.SMS: sms_url}
        self._inner_addresses = inner_addresses
        self._asset = AppriseAsset(async_mode=False, secure_logging=True, http_redirects=False)
        for talkative in ("apprise", "urllib3"):
            logging.getLogger(talkative).setLevel(logging.CRITICAL + 1)

    def kinds(self) -> Collection[ChannelKind]:
        return tuple(kind for kind in ChannelKind if self._gateways.get(kind, "own"))

    def check(self, kind: ChannelKind, address: str) -> str:
        plain = address.strip()
        if not plain or len(plain) > _MOST_CHARACTERS or not plain.isprintable():
            raise InvalidAddress("expected an address")
        match kind:
            case ChannelKind.EMAIL:
                return _mail_address(plain)
            case ChannelKind.SMS:
                return _phone_number(plain)
            case ChannelKind.WEBHOOK:
                if not _is_web_address(plain):
                    raise InvalidAddress("expected an address that begins with https:// or http://")
            case ChannelKind.CHAT:
                pass
        if self._plugin(kind, plain) is None:
            raise InvalidAddress("expected the address of a chat, as Apprise writes it, like slack://…")
        return plain

    def send(self, kind: ChannelKind, address: str, title: str, body: str) -> None:
        if kind not in self.kinds():
            raise NotSent("not_set_up")
        plugin = self._plugin(kind, address)
        if plugin is None:
            raise NotSent("unusable_address")
        is_guarded = kind not in self._gateways and not self._inner_addresses
        with public_destinations_only() if is_guarded else nullcontext(Watch()) as watch:
            try:
                taken = plugin.notify(title=title, body=body, body_format=NotifyFormat.TEXT)
            except Exception as error:  # noqa: BLE001
                # A plugin of Apprise may raise whatever its receiver makes it raise; its words may hold the address.
                _log.warning("sending failed in the library", extra={"reason": type(error).__name__})
                raise NotSent("failed") from None
        if watch.refused:
            raise NotSent("forbidden_destination")
        if not taken:
            raise NotSent("not_taken")

    def _plugin(self, kind: ChannelKind, address: str) -> Any:
        """None for an address that cannot be sent to."""
        plugin = Apprise.instantiate(self._url(kind, address), asset=self._asset)
        if plugin is None or (kind is ChannelKind.CHAT and not plugin.schemas() <= CHATS):
            return None
        if kind not in self._gateways:
            # Whatever she wrote into it.
            plugin.verify_certificate = True
            plugin.redirects = False
            plugin.socket_connect_timeout, plugin.socket_read_timeout = _CONNECT_SECONDS, _READ_SECONDS
        return plugin

    def _url(self, kind: ChannelKind, address: str) -> str:
        match kind:
            case ChannelKind.EMAIL:
                said = self._gateways[kind].replace(RECIPIENT, quote(address, safe=""))
                return f"{said}{'&' if '?' in said else '?'}format=text"
            case ChannelKind.SMS:
                return self._gateways[kind].replace(RECIPIENT, quote(address, safe=""))
            case ChannelKind.WEBHOOK:
                return _as_json_post(address)
            case ChannelKind.CHAT:
                return address


def _mail_address(typed: str) -> str:
    if _MAIL.fullmatch(typed) is None:
        raise InvalidAddress("expected an e-mail address")
    return typed


def _phone_number(typed: str) -> str:
    """As all the world dials it; without a country's code it is of Bangladesh."""
    try:
        number = phonenumbers.parse(typed, _REGION)
    except phonenumbers.NumberParseException:
        raise InvalidAddress("expected a phone number") from None
    if not phonenumbers.is_valid_number(number):
        raise InvalidAddress("expected a phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_web_address(typed: str) -> bool:
    try:
        parts = urlsplit(typed)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _as_json_post(address: str) -> str:
    """Apprise's address of the same: what stands in a query goes along, and is no option of Apprise."""
    parts = urlsplit(address)
    query = "&".join(
        f"-{quote(name, safe='')}={quote(value, safe='')}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    scheme = "jsons" if parts.scheme == "https" else "json"
    return f"{scheme}://{parts.netloc}{parts.path or '/'}" + (f"?{query}" if query else "")
