"""A release in the reader's language. What was published is in English, and stays what counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from services.web.catalogue import Words
from services.web.releases_answers import Changes, Indicator, Release


def in_the_language(words: Words, release: Release) -> Release | None:
    """The release with its titles and definitions as the catalogue has them; None where it has none of these very
    definitions. What was published is in English, and stays what counts."""
    if not words.has("released.version") or words("released.version") != release.definitions_version:
        return None
    indicators = tuple(_translated(words, indicator) for indicator in release.indicators)
    titles = {old.title: new.title for old, new in zip(release.indicators, indicators, strict=True)}
    return replace(release, indicators=indicators, changes=release.changes and _retitled(release.changes, titles))


def _translated(words: Words, indicator: Indicator) -> Indicator:
    def said(part: str) -> str:
        return words(f"released.{indicator.name}.{part}")

    out_of = None if indicator.out_of_words is None else said("out_of")
    return replace(
        indicator,
        title=said("title"),
        definition=said("definition"),
        counted_words=said("counted"),
        out_of_words=out_of,
    )


def _retitled(changes: Changes, titles: Mapping[str, str]) -> Changes:
    numbers = tuple(replace(change, title=titles.get(change.title, change.title)) for change in changes.numbers)
    return replace(changes, numbers=numbers)
