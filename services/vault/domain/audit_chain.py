"""The audit of looks: one chain of hashes per organisation, every link signed, and its end signed too. Pure.

An entry's digest is SHA-256 over the digest before it and its own canonical JSON. Each entry is signed, so that a chain
made anew from somewhere on is told from the real one at the very entry; the *end* of the chain is signed under other
words, so that an entry's signature cannot make a shorter chain look whole. What remains is a store put back as a whole
to an earlier day: for that there are the checkpoints which people keep outside, in their browsers and in backups.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

BEGINNING: Final = bytes(32)

Sign = Callable[[bytes], bytes]
Verify = Callable[[bytes, bytes], bool]
"""(message, signature): whether the signature is the vault's own."""


class Deed(StrEnum):
    REVEALED = "revealed"
    CHECKED_OUT = "checked_out"
    LOOKED_OFFLINE = "looked_offline"
    EXPORTED = "exported"
    KEPT = "kept"
    REFUSED = "refused"
    GLASS_BROKEN = "glass_broken"
    ERASURE_ASKED = "erasure_asked"
    ERASED = "erased"
    AUDIT_READ = "audit_read"


@dataclass(frozen=True, slots=True)
class Look:
    """What is to be said in the audit. at: milliseconds since 1970 UTC; "" where there is nothing to say.

    deed: one of Deed, unless somebody changed what was written. fields: what was shown or kept, like "names,phones".
    detail: a short code, never words.
    """

    organisation: str
    at: int
    actor: str
    deed: str
    case_id: str = ""
    fields: str = ""
    purpose: str = ""
    ground: str = ""
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A look in its place. sequence: 1, 2, 3, … in its organisation."""

    sequence: int
    look: Look
    digest: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """So far the chain went, and this was its last digest. sequence 0 and BEGINNING: an empty one."""

    organisation: str
    sequence: int
    digest: bytes
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry that is not as it was written, and how that shows."""

    sequence: int
    what: str


def link(before: Checkpoint, look: Look, sign: Sign) -> Entry:
    """The entry that comes after `before`."""
    sequence = before.sequence + 1
    digest = _digest(before.digest, sequence, look)
    return Entry(sequence, look, digest, sign(_entry_words(look.organisation, sequence, digest)))


def end_of(entry: Entry, sign: Sign) -> Checkpoint:
    """The signed end of a chain whose last entry this is."""
    organisation = entry.look.organisation
    signature = sign(_end_words(organisation, entry.sequence, entry.digest))
    return Checkpoint(organisation, entry.sequence, entry.digest, signature)


def first_broken(
    organisation: str,
    entries: Iterable[Entry],
    end: Checkpoint | None,
    verify: Verify,
    remembered: Iterable[Checkpoint] = (),
) -> Broken | None:
    """The first entry that is not as it was written; None when the chain is whole.

    entries: as the store gives them, by sequence. end: what the store says the end is (None: it says nothing).
    remembered: checkpoints kept outside of the store.
    """
    kept = {checkpoint.sequence: checkpoint for checkpoint in remembered if checkpoint.organisation == organisation}
    last = Checkpoint(organisation, 0, BEGINNING)
    for entry, what in _with_faults(organisation, entries, verify):
        if what:
            return Broken(last.sequence + 1, _SAID[what])
        last = Checkpoint(organisation, entry.sequence, entry.digest)
        known = kept.pop(entry.sequence, None)
        if known is not None and known.digest != entry.digest:
            return Broken(entry.sequence, "the entry is another than the one remembered outside")
    return _fault_at_the_end(last, end, verify, kept)


_SAID: Final = {
    "sequence": "an entry is missing, or stands in another's place",
    "digest": "the entry was changed",
    "signature": "the entry was not written by this vault",
}


def _with_faults(organisation: str, entries: Iterable[Entry], verify: Verify) -> Iterator[tuple[Entry, str]]:
    digest = BEGINNING
    for sequence, entry in enumerate(entries, 1):
        if entry.sequence != sequence or entry.look.organisation != organisation:
            yield entry, "sequence"
        elif entry.digest != _digest(digest, sequence, entry.look):
            yield entry, "digest"
        elif not verify(_entry_words(organisation, sequence, entry.digest), entry.signature):
            yield entry, "signature"
        else:
            yield entry, ""
        digest = entry.digest


def _fault_at_the_end(
    last: Checkpoint, end: Checkpoint | None, verify: Verify, ahead: dict[int, Checkpoint]
) -> Broken | None:
    if ahead:
        return Broken(last.sequence + 1, "entries remembered outside are missing")
    if end is None:
        return Broken(last.sequence + 1, "the end of the chain is not signed") if last.sequence else None
    if not verify(_end_words(end.organisation, end.sequence, end.digest), end.signature):
        return Broken(last.sequence + 1, "the end of the chain is not signed by this vault")
    if (end.sequence, end.digest) != (last.sequence, last.digest):
        return Broken(min(end.sequence, last.sequence) + 1, "entries are missing at the end, or were added")
    return None


def _digest(before: bytes, sequence: int, look: Look) -> bytes:
    # A store that somebody wrote to may give what is no word and no number: that is then not what was written.
    said = [sequence, asdict(look)]
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=repr)
    return hashlib.sha256(before + canonical.encode()).digest()


def _entry_words(organisation: str, sequence: int, digest: bytes) -> bytes:
    return f"reintegration audit entry|{organisation}|{sequence}|{digest.hex()}".encode()


def _end_words(organisation: str, sequence: int, digest: bytes) -> bytes:
    return f"reintegration audit end|{organisation}|{sequence}|{digest.hex()}".encode()
