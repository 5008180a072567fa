"""Pictures of the three faces, of the demonstration that runs: `make screenshots`, beside `make demo`.

Each face in both languages, light and dark, on a phone and on a desk. People and cases in them are invented.
"""

from __future__ import annotations

import json
import shutil
from itertools import product
from pathlib import Path
from typing import Any, Final, Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser_fixture import CHROMIUM_FLAGS

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "services" / "web" / "screenshots"
FACES: Final = {
    "today": ("caseworker", "/today"),
    "inbox": ("supervisor", "/inbox"),
    "outcomes": ("evaluator", "/outcomes"),
}
LANGUAGES: Final = ("en", "bn")
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
SIZES: Final = {"phone": (390, 844), "desk": (1280, 900)}


def main() -> None:
    demo = json.loads((ROOT / "var" / "demo.json").read_text(encoding="utf-8"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        for (face, (role, path)), (size, _) in product(FACES.items(), SIZES.items()):
            for language, scheme in product(LANGUAGES, SCHEMES):
                page = _signed_in(browser, demo, role, size, scheme)
                page.goto(f"{demo['url']}/language?to={language}&back={path}")
                page.wait_for_load_state("networkidle" if face != "inbox" else "load")
                picture = FOLDER / f"{face}-{size}-{language}-{scheme}.jpg"
                page.screenshot(path=picture, type="jpeg", quality=72)
                page.context.close()
                print(picture.relative_to(ROOT))
        browser.close()


def _signed_in(browser: Browser, demo: dict[str, Any], role: str, size: str, scheme: Literal["light", "dark"]) -> Page:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB")
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(f"{demo['url']}/sign-in")
    person = demo["people"][role]
    page.get_by_label("Name", exact=True).fill(person["name"])
    page.get_by_label("Password", exact=True).fill(person["password"])
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/sign-in" not in address)
    return page


if __name__ == "__main__":
    main()
