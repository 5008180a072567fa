"""What a device keeps of the origin: files that are the same for everybody, and when they are to be kept anew."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.casework.domain.event_types import EVENT_TYPES
from services.web.catalogue import Language, words_of

STATIC: Final = Path(__file__).parent / "static"
_IN_A_SCRIPT: Final = re.compile(r"""["'`]([a-z_]+\.[a-z_0-9]*)(["'`]|\$\{)""")
"""A key as it stands in a script, or how it begins where the script makes the rest of it (`outbox.why_${why}`)."""
_TOLD_TO_SCRIPTS: Final = "expected."
"""How keys begin that forms tell their script."""


@cache
def words_json(language: Language) -> bytes:
    """The sentences that scripts show, by key; what is not translated yet is in English."""
    words = words_of(language)
    keys, beginnings = _keys_of_scripts()
    wanted: dict[str, str] = {}
    for key in words.written():
        if key in keys or key.startswith(beginnings):
            few, *many = words.forms_of(key)
            wanted |= {key: many[-1], f"{key}_one": few} if many else {key: few}
    wanted |= {f"type.{name}": words(f"type.{name}") for name in EVENT_TYPES}
    return json.dumps(wanted, ensure_ascii=False).encode()


@cache
def _keys_of_scripts() -> tuple[frozenset[str], tuple[str, ...]]:
    """Whole keys, and how others begin. What no script says is no part of a first load."""
    found = [pair for path in STATIC.glob("*.js") for pair in _IN_A_SCRIPT.findall(path.read_text(encoding="utf-8"))]
    whole = frozenset(key for key, end in found if end != "${")
    return whole, (_TOLD_TO_SCRIPTS, *sorted({key for key, end in found if end == "${"}))


@cache
def worker_script(key_id: str) -> bytes:
    """The service worker after the edition of what it keeps: browsers take it anew with any other file, word or key."""
    digest = hashlib.sha256()
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for language in Language:
        digest.update(words_json(language))
    digest.update(key_id.encode())
    edition = json.dumps(digest.hexdigest()[:16])
    return f"const EDITION = {edition};\n".encode() + (STATIC / "worker.js").read_bytes()


def kept(request: Request, content: bytes, media_type: str) -> Response:
    """The content, or 304 where the browser has it already."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
