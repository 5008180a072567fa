"""Cases in the fields of IOM's Human Trafficking Case Data Standard (HTCDS 2.0): how many there are of each value.

The standard is made for records, one a case. None leaves here: nobody who may read numbers may read a case, and what
is left of one without her name still tells her from others. So each field is counted by itself; which value of one
field goes with which of another is not said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from services.outcomes.domain.history import CaseRecord, CaseView
from services.outcomes.domain.periods import Period


class Said(NamedTuple):
    """A field of the standard and a value of it, named as the standard names them."""

    field: str
    value: str


FIELDS: Final[Mapping[str, str]] = {
    "cas_Status": "Active: opened; FollowUp: settled; Closed.",
    "cas_ReasonForCaseClosure": "Why a closed case was closed, in the codes of the record.",
    "prs_Deceased": "true where the case was closed because she died; else nothing is said.",
    "vic_TypeOfLabourExploitation": "DomesticWork: domestic servitude; Other: labour of any other kind.",
    "hte_Country": "Where she was taken to (ISO 3166); hte_Type is Exploitation for all of them.",
}
"""What is counted, and how it is made of what is recorded."""

LEFT_OUT: Final[Mapping[str, str]] = {
    "org_*": "The organisation is that of the file; others are not recorded.",
    "prs_FirstName, prs_MiddleName, prs_SecondName, prs_Salutation, prs_Title": "Who she is lies in the vault.",
    "prs_Email, prs_HomePhone, prs_MobilePhone, prs_Mailing*": "How to reach her lies in the vault.",
    "prs_Birthdate": "Only an age band is recorded, which the standard has no field for.",
    "prs_Gender, prs_Nationality": "Not recorded.",
    "vic_AgreementToManagePersonalData": "Not recorded here.",
    "vic_RecruitmentWebsitesAndApps, vic_MethodOfRecruitment, vic_LocationOfRecruitment": "Not recorded.",
    "vic_MethodsOfControl, vic_Labour Industry, vic_LocationOfExploitation": "Not recorded.",
    "vic_TypeOfSexExploitation": "That there was any is recorded, not which of the standard's kinds.",
    "vic_ExploitationWebsitesAndApps, vic_Vulnerabilities, vic_DetailsOfVulnerabilities": "Not recorded.",
    "per_*": "Nothing is recorded of those who did it.",
    "hte_Date, hte_Description, hte_City, hte_State, hte_Street, hte_PostalCode, hte_Longitude, hte_Latitude": (
        "Not recorded; a day or a place would tell her from others."
    ),
    "cas_Referr*, cas_Incoming*, cas_Outgoing*, cas_ReasonFor*Referral": (
        "Referrals are recorded by service, not by organisation."
    ),
}
"""Fields of the standard in which nothing is counted, and why."""

NO_FIELD: Final = (
    "source, pathway, district, upazila, programmes, age band, risk, skills",
    "contacts, attempts, what was owed and neglected, alerts",
    "family, stigma, safety incidents",
    "work, wages, training, livelihood support",
    "legal steps, wellbeing",
)
"""What is recorded of a case and has no field in the standard."""

_LABOUR: Final[Mapping[object, str]] = {"labour": "Other", "domestic_servitude": "DomesticWork"}
ERASED: Final = "erased"
"""The reason of a case that was closed by erasing her."""


def said_of(case: CaseView) -> tuple[Said, ...]:
    """What the fields say of one case at the end of the period; nothing where it was not opened by then."""
    if not case.is_opened:
        return ()
    closing = case.closing
    reason = "" if closing is None else str(closing.event.data.get("reason", ERASED))
    said = (
        Said("cas_Status", _status(case)),
        Said("cas_ReasonForCaseClosure", reason),
        Said("prs_Deceased", "true" if reason == "died" else ""),
        Said("vic_TypeOfLabourExploitation", _LABOUR.get(case.attributes.get("exploitation"), "")),
        Said("hte_Country", str(case.attributes.get("destination_country", ""))),
    )
    return tuple(one for one in said if one.value)


def _status(case: CaseView) -> str:
    if case.closing is not None:
        return "Closed"
    return "Active" if case.settled_at is None else "FollowUp"


def count_said(cases: Iterable[CaseRecord], period: Period, as_of: int) -> Mapping[Said, int]:
    """The reference: how many cases say what."""
    return Counter(said for case in cases for said in said_of(CaseView(case, period, as_of)))
