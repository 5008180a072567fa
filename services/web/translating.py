"""Brings a change of the English sentences into the other languages: `python -m services.web.translating`.

What is new stands in a language's catalogue without a translation, what is gone is left out, and what reads otherwise
now keeps its translation, marked `fuzzy` and not shown until somebody has looked at it.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po

from services.web.catalogue import CATALOGUES, TEMPLATE, Language, catalogue_of


def brought_up(translated: Catalog, template: Catalog) -> Catalog:
    """The template's sentences in its order, each with the translation that its key has."""
    of_key = {message.context: message for message in translated if message.id}
    new = Catalog(
        locale=translated.locale,
        header_comment=translated.header_comment,
        project=template.project,
        version=template.version,
        creation_date=template.creation_date,
        revision_date=translated.revision_date,
        last_translator=translated.last_translator,
        language_team=translated.language_team,
        fuzzy=False,
    )
    for message in template:
        if message.id:
            _add(new, message, of_key.get(message.context))
    return new


def _add(new: Catalog, message: Message, old: Message | None) -> None:
    changed = old is not None and old.id != message.id
    # One sentence for one and many became two, or the other way round: what was there fits neither.
    fits = old is not None and isinstance(old.id, str) == isinstance(message.id, str)
    flags = set(message.flags) | ({"fuzzy"} if fits and (changed or (old and old.fuzzy)) else set())
    comments = old.user_comments if old is not None else ()
    string = old.string if old is not None and fits else None
    new.add(message.id, string, (), flags, message.auto_comments, comments, context=message.context)


def bring_up(path: Path) -> None:
    """Write a language's catalogue anew. Raises PoFileError when it, or the template, cannot be read."""
    new = brought_up(catalogue_of(path), catalogue_of(TEMPLATE))
    with path.open("wb") as file:
        write_po(file, new, width=0, no_location=True)


if __name__ == "__main__":
    for language in Language:
        if language is not Language.ENGLISH:
            bring_up(CATALOGUES / f"{language}.po")
