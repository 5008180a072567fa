"""What the vault keeps of a survivor, and what it takes. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MOST_NAMES: Final = 10
MOST_PHONES: Final = 10
NAME_CHARACTERS: Final = 200
ADDRESS_CHARACTERS: Final = 1000
NOTE_CHARACTERS: Final = 10_000
PHOTO_BYTES: Final = 150 * 1024

_PHOTO_BEGINS: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")


class Field(StrEnum):
    """What can be kept of one case, each sealed by itself."""

    NAMES = "names"
    PHONES = "phones"
    ADDRESS = "address"
    PHOTO = "photo"
    PLAN = "plan"
    NOTES = "notes"

    __hash__ = str.__hash__


IDENTITY_FIELDS: Final = frozenset({Field.NAMES, Field.PHONES, Field.ADDRESS, Field.PHOTO})


class InvalidIdentity(ValueError):
    """It cannot be kept like that; `problems` are (field, message) pairs and hold nothing of what was sent."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{field}: {message}" for field, message in self.problems))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who she is. phones: E.164, like +8801712345678. photo: JPEG, PNG or WebP; empty for none.

    A field that is None is not being said: what is kept of it stays.
    """

    names: tuple[str, ...] | None = None
    phones: tuple[str, ...] | None = None
    address: str | None = None
    photo: bytes | None = None


def check_identity(identity: Identity) -> None:
    """Raises InvalidIdentity naming every field that is wrong. Phones were normalised before."""
    problems: list[tuple[str, str]] = []
    if identity.names is not None and not _are_names(identity.names):
        problems.append(
            ("names", f"expected 1 to {MOST_NAMES} names of at most {NAME_CHARACTERS} printable characters")
        )
    if identity.phones is not None and len(identity.phones) > MOST_PHONES:
        problems.append(("phones", f"expected at most {MOST_PHONES} numbers"))
    if identity.address is not None and not _is_text(identity.address, ADDRESS_CHARACTERS):
        problems.append(("address", f"expected at most {ADDRESS_CHARACTERS} characters"))
    if identity.photo and not (len(identity.photo) <= PHOTO_BYTES and identity.photo.startswith(_PHOTO_BEGINS)):
        problems.append(("photo", f"expected a JPEG, PNG or WebP picture of at most {PHOTO_BYTES // 1024} KiB"))
    if problems:
        raise InvalidIdentity(problems)


def check_note(text: str) -> None:
    """Raises InvalidIdentity."""
    if not text.strip() or not _is_text(text, NOTE_CHARACTERS):
        raise InvalidIdentity([("text", f"expected 1 to {NOTE_CHARACTERS} characters")])


def _are_names(names: tuple[str, ...]) -> bool:
    return 1 <= len(names) <= MOST_NAMES and all(
        name.strip() and len(name) <= NAME_CHARACTERS and name.translate(_JOINERS).isprintable() for name in names
    )


def _is_text(text: str, most_characters: int) -> bool:
    # Line breaks and tabs are writing; what else cannot be printed is not.
    return len(text) <= most_characters and text.translate(_WHITE).isprintable()


# Bangla is written with them.
_JOINERS: Final = {ord(character): " " for character in "\u200c\u200d"}
_WHITE: Final = {ord(character): " " for character in "\n\r\t\u200c\u200d"}
