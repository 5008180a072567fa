from __future__ import annotations

import socket
import threading
from contextlib import closing, suppress

import pytest

from services.alerting.adapters.apprise_sender import AppriseSender
from services.alerting.adapters.connect_guard import Forbidden, is_public, public_destinations_only
from services.alerting.application.notification_ports import InvalidAddress, NotSent
from services.alerting.domain.notifications.channels import ChannelKind

MAIL = "mailto://mail.example/?from=notebook@mail.example&to={to}"
SMS = "jsons://gateway.example/sms?-to={to}"
WITH_GATEWAYS = AppriseSender(MAIL, SMS, inner_addresses=False)
WITHOUT = AppriseSender("", "", inner_addresses=False)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "::1", "0.0.0.0", "169.254.169.254", "fe80::1%eth0", "10.0.0.5", "192.168.1.1", "172.16.0.1"),
        *("fd00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "224.0.0.1", "ff02::1", "100.64.0.1", "localhost", ""),
        "/run/socket",
    ],
)
def test_no_address_of_this_machine_or_its_network_is_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_addresses_of_the_world_are_public(address):
    assert is_public(address)


@pytest.fixture
def listening():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()


def test_a_connection_into_this_network_is_not_made_whatever_name_led_to_it(listening):
    with public_destinations_only() as watch:
        for name in ("127.0.0.1", "localhost"):
            with pytest.raises(Forbidden):
                socket.create_connection((name, listening[1]), timeout=1)
    assert watch.refused
    socket.create_connection(listening, timeout=1).close()


def test_other_threads_go_on_as_they_did(listening):
    reached = []

    def connect():
        with suppress(OSError), closing(socket.create_connection(listening, timeout=1)):
            reached.append(True)

    with public_destinations_only() as watch:
        thread = threading.Thread(target=connect)
        thread.start()
        thread.join()
    assert reached == [True]
    assert not watch.refused


def test_a_web_hook_of_this_machine_is_told_nothing(listening):
    with pytest.raises(NotSent, match="forbidden_destination"):
        WITHOUT.send(ChannelKind.WEBHOOK, f"http://127.0.0.1:{listening[1]}/", "title", "body")


def test_only_what_is_set_up_can_be_used():
    assert set(WITHOUT.kinds()) == {ChannelKind.CHAT, ChannelKind.WEBHOOK}
    assert set(WITH_GATEWAYS.kinds()) == set(ChannelKind)
    with pytest.raises(NotSent, match="not_set_up"):
        WITHOUT.send(ChannelKind.SMS, "+8801712345678", "title", "body")


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("email", " salma@mail.example ", "salma@mail.example"),
        ("sms", "01712-345678", "+8801712345678"),
        ("sms", "+880 1712 345678", "+8801712345678"),
        ("webhook", "https://hook.example/a?b=c&d", "https://hook.example/a?b=c&d"),
        ("chat", "ntfys://ntfy.example/topic", "ntfys://ntfy.example/topic"),
        ("chat", "mmosts://chat.example/" + "a" * 24, "mmosts://chat.example/" + "a" * 24),
    ],
)
def test_an_address_is_kept_as_it_is_sent_to(kind, typed, kept):
    assert WITH_GATEWAYS.check(ChannelKind(kind), typed) == kept


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("email", "salma@mail.example&bcc=others@mail.example"),
        ("email", "salma"),
        ("email", "a@b.example,c@d.example"),
        ("email", "a@b.example\r\nBcc: c@d.example"),
        ("sms", "12"),
        ("sms", "+8801712345678/+8801712345679"),
        ("webhook", "ftp://hook.example/"),
        ("webhook", "https:///nowhere"),
        ("webhook", "file:///etc/passwd"),
        ("webhook", "https://hook.example:port/"),
        ("webhook", "https://" + "a" * 600),
        ("chat", "file:///etc/passwd"),
        ("chat", "dbus://"),
        ("chat", "syslog://"),
        ("chat", "jsons://hook.example"),
        ("chat", "mailto://a:b@mail.example"),
        ("chat", "nonsense"),
        ("chat", ""),
    ],
)
def test_what_is_no_address_of_its_kind_is_refused_and_not_repeated(kind, typed):
    with pytest.raises(InvalidAddress) as refused:
        WITH_GATEWAYS.check(ChannelKind(kind), typed)
    assert not typed or typed not in str(refused.value)


def test_what_stands_in_an_address_is_no_option_of_the_library():
    plugin = WITHOUT._plugin(ChannelKind.WEBHOOK, "https://hook.example/a?verify=no&redirect=yes&method=put&rto=900")
    assert plugin.verify_certificate and not plugin.redirects
    assert plugin.method == "POST"
    assert plugin.request_timeout == (5.0, 10.0)
    assert plugin.params == {"verify": "no", "redirect": "yes", "method": "put", "rto": "900"}
