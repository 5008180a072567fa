"""A real vault behind the pages, with one survivor in it, and the keys by which a page is used without a mouse."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import BrowserContext, Locator, Page, expect

from services.vault.bootstrap import create_app
from services.vault.domain.audit_chain import Entry
from services.vault.domain.safe_contact import WEEKDAYS
from tests.browser.canned_answers import CASES, CASEWORKER
from tests.browser.fake_services import FakeServices
from tests.browser.fake_verifier import FakeVerifier
from tests.browser_fixture import Faces, serving, sign_in
from tests.vault_fixture import CaseworkTable, VaultUnderTest, vault_in

HER, ANOTHER = CASES[0], CASES[1]
CODE = "0C1-ZZE5"
NAME, PHONE, ADDRESS = "Invented Salma", "+8801000000111", "House 7, Invented Road"
ALWAYS: list[dict[str, object]] = [{"weekdays": list(WEEKDAYS), "begins": "00:00", "ends": "00:00"}]
ASHA = {"authorization": "Bearer asha"}
STORY = "the tailoring course"


@dataclass
class Kept:
    """The origin, and the vault behind it with one survivor in it."""

    faces: Faces
    under_test: VaultUnderTest

    @property
    def url(self) -> str:
        return self.faces.url

    def audit(self) -> list[Entry]:
        """Oldest first."""
        with self.under_test.vault.store.reading() as transaction:
            return list(transaction.whole_audit("rupantar"))

    def forge(self, statement: str, sequence: int) -> None:
        """What somebody with the database does behind the vault's back."""
        (path,) = self.under_test.data.glob("*.sqlite*3")
        with sqlite3.connect(path) as database:
            database.execute(statement, {"sequence": sequence})

    def deeds(self) -> list[str]:
        return [str(entry.look.deed) for entry in self.audit()]


@contextmanager
def vault_behind(directory: Path) -> Iterator[Kept]:
    """Asha has all cases; the clock is the machine's, and stands."""
    table = CaseworkTable()
    for case_id in CASES:
        table.give(case_id, CASEWORKER, "rupantar")
    under_test = vault_in(directory, table, time.time_ns() // 1_000_000)
    with serving(FakeServices(), create_app(under_test.vault, FakeVerifier())) as faces:
        yield Kept(faces, under_test)
    under_test.vault.store.close()


def keep_her(kept: Kept, windows: list[dict[str, object]] | None = None, case_id: str = HER) -> None:
    """windows: ALWAYS unless said otherwise."""
    plan = {"channel": "voice", "windows": ALWAYS if windows is None else windows, "cover_story": STORY}
    identity = {"names": [NAME], "phones": [PHONE], "address": ADDRESS}
    for what, body in (("identity", identity), ("safe-contact-plan", plan)):
        answer = httpx.put(f"{kept.url}/v1/vault/cases/{case_id}/{what}", headers=ASHA, json=body, trust_env=False)
        assert answer.status_code == 200, answer.text


def tab_to(page: Page, place: Locator) -> None:
    """The way to it without a mouse, as far as it may be."""
    expect(place).to_be_visible()
    for _ in range(150):
        page.keyboard.press("Tab")
        if place.evaluate("place => place === document.activeElement"):
            return
    raise AssertionError(f"no key leads to {place}")


def choose(page: Page, label: str, option: str) -> None:
    """By the letters its words begin with."""
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.type(option)


def press(page: Page, name: str) -> None:
    tab_to(page, page.get_by_role("main").get_by_role("button", name=name, exact=True))
    page.keyboard.press("Enter")


def go_to_her(kept: Kept, context: BrowserContext, name: str = "asha") -> Page:
    page = sign_in(context, kept.url, name)
    page.goto(f"{kept.url}/cases/{HER}")
    return page
