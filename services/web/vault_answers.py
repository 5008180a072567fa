"""What the vault answers, as the pages read it. A shape that is not this raises KeyError or the like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.casework.domain.case_code import case_code
from services.web.backends import Json


@dataclass(frozen=True, slots=True)
class Hours:
    """On these weekdays from `begins` to `ends` ("HH:MM" of Dhaka)."""

    weekdays: tuple[str, ...]
    begins: str
    ends: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What was agreed with her on how she may be contacted. open_now: whether she may be called at this minute."""

    channel: str
    windows: tuple[Hours, ...]
    who_may_answer: str
    cover_story: str
    code_word: str
    leave_message: bool
    agreed_at: str
    open_now: bool
    needs_review: bool

    @staticmethod
    def of(told: Json) -> Plan:
        return Plan(
            told["channel"],
            tuple(Hours(tuple(hours["weekdays"]), hours["begins"], hours["ends"]) for hours in told["windows"]),
            told["who_may_answer"],
            told["cover_story"],
            told["code_word"],
            bool(told["leave_message"]),
            told["agreed_at"],
            bool(told["open_now"]),
            bool(told["needs_review"]),
        )


@dataclass(frozen=True, slots=True)
class Note:
    note_id: str
    text: str
    kept_at: str
    kept_by: str

    @staticmethod
    def of(told: Json) -> Note:
        return Note(told["note_id"], told["text"], told["kept_at"], told["kept_by"])


@dataclass(frozen=True, slots=True)
class Shown:
    """What the vault showed of her, after it was audited; what was not asked for is empty. photo: base64."""

    names: tuple[str, ...]
    phones: tuple[str, ...]
    address: str
    plan: Plan | None
    photo: str
    notes: Mapping[str, Note]

    @staticmethod
    def of(answer: Json) -> Shown:
        notes = [Note.of(told) for told in answer.get("notes", [])]
        return Shown(
            tuple(answer.get("names", [])),
            tuple(answer.get("phones", [])),
            answer.get("address", ""),
            Plan.of(answer["plan"]) if "plan" in answer else None,
            answer.get("photo", ""),
            {note.note_id: note for note in notes},
        )

    @property
    def is_empty(self) -> bool:
        return not (self.names or self.phones or self.address or self.plan or self.photo or self.notes)


@dataclass(frozen=True, slots=True)
class Glass:
    """That somebody broke the glass of a case. until: no longer from then on."""

    case_id: str
    account_id: str
    reason: str
    at: str
    until: str

    @property
    def code(self) -> str:
        return case_code(self.case_id)

    @staticmethod
    def of(told: Json) -> Glass:
        return Glass(told["case_id"], told["account_id"], told["reason"], told["at"], told["until"])


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One look. account_id may be `system`; case_id "": it is about no case."""

    sequence: int
    at: str
    account_id: str
    deed: str
    case_id: str
    fields: tuple[str, ...]
    purpose: str
    ground: str
    reason: str
    detail: str

    @property
    def code(self) -> str:
        return case_code(self.case_id) if self.case_id else ""

    @staticmethod
    def of(told: Json) -> AuditEntry:
        return AuditEntry(
            int(told["sequence"]),
            told["at"],
            told["account_id"],
            told["deed"],
            told["case_id"] or "",
            tuple(told["fields"]),
            told["purpose"] or "",
            told["ground"] or "",
            told["reason"] or "",
            told["detail"] or "",
        )


@dataclass(frozen=True, slots=True)
class BudgetSpent:
    """Somebody asked for more different cases than a day allows."""

    account_id: str
    times: int
    last_at: str

    @staticmethod
    def of(told: Json) -> BudgetSpent:
        return BudgetSpent(told["account_id"], int(told["times"]), told["last_at"])


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Newest first. end_sequence, end_digest: of the chain, for the browser to remember. before: where it goes on."""

    entries: tuple[AuditEntry, ...]
    end_sequence: int
    end_digest: str
    before: int | None
    spent: tuple[BudgetSpent, ...]

    @staticmethod
    def of(answer: Json) -> AuditPage:
        entries = tuple(AuditEntry.of(told) for told in answer["items"])
        before = entries[-1].sequence if answer["more"] and entries else None
        spent = tuple(BudgetSpent.of(told) for told in answer["budget_spent"])
        return AuditPage(entries, int(answer["end"]["sequence"]), str(answer["end"]["digest"]), before, spent)


@dataclass(frozen=True, slots=True)
class Erasure:
    """How far the forgetting of a survivor is: (step, when) in the order of the steps; None: not yet."""

    reason: str
    asked_at: str
    steps: tuple[tuple[str, str | None], ...]
    is_done: bool

    @staticmethod
    def of(told: Json) -> Erasure:
        steps = tuple((step, told[f"{step}_at"]) for step in ("forgotten", "rotated", "recorded"))
        return Erasure(told["reason"], told["asked_at"], steps, bool(told["done"]))
