"""A QR code as an SVG in a page: shapes and presentation attributes alone, which the strict policy allows."""

from __future__ import annotations

from typing import Final

import segno
from markupsafe import Markup

MOST_CHARACTERS: Final = 500
"""What an authenticator reads has less than 200; more would be a code that no phone reads from a screen."""


def qr_svg(text: str) -> Markup | None:
    """Black on white in either scheme: many phones do not read the reverse. None: too long for one."""
    if not 0 < len(text) <= MOST_CHARACTERS:
        return None
    code = segno.make(text, error="m", micro=False, boost_error=False)
    drawn = code.svg_inline(border=4, omitsize=True, dark="#000", light="#fff", svgclass=None, lineclass=None)
    return Markup(drawn)  # noqa: S704 - of the library's own making: no text of ours stands in it
