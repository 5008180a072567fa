from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

import services.web
from services.casework.domain.event_types import EVENT_TYPES, OneOf
from services.outcomes.domain.publication.catalogue import RELEASED, definitions_version
from services.web.catalogue import CATALOGUES, TEMPLATE, Language, catalogue_of, words_of
from services.web.forms import controls_of
from services.web.translating import bring_up, brought_up

WEB = Path(services.web.__file__).parent
KEYS_IN_TEMPLATES = sorted(
    {
        key
        for template in (WEB / "templates").glob("*.html")
        for key in re.findall(r"""_\(\s*["']([a-z_.0-9]+)["']\s*[,)]""", template.read_text(encoding="utf-8"))
    }
)
ROOM = re.compile(r"\{(\w+)\}")


ENGLISH = catalogue_of(TEMPLATE)
BANGLA = catalogue_of(CATALOGUES / "bn.po")


def forms(said: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)


def keys_of(catalogue: Catalog) -> list[str]:
    return [str(message.context) for message in catalogue if message.id]


def test_templates_were_found_to_look_through() -> None:
    assert len(KEYS_IN_TEMPLATES) > 50


@pytest.mark.parametrize("key", KEYS_IN_TEMPLATES)
def test_every_sentence_of_the_pages_is_in_english_and_in_bangla(key: str) -> None:
    assert key in words_of(Language.ENGLISH).sentences
    assert key in words_of(Language.BANGLA).sentences


def test_a_key_has_one_sentence_and_the_languages_have_the_same_keys_in_the_same_order() -> None:
    assert len(set(keys_of(ENGLISH))) == len(keys_of(ENGLISH))
    assert keys_of(BANGLA) == keys_of(ENGLISH)


def test_the_translation_is_of_the_sentence_as_it_is_now_in_english() -> None:
    english = {message.context: message.id for message in ENGLISH}
    assert [message.context for message in BANGLA if message.id != english[message.context]] == []
    assert [message.context for message in BANGLA if message.fuzzy and message.id] == []


def test_a_sentence_has_room_for_the_same_values_in_both_languages() -> None:
    for message in BANGLA:
        if message.id and message.string:
            room = set(ROOM.findall(forms(message.id)[-1]))
            *few, many = forms(message.string)
            assert set(ROOM.findall(many)) == room, message.context
            assert all(set(ROOM.findall(one)) <= room for one in few), message.context


def test_the_bangla_catalogue_says_that_nobody_has_reviewed_it() -> None:
    assert "unreviewed" in BANGLA.header_comment


def test_bangla_has_its_own_form_for_one_and_for_many() -> None:
    english, bangla = words_of(Language.ENGLISH), words_of(Language.BANGLA)
    assert [english.count("time.days", n) for n in (0, 1, 2)] == ["0 days", "1 day", "2 days"]
    assert [bangla.count("time.days", n) for n in (1, 12)] == ["১ দিন", "১২ দিন"]


def test_a_changed_english_sentence_keeps_its_translation_but_does_not_show_it() -> None:
    template = Catalog()
    template.add("Nobody is forgotten.", context="inbox.empty")
    template.add("Show {n} more", context="inbox.more")
    old = Catalog(locale="bn")
    old.add("Nobody is forgotten", "পুরোনো", context="inbox.empty")
    old.add("Gone", "গেছে", context="inbox.gone")

    new = brought_up(old, template)

    assert keys_of(new) == ["inbox.empty", "inbox.more"]
    changed = new.get("Nobody is forgotten.", context="inbox.empty")
    assert changed is not None and (changed.string, changed.fuzzy) == ("পুরোনো", True)
    added = new.get("Show {n} more", context="inbox.more")
    assert added is not None and not added.string
    again = brought_up(new, template).get("Nobody is forgotten.", context="inbox.empty")
    assert again is not None and again.fuzzy


def test_bringing_up_what_is_up_to_date_changes_no_translation(tmp_path: Path) -> None:
    copy = tmp_path / "bn.po"
    copy.write_bytes((CATALOGUES / "bn.po").read_bytes())
    bring_up(copy)
    after = catalogue_of(copy)
    assert [(m.context, m.id, m.string) for m in after if m.id] == [(m.context, m.id, m.string) for m in BANGLA if m.id]
    assert "unreviewed" in after.header_comment


@pytest.mark.parametrize("language", list(Language))
def test_every_event_type_field_and_value_has_a_name(language: Language) -> None:
    words = words_of(language)
    for event_type in EVENT_TYPES.values():
        assert words(f"type.{event_type.name}")
        for control in controls_of(event_type):
            assert words(f"field.{control.name}")
            assert all(words.label(control.name, value) for value in control.values)


def test_every_value_of_a_list_is_said_in_bangla_letters_or_digits() -> None:
    bangla = words_of(Language.BANGLA)
    listed = [
        (field.name, value)
        for event_type in EVENT_TYPES.values()
        for field in event_type.fields.values()
        if isinstance(field.kind, OneOf)
        for value in field.kind.values
    ]
    assert len(listed) > 100
    assert [place for place in listed if re.search("[A-Za-z]", bangla.label(*place))] == []


def test_bangla_has_the_words_of_everything_that_is_released_as_it_is_defined_now() -> None:
    bangla = words_of(Language.BANGLA).sentences
    assert bangla["released.version"] == (definitions_version(),), (
        "read the definitions again and translate what is another"
    )
    for released in RELEASED.values():
        parts = {"title", "definition", "counted"} | ({"out_of"} if released.out_of else set())
        found = {key.rpartition(".")[2] for key in bangla if key.startswith(f"released.{released.name}.")}
        assert found == parts, released.name


def test_the_template_has_the_definitions_of_what_is_released_to_the_letter() -> None:
    english = words_of(Language.ENGLISH)
    assert english("released.version") == definitions_version()
    for released in RELEASED.values():
        for part in ("title", "definition", "counted", "out_of"):
            if said := getattr(released, part):
                assert english(f"released.{released.name}.{part}") == said


def test_a_sentence_nobody_wrote_is_an_error_not_an_empty_place() -> None:
    with pytest.raises(KeyError):
        words_of(Language.ENGLISH)("inbox.no_such_sentence")


def test_a_country_has_its_name_and_one_that_nobody_knows_its_letters() -> None:
    assert [words_of(Language.ENGLISH).label("destination_country", code) for code in ("IN", "ZZZ")] == ["India", "ZZZ"]
    assert words_of(Language.BANGLA).label("destination_country", "IN") == "ভারত"
