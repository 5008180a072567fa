"""Entering who she is, and agreeing with her on how she may be contacted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import Response

from services.access.domain.permissions import Role
from services.casework.domain.case_code import case_code
from services.vault.domain.looks import Purpose
from services.vault.domain.safe_contact import WEEKDAYS, Channel
from services.web.backends import Json, PartAway, Refused
from services.web.catalogue import latin_digits
from services.web.faces import NoSuchPage, Visit, fields_of, page, posted_form, understood
from services.web.pages.case import Look, looked
from services.web.pages.staff import case_id_of
from services.web.routes import Part
from services.web.vault_answers import Hours, Shown
from services.web.vault_refusals import hide_the_unknown, why_not

_FEWEST_ROWS: Final = 3
_MOST_ROWS: Final = 21
_KEPT_SO_FAR: Final = ("names", "address", "photo", "plan")
"""Her numbers are not among them: they would need a reason at some hours, and a new plan must not."""


@dataclass(frozen=True, slots=True)
class IdentitySheet:
    """The first form: names and phones one a line. What is empty is not said and stays as it is kept.

    kept_photo: base64, to be looked at; a new one has a form of its own.
    """

    names: str = ""
    phones: str = ""
    address: str = ""
    no_phones: bool = False
    kept_photo: str = ""

    @staticmethod
    def typed_in(typed: Mapping[str, str]) -> IdentitySheet:
        no_phones = typed.get("no_phones") == "yes"
        return IdentitySheet(typed.get("names", ""), typed.get("phones", ""), typed.get("address", ""), no_phones)

    def body(self) -> Json:
        """What the vault is told."""
        phones = _lines(latin_digits(self.phones))
        said = {"names": _lines(self.names), "phones": phones, "address": self.address.strip()}
        return {field: value for field, value in said.items() if value} | ({"phones": []} if self.no_phones else {})


@dataclass(frozen=True, slots=True)
class PlanSheet:
    """The second form. rows: with some empty ones to fill in."""

    channel: str = ""
    rows: tuple[Hours, ...] = (Hours((), "", ""),) * _FEWEST_ROWS
    who_may_answer: str = ""
    cover_story: str = ""
    code_word: str = ""
    leave_message: bool = False

    @staticmethod
    def of(shown: Shown) -> PlanSheet:
        plan = shown.plan
        if plan is None:
            return PlanSheet()
        return PlanSheet(
            plan.channel,
            _with_empty_rows(plan.windows),
            plan.who_may_answer,
            plan.cover_story,
            plan.code_word,
            plan.leave_message,
        )

    @staticmethod
    def typed_in(form: FormData) -> PlanSheet:
        typed = fields_of(form)
        rows = (
            Hours(
                tuple(str(day) for day in form.getlist(f"days-{row}")),
                latin_digits(typed.get(f"begins-{row}", "")),
                latin_digits(typed.get(f"ends-{row}", "")),
            )
            for row in range(_MOST_ROWS)
        )
        return PlanSheet(
            typed.get("channel", ""),
            _with_empty_rows(tuple(row for row in rows if row.weekdays or row.begins or row.ends)),
            typed.get("who_may_answer", ""),
            typed.get("cover_story", ""),
            typed.get("code_word", ""),
            typed.get("leave_message") == "yes",
        )

    def body(self) -> Json:
        """What the vault is told."""
        windows = [
            {"weekdays": list(row.weekdays), "begins": row.begins, "ends": row.ends}
            for row in self.rows
            if row.weekdays or row.begins or row.ends
        ]
        words = {name: getattr(self, name).strip() for name in ("who_may_answer", "cover_story", "code_word")}
        return {"channel": self.channel, "windows": windows, **words, "leave_message": self.leave_message}


@page(Role.CASEWORKER)
async def identity_page(visit: Visit) -> Response:
    """Both forms, empty: what is kept is shown only to who asks."""
    return _show(visit, case_id_of(visit), IdentitySheet(), PlanSheet())


@page(Role.CASEWORKER)
async def keep(visit: Visit) -> Response:
    """One of the forms sent (`act`: identity, photo, plan), or what is kept asked for to change it (fill_in)."""
    case_id = case_id_of(visit)
    form = await posted_form(visit.request)
    typed = fields_of(form)
    match typed.get("act"):
        case "fill_in":
            return await _fill_in(visit, case_id)
        case "identity":
            identity = IdentitySheet.typed_in(typed)
            return await _keep(visit, case_id, "identity", identity.body(), identity, PlanSheet())
        case "photo":
            # Empty: the one that is kept is taken away.
            body = {"photo": typed.get("photo", "")}
            return await _keep(visit, case_id, "identity", body, IdentitySheet(), PlanSheet())
        case "plan":
            plan = PlanSheet.typed_in(form)
            return await _keep(visit, case_id, "safe-contact-plan", plan.body(), IdentitySheet(), plan)
        case _:
            raise NoSuchPage


async def _fill_in(visit: Visit, case_id: str) -> Response:
    found = await looked(visit, case_id, Look(Purpose.CORRECTION), _KEPT_SO_FAR, "")
    if found.shown is None:
        return _show(visit, case_id, IdentitySheet(), PlanSheet(), found.status, messages=[found.refusal])
    identity = IdentitySheet("\n".join(found.shown.names), "", found.shown.address, kept_photo=found.shown.photo)
    return _show(visit, case_id, identity, PlanSheet.of(found.shown))


async def _keep(
    visit: Visit, case_id: str, what: str, body: Json, identity: IdentitySheet, plan: PlanSheet
) -> Response:
    """The receipt; refused, both forms again with what was typed."""
    try:
        answer = await visit.put(f"/v1/vault/cases/{case_id}/{what}", body)
    except PartAway as failure:
        return _show(visit, case_id, identity, plan, 503, messages=[_not_kept(visit, why_not(visit, failure))])
    except Refused as refusal:
        hide_the_unknown(refusal)
        wrong = {error.field.split(".")[0]: error.message for error in refusal.errors}
        said = [_not_kept(visit, why_not(visit, refusal))]
        return _show(visit, case_id, identity, plan, refusal.status, wrong, said)
    with understood(Part.VAULT):
        same_phone = [case_code(found) for found in answer["same_phone"]]
        kept_at = str(answer["kept_at"])
    return visit.show(
        "kept.html", case_id=case_id, code=case_code(case_id), what=what, kept_at=kept_at, same_phone=same_phone
    )


def _not_kept(visit: Visit, why: str) -> str:
    return visit.words("record.refused", detail=why)


def _show(
    visit: Visit,
    case_id: str,
    identity: IdentitySheet,
    plan: PlanSheet,
    status: int = 200,
    wrong: Mapping[str, str] | None = None,
    messages: Sequence[str] = (),
) -> Response:
    return visit.show(
        "identity.html",
        status,
        case_id=case_id,
        code=case_code(case_id),
        identity=identity,
        plan=plan,
        wrong=wrong or {},
        messages=messages,
        channels=tuple(Channel),
        weekdays=WEEKDAYS,
    )


def _with_empty_rows(filled: tuple[Hours, ...]) -> tuple[Hours, ...]:
    """One more to fill in at least, as far as a plan may have them."""
    rows = min(max(_FEWEST_ROWS, len(filled) + 1), _MOST_ROWS)
    return (*filled, *(Hours((), "", ""),) * (rows - len(filled)))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
