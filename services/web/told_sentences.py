"""What services say in English, found again by what they say: a page shows it in its own language.

Only the very sentence has a translation; one that was changed since is shown as it was said, until somebody translates
it anew. A sentence may have room (`release {number} is published`): then whatever stands there is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

_ROOM: Final = re.compile(r"\\\{(\w+)\\\}")


@dataclass(frozen=True, slots=True)
class ToldSentences:
    """plain: by the English sentence its translation. with_room: what an English sentence with room looks like."""

    plain: Mapping[str, str] = field(default_factory=dict)
    with_room: tuple[tuple[re.Pattern[str], str], ...] = ()

    @staticmethod
    def of(pairs: Iterable[tuple[str, str]]) -> ToldSentences:
        """pairs: (English, translation)."""
        listed = list(pairs)
        patterns = ((_pattern(english), said) for english, said in listed if "{" in english)
        return ToldSentences({english: said for english, said in listed if "{" not in english}, tuple(patterns))

    def translation(self, english: str) -> tuple[str, Mapping[str, str]] | None:
        """The translation, and what stands in its room; None where there is none."""
        if (said := self.plain.get(english)) is not None:
            return said, {}
        for pattern, said in self.with_room:
            if (found := pattern.fullmatch(english)) is not None:
                return said, found.groupdict()
        return None


def _pattern(english: str) -> re.Pattern[str]:
    return re.compile(_ROOM.sub(r"(?P<\1>.+)", re.escape(english)))
