"""What axe finds on a page: WCAG 2.2 AA, and its own best practices. The page's strict policy stays as it is."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def violations(page: Page) -> list[str]:
    """A line for each element that breaks a rule; empty for an accessible page."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]
