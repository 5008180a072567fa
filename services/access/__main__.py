"""`python -m services.access`: accounts, sign-in and signing keys on ACCESS_PORT.

`python -m services.access invite ORGANISATION SIGN_IN_NAME [NAME]` prints an invitation for an administrator: the first
of an organisation, or one who has lost her way in.

`python -m services.access confirm ORGANISATION [PROPOSAL_ID]` lists what waits for a second person there, or is the
second person for one of it: for organisations that do not have two people yet who could be.
"""

from __future__ import annotations

import argparse
import sys

from services.access.application.account_keeping import NoSuchAccount, NotForDemo
from services.access.application.inviting import AlreadyClosed, Invited
from services.access.application.second_persons import AskerGone, NoSuchProposal, NotTheSecond, Waiting
from services.access.bootstrap import build_parts, create_app
from services.access.domain.absences import InvalidAbsence
from services.access.domain.accounts import InvalidAccount
from services.access.entrypoints.shapes import act_json
from services.access.first_administrator import OtherRoles, invite_administrator, of_the_machine
from services.casework.domain.instants import format_instant
from services.runtime.logging import configure_logging
from services.runtime.ours_alone import NotOursAlone
from services.runtime.serve import CannotServe, run, serve_http
from services.runtime.settings import InvalidSettings, Settings, load_settings


async def main() -> None:
    settings = _settings()
    configure_logging("access", settings.log_level)
    try:
        app = create_app(settings)
    except NotOursAlone as error:
        raise CannotServe(str(error)) from None
    await serve_http(app, settings.inner_host, settings.access_port, stop_within_seconds=settings.stop_within_seconds)


async def invite(organisation: str, sign_in_name: str, name: str) -> None:
    try:
        parts = build_parts(_settings())
        invited = invite_administrator(parts, organisation, sign_in_name, name)
    except (NotOursAlone, InvalidAccount, OtherRoles, AlreadyClosed) as error:
        raise CannotServe(f"nobody was invited: {error}") from None
    sys.stdout.write(_said(sign_in_name, invited))


async def confirm(organisation: str, proposal_id: str) -> None:
    second = of_the_machine(organisation)
    try:
        parts = build_parts(_settings())
        if not proposal_id:
            waiting = parts.seconds.of(second)
            sys.stdout.write("".join(map(_line, waiting)) or "nothing waits for a second person\n")
            return
        invited = parts.seconds.confirm(second, proposal_id)
    except NoSuchProposal:
        raise CannotServe(f"nothing of {organisation} waits under this id") from None
    except (NotTheSecond, AskerGone):
        raise CannotServe("nothing was confirmed: who asked for this administers accounts no more") from None
    except (NotOursAlone, InvalidAbsence, InvalidAccount, NoSuchAccount, NotForDemo, AlreadyClosed) as error:
        raise CannotServe(f"nothing was confirmed: {error}") from None
    sys.stdout.write(f"{invited.code}\n\nThe other half of the code.\n" if invited else "confirmed\n")


def _line(waiting: Waiting) -> str:
    act = act_json(waiting.proposal.act, waiting.delegate)
    said = ", ".join(f"{name}: {value}" for name, value in act.items())
    return f"{waiting.proposal.proposal_id}  {waiting.account.sign_in_name}  asked by {waiting.asked_by}  {said}\n"


def _said(sign_in_name: str, invited: Invited) -> str:
    return (
        f"{invited.code}\n\nThe invitation of {sign_in_name}, good once until {format_instant(invited.expires_at)}. "
        "She uses it on the page /invitation.\n"
    )


def _settings() -> Settings:
    try:
        return load_settings()
    except InvalidSettings as error:
        raise CannotServe(str(error)) from None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m services.access", description="Serves accounts and sign-in.")
    commands = parser.add_subparsers(dest="command")
    inviting = commands.add_parser("invite", help="print an invitation for an administrator")
    inviting.add_argument("organisation")
    inviting.add_argument("sign_in_name")
    inviting.add_argument("name", nargs="?", default="", help="what colleagues read; the sign-in name, if left out")
    confirming = commands.add_parser("confirm", help="be the second person from the machine")
    confirming.add_argument("organisation")
    confirming.add_argument("proposal_id", nargs="?", default="", help="list what waits, if left out")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    if given.command == "invite":
        run(invite(given.organisation, given.sign_in_name, given.name or given.sign_in_name))
    elif given.command == "confirm":
        run(confirm(given.organisation, given.proposal_id))
    else:
        run(main())
