"""What axe finds on a page: WCAG 2.2 AA, and its own best practices. The page's strict policy stays as it is."""

from __future__ import annotations

from typing import Any, Final, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

Scheme = Literal["light", "dark"]
COLOUR_RULES: Final = ("color-contrast", "link-in-text-block")
"""What may be another matter in the other scheme; the rest of a page is the same in both."""

_FIND: Final = """async options => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"], ...options });
    return violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)}`));
}"""


def violations(page: Page) -> list[str]:
    """A line for each element that breaks a rule; empty for an accessible page."""
    page.evaluate(AXE_SCRIPT)
    return _found(page, {})


def violations_in_both_schemes(page: Page) -> list[str]:
    """The same, light and dark: the page is loaded once, and what has nothing to do with colours is looked for once."""
    page.emulate_media(color_scheme="light")
    in_light = violations(page)
    page.emulate_media(color_scheme="dark")
    in_dark = _found(page, {"runOnly": {"type": "rule", "values": COLOUR_RULES}})
    return [f"light: {one}" for one in in_light] + [f"dark: {one}" for one in in_dark]


def _found(page: Page, options: dict[str, Any]) -> list[str]:
    found: list[str] = page.evaluate(_FIND, options)
    return found
