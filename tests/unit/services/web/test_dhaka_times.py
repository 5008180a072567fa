from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.web.catalogue import Language, words_of
from services.web.dhaka import for_form, local, typed_instant


def test_times_are_shown_in_dhaka() -> None:
    assert words_of(Language.ENGLISH).time("2026-03-01T20:30:00.000Z") == "2 Mar 2026, 02:30"
    assert words_of(Language.ENGLISH).clock("2026-03-01T04:31:00.000Z") == "10:31"


def test_bangla_has_its_own_numerals_and_codes_stay_latin() -> None:
    bangla = words_of(Language.BANGLA)
    assert bangla.clock("2026-03-01T04:31:00.000Z") == "১০:৩১"
    assert bangla.number(4312) == "৪,৩১২"
    assert bangla.number("7K4-M2XQ") == "7K4-M2XQ"


def test_an_instant_without_its_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="without its offset"):
        local("2026-03-01T10:31:00")


def test_what_a_form_shows_is_what_it_means() -> None:
    now = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert typed_instant(for_form(now)) == "2026-03-01T09:30:00.000Z"
