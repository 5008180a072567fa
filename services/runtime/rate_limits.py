"""How much one user, one device, one address may ask for: token buckets in memory, and no more memory than is said.

Every public face counts by itself, and from nothing when it is started again. Events are the last to be refused: their
buckets are the largest, and behind one address any number of phones with good tokens may come back at once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import json
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from services.runtime.settings import BucketSize, Settings

MOST_KEYS: Final = 50_000
DEVICE_SHARE: Final = 0.5
ADDRESS_SHARE: Final = 50


class Kind(StrEnum):
    """What is asked for, as far as it is counted apart."""

    EVENTS = "events"
    READING = "reading"
    SEARCHING = "searching"


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever showed a good token."""

    user: str
    device: str


class Buckets:
    """A bucket of one size for each key. Of more than `most_keys` those that were used longest ago are full again."""

    def __init__(self, size: BucketSize, most_keys: int = MOST_KEYS) -> None:
        self._full_after: Final = size.most / size.per_second
        self._takes: Final = 1 / size.per_second
        self._most_keys = most_keys
        # When each is full again: a bucket needs no more than that.
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def wait(self, key: Hashable, now: float) -> float:
        """Seconds until one may be taken; 0: now. now: seconds of a clock that only goes forward."""
        full_in = max(0.0, self._full_at.get(key, now) - now)
        missing = full_in + self._takes - self._full_after
        # What is less than a microsecond is what adding up fractions leaves behind.
        return missing if missing > 1e-6 else 0.0

    def take(self, key: Hashable, now: float) -> None:
        """One less, whether or not there is one: ask `wait` before."""
        self._full_at[key] = max(self._full_at.get(key, now), now) + self._takes
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._most_keys:
            self._full_at.popitem(last=False)


class RateLimits:
    """Each question gives the seconds to wait; 0: it was counted and may be answered. What is refused costs nothing."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> None:
        sizes = {
            Kind.EVENTS: settings.limit_events,
            Kind.READING: settings.limit_reading,
            Kind.SEARCHING: settings.limit_searching,
        }
        self._monotonic = monotonic
        self._users = {kind: Buckets(size) for kind, size in sizes.items()}
        self._devices = {kind: Buckets(_times(size, DEVICE_SHARE)) for kind, size in sizes.items()}
        self._addresses = {kind: Buckets(_times(size, ADDRESS_SHARE)) for kind, size in sizes.items()}
        self._names = Buckets(settings.limit_sign_in)
        self._signing_in = Buckets(_times(settings.limit_sign_in, ADDRESS_SHARE))
        self._strangers = Buckets(settings.limit_strangers)

    def of_asker(self, kind: Kind, asker: Asker, address: str) -> float:
        asked: list[tuple[Buckets, Hashable]] = [
            (self._users[kind], asker.user),
            (self._devices[kind], (asker.user, asker.device)),
        ]
        if kind is not Kind.EVENTS:
            asked.append((self._addresses[kind], address))
        return self._counted(asked)

    def of_stranger(self, address: str) -> float:
        """Of whoever shows no good token."""
        return self._counted([(self._strangers, address)])

    def of_sign_in(self, address: str, name: str) -> float:
        """name: that somebody signs in with, "" where a request says none."""
        asked: list[tuple[Buckets, Hashable]] = [(self._signing_in, address)]
        if name:
            # A name may be as long as a body: what is kept of it has one length.
            digest = hashlib.sha256(name.strip().casefold().encode("utf-8", "replace")).digest()
            asked.append((self._names, (address, digest)))
        return self._counted(asked)

    def _counted(self, asked: Iterable[tuple[Buckets, Hashable]]) -> float:
        now = self._monotonic()
        asked = tuple(asked)
        wait = max(buckets.wait(key, now) for buckets, key in asked)
        if wait == 0:
            for buckets, key in asked:
                buckets.take(key, now)
        return wait


def whole_seconds(wait: float) -> int:
    """For Retry-After."""
    return max(1, math.ceil(wait))


def address_key(host: str) -> str:
    """What counts as one address: of IPv6 the network of 64 bits, all of which belongs to one household."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


@lru_cache(maxsize=10_000)
def device_of(token: str) -> str:
    """What tells a person's devices apart: the session of a *verified* token, its id, or else the token itself."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        found = claims.get("sid") or claims.get("jti")
    except (IndexError, ValueError, AttributeError, binascii.Error):
        found = None
    return found if isinstance(found, str) else hashlib.sha256(token.encode()).hexdigest()


def _times(size: BucketSize, share: float) -> BucketSize:
    return BucketSize(max(1.0, size.most * share), size.per_second * share)
