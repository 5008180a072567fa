from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import services.web
from services.casework.domain.event_types import EVENT_TYPES
from services.outcomes.domain.publication.catalogue import RELEASED, definitions_version
from services.web.catalogue import Language, words_of
from services.web.forms import controls_of

WEB = Path(services.web.__file__).parent
KEYS_IN_TEMPLATES = sorted(
    {
        key
        for template in (WEB / "templates").glob("*.html")
        for key in re.findall(r"""_\(\s*["']([a-z_.0-9]+)["']\s*[,)]""", template.read_text(encoding="utf-8"))
    }
)
ROOM = re.compile(r"\{(\w+)\}")


def flat(table: dict[str, object], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in table.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: str(value)}
    return found


def catalogue(language: Language) -> dict[str, str]:
    return flat(tomllib.loads((WEB / "catalogues" / f"{language}.toml").read_text(encoding="utf-8")))


def test_templates_were_found_to_look_through() -> None:
    assert len(KEYS_IN_TEMPLATES) > 50


@pytest.mark.parametrize("key", KEYS_IN_TEMPLATES)
def test_every_sentence_of_the_pages_is_in_english_and_in_bangla(key: str) -> None:
    assert key in catalogue(Language.ENGLISH)
    assert key in catalogue(Language.BANGLA)


def test_a_sentence_has_room_for_the_same_values_in_both_languages() -> None:
    english = catalogue(Language.ENGLISH)
    for key, sentence in catalogue(Language.BANGLA).items():
        if key in english:
            assert set(ROOM.findall(sentence)) == set(ROOM.findall(english[key])), key


def test_the_bangla_catalogue_says_that_nobody_has_reviewed_it() -> None:
    assert "unreviewed" in catalogue(Language.BANGLA)["about.state"]


@pytest.mark.parametrize("language", list(Language))
def test_every_event_type_field_and_value_has_a_name(language: Language) -> None:
    words = words_of(language)
    for event_type in EVENT_TYPES.values():
        assert words(f"type.{event_type.name}")
        for control in controls_of(event_type):
            assert words(f"field.{control.name}")
            assert all(words.label(control.name, value) for value in control.values)


def test_bangla_has_the_words_of_everything_that_is_released_as_it_is_defined_now() -> None:
    bangla = catalogue(Language.BANGLA)
    assert bangla["released.version"] == definitions_version(), (
        "read the definitions again and translate what is another"
    )
    for released in RELEASED.values():
        parts = {"title", "definition", "counted"} | ({"out_of"} if released.out_of else set())
        found = {key.rpartition(".")[2] for key in bangla if key.startswith(f"released.{released.name}.")}
        assert found == parts, released.name


def test_a_sentence_nobody_wrote_is_an_error_not_an_empty_place() -> None:
    with pytest.raises(KeyError):
        words_of(Language.ENGLISH)("inbox.no_such_sentence")
