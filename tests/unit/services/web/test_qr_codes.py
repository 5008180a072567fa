"""A QR code in the page: nothing in it that the page's policy would stop, and nothing where it would be too long."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
import segno

from services.access.domain.second_factor import otpauth_uri
from services.web.qr_codes import MOST_CHARACTERS, qr_svg

URI = otpauth_uri(bytes(range(20)), "n" * 100)
QUIET = 4


def test_it_is_made_of_shapes_and_attributes_alone():
    drawn = ElementTree.fromstring(str(qr_svg(URI)))
    elements = list(drawn.iter())
    assert {element.tag for element in elements} == {"svg", "path"}
    assert not {name for element in elements for name in element.attrib} & {"style", "class", "id", "href", "onload"}
    assert not any(element.text for element in elements)


def test_it_is_dark_on_light_with_a_quiet_margin():
    drawn = str(qr_svg(URI))
    modules = len(segno.make(URI, error="m", micro=False, boost_error=False).matrix)
    assert f'viewBox="0 0 {modules + 2 * QUIET} {modules + 2 * QUIET}"' in drawn
    assert "#fff" in drawn and "#000" in drawn


@pytest.mark.parametrize("text", ["", "x" * (MOST_CHARACTERS + 1)])
def test_what_no_phone_reads_from_a_screen_is_not_drawn(text):
    assert qr_svg(text) is None
    assert qr_svg("x" * MOST_CHARACTERS) is not None
