"""Pictures of the three faces, of the demonstration that runs: `make screenshots`, beside `make demo`.

Each face in both languages, light and dark, on a phone and on a desk. People and cases in them are invented.
"""

from __future__ import annotations

import base64
import json
import shutil
from itertools import product
from pathlib import Path
from typing import Any, Final, Literal

from playwright.sync_api import Browser, Page, sync_playwright

from services.runtime.settings import load_settings
from tests.browser_fixture import CHROMIUM_FLAGS, sign_in

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
QUALITY: Final = 60
"""Per cent: a picture of a page is some 30 KB then, and its letters are sharp."""


def main() -> None:
    demo = json.loads((load_settings().var_dir / "demo.json").read_text(encoding="utf-8"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        for (face, (role, path)), (size, _) in product(FACES.items(), SIZES.items()):
            page = _signed_in(browser, demo, role, size)
            for language, scheme in product(LANGUAGES, SCHEMES):
                page.emulate_media(color_scheme=scheme)
                page.goto(f"{demo['url']}/language?to={language}&back={path}")
                picture = FOLDER / f"{face}-{size}-{language}-{scheme}.webp"
                picture.write_bytes(_taken(page))
                print(picture.relative_to(ROOT))
            page.context.close()
        browser.close()


def _signed_in(browser: Browser, demo: dict[str, Any], role: str, size: str) -> Page:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
    context.set_default_timeout(60_000)
    person = demo["people"][role]
    page: Page = sign_in(context, demo["url"], person["name"], person["password"])
    return page


def _taken(page: Page) -> bytes:
    """What is in sight, as WebP."""
    page.evaluate("document.fonts.ready")
    asked = {"format": "webp", "quality": QUALITY}
    return base64.b64decode(page.context.new_cdp_session(page).send("Page.captureScreenshot", asked)["data"])


if __name__ == "__main__":
    main()
