"""What every page has: the person, the language, the shell around it, and the page that says what went wrong."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.access.domain.permissions import Principal, Role
from services.runtime.authentication import CannotVerify, InvalidToken, Verifier
from services.web.backends import Backends, Json, PartAway, Refused, SessionEnded
from services.web.catalogue import Language, Words, words_of
from services.web.dhaka import local
from services.web.routes import Part
from services.web.sessions import (
    FORM_FIELD,
    ForgedRequest,
    check_form,
    end_session,
    form_secret,
    form_token,
    session_token,
)
from services.web.ways_back import address_of

_log: Final = logging.getLogger("services.web")
_FOLDER: Final = Path(__file__).parent
LANGUAGE_COOKIE: Final = "language"
NUMERALS_COOKIE: Final = "numerals"
"""The language whose digits somebody wants, where they are not those of the words."""
NOT_RENEWED: Final = "reintegration.not_renewed"
"""In the scope of a request whose token is over and could not be renewed, because access did not answer."""

STALE_SECONDS: Final = 45
_FORM_BYTES: Final = 128 * 1024
"""A note of 10 000 characters of Bangla is nine bytes a character in a form."""


HOMES: Final[Mapping[Role, str]] = {
    Role.SUPERVISOR: "/inbox",
    Role.CASEWORKER: "/today",
    Role.EVALUATOR: "/outcomes",
    Role.ADMINISTRATOR: "/people",
    Role.DONOR: "/releases",
}


class NotSignedIn(Exception):
    """There is no session: the page is behind the sign-in."""


class NotForThisRole(Exception):
    """The page is another role's."""


class NoSuchPage(Exception):
    """Nothing is here; or it is another organisation's, which looks the same."""


def home_of(person: Principal) -> str:
    """The page a person starts from."""
    return next(home for role, home in HOMES.items() if role in person.roles)


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at a page: the request, who looks, in which language, and the way to the services."""

    request: Request
    person: Principal
    token: str
    words: Words
    backends: Backends

    async def get(self, path: str, **params: str | Sequence[str] | None) -> Json:
        return await self.backends.get(path, self.token, **params)

    async def post(self, path: str, body: object, patience_seconds: float | None = None) -> Json:
        return await self.backends.post(path, self.token, body, patience_seconds)

    async def put(self, path: str, body: object) -> Json:
        return await self.backends.put(path, self.token, body)

    def show(self, template: str, status: int = 200, **values: object) -> Response:
        return render(self.request, template, status, person=self.person, **values)

    def main_of(self, template: str, **values: object) -> str:
        """What stands in the main of such a page, without what can only be done with a connection."""
        return _rendered(self.request, template, {"person": self.person, "with_connection": False, **values})


@dataclass(frozen=True, slots=True)
class Freshness:
    """Up to when all cases were checked, and how many; None is unknown, and is said so."""

    checked_until: str | None
    cases_checked: int | None
    lag_seconds: float | None
    is_said_stale: bool = False

    @staticmethod
    def of(answer: Json) -> Freshness:
        told = answer["freshness"]
        # Only alerting knows of itself whether nobody may rely on it; the others say how far behind they are.
        said = bool(told.get("stale", False))
        return Freshness(told["checked_until"], told["cases_checked"], told["lag_seconds"], said)

    @property
    def is_stale(self) -> bool:
        if self.is_said_stale or self.checked_until is None or self.lag_seconds is None:
            return True
        return self.lag_seconds > STALE_SECONDS


Page = Callable[[Visit], Awaitable[Response]]


def page(*roles: Role) -> Callable[[Page], Callable[[Request], Awaitable[Response]]]:
    """A page for these roles alone; what a service could not do becomes the page that says so."""

    def wrap(show: Page) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            visit = await visit_of(request)
            if not set(roles) & set(visit.person.roles):
                raise NotForThisRole
            return await show(visit)

        return answer

    return wrap


async def visit_of(request: Request) -> Visit:
    """Who looks. Raises NotSignedIn, SessionEnded, PartAway."""
    if request.scope.get(NOT_RENEWED):
        raise PartAway(Part.ACCESS, "the session cannot be renewed")
    token = session_token(request)
    if token is None:
        raise NotSignedIn
    person = await _person(request, token)
    if not person.roles & HOMES.keys():
        raise SessionEnded
    request.state.person = person
    return Visit(request, person, token, words_for(request), backends_of(request))


async def _person(request: Request, token: str) -> Principal:
    verifier: Verifier = request.app.state.verifier
    try:
        # Checking may have to fetch keys; the loop serves others meanwhile.
        principal = await asyncio.to_thread(verifier.verify, token)
    except InvalidToken as error:
        raise SessionEnded from error
    except CannotVerify as error:
        raise PartAway(Part.ACCESS, "its keys cannot be read") from error
    assert isinstance(principal, Principal)
    return principal


def backends_of(request: Request) -> Backends:
    backends: Backends = request.app.state.backends
    return backends


async def posted_form(request: Request) -> FormData:
    """The fields of a form post. Raises ForgedRequest when it was not this origin's page that sent it."""
    declared = request.headers.get("content-length", "")
    if not declared.isdigit() or int(declared) > _FORM_BYTES:
        # Browsers always say how long a form is, and the server holds them to it.
        raise HTTPException(413, f"a form may have at most {_FORM_BYTES} bytes")
    form = await request.form(max_files=0, max_fields=250)
    check_form(request, form)
    return form


def fields_of(form: FormData) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def words_for(request: Request) -> Words:
    return words_of(_chosen(request, LANGUAGE_COOKIE) or Language.ENGLISH, _chosen(request, NUMERALS_COOKIE))


def _chosen(request: Request, cookie: str) -> Language | None:
    value = request.cookies.get(cookie, "")
    return Language(value) if value in tuple(Language) else None


def understood(part: Part) -> _Understood:
    """A block that reads an answer of `part`: a shape that is not understood is that part's failure."""
    return _Understood(part)


class _Understood:
    def __init__(self, part: Part) -> None:
        self._part = part

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, KeyError | ValueError | TypeError | AttributeError | IndexError):
            raise PartAway(self._part, f"its answer was not understood: {error!r}") from error


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


_TEMPLATES: Final = _environment()


def render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page in the shell. Every page has the words, the person (None: nobody is signed in) and the form token."""
    return HTMLResponse(_rendered(request, template, values), status)


def _rendered(request: Request, template: str, values: Mapping[str, object]) -> str:
    words = words_for(request)
    secret = form_secret(request)
    shell = {
        "_": words,
        "words": words,
        "person": getattr(request.state, "person", None),
        "with_connection": True,
        "path": request.url.path,
        "back": quote(address_of(request), safe="/"),
        "form_token": form_token(secret) if secret else "",
        "form_token_field": FORM_FIELD,
        "now": now_text(),
        "stale_seconds": STALE_SECONDS,
    }
    return _TEMPLATES.get_template(template).render({**shell, **values})


def now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def overdue_words(words: Words, since: str, now: str) -> str:
    """How long ago an instant was, in whole days or hours."""
    seconds = int((local(now) - local(since)).total_seconds())
    days, hours = seconds // 86_400, max(seconds, 0) // 3600
    return words.count("time.days", days) if days >= 2 else words.count("time.hours", hours)


def to_sign_in(request: Request, error: Exception) -> Response:
    target = "/sign-in"
    if request.method == "GET" and request.url.path != "/":
        target += "?next=" + quote(request.url.path, safe="/")
    response = RedirectResponse(target, 303)
    if isinstance(error, SessionEnded):
        end_session(request, response)
    return response


def not_for_role(request: Request, _: Exception) -> Response:
    return render(request, "message.html", 403, title="not_for_role.title", text="not_for_role.text", away=None)


def no_such_page(request: Request, _: Exception) -> Response:
    return render(request, "message.html", 404, title="missing.title", text="missing.text", away=None)


def forged(request: Request, _: Exception) -> Response:
    return render(request, "message.html", 403, title="forged.title", text="forged.text", away=None)


def away(request: Request, error: Exception) -> Response:
    assert isinstance(error, PartAway)
    _log.warning("a page could not be shown: %s", error)
    response = render(request, "message.html", 503, title="away.title", text="away.text", away=str(error.part))
    response.headers["retry-after"] = "10"
    return response


def refused(request: Request, error: Exception) -> Response:
    """A refusal that no form of the page stands for: 404 hides, 403 says so, the rest is said in its words."""
    assert isinstance(error, Refused)
    if error.status == 404:
        return no_such_page(request, error)
    if error.status == 403:
        return not_for_role(request, error)
    return render(request, "refused.html", error.status, refusal=error)


ON_ERROR: Final = {
    NotSignedIn: to_sign_in,
    SessionEnded: to_sign_in,
    NotForThisRole: not_for_role,
    NoSuchPage: no_such_page,
    ForgedRequest: forged,
    PartAway: away,
    Refused: refused,
}
