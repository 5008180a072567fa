"""`python -m services.access`: accounts, sign-in and signing keys on ACCESS_PORT.

`python -m services.access invite ORGANISATION SIGN_IN_NAME [NAME]` prints an invitation for an administrator: the first
of an organisation, or one who has lost her way in.
"""

from __future__ import annotations

import argparse
import sys

from services.access.adapters.signing_key import UnsafeKeyFile
from services.access.application.inviting import AlreadyClosed, Invited
from services.access.bootstrap import build_parts, create_app
from services.access.domain.accounts import InvalidAccount
from services.access.first_administrator import OtherRoles, invite_administrator
from services.casework.domain.instants import format_instant
from services.runtime.logging import configure_logging
from services.runtime.serve import CannotServe, run, serve_http
from services.runtime.settings import InvalidSettings, Settings, load_settings


async def main() -> None:
    settings = _settings()
    configure_logging("access", settings.log_level)
    try:
        app = create_app(settings)
    except UnsafeKeyFile as error:
        raise CannotServe(str(error)) from None
    await serve_http(app, settings.inner_host, settings.access_port, stop_within_seconds=settings.stop_within_seconds)


async def invite(organisation: str, sign_in_name: str, name: str) -> None:
    try:
        parts = build_parts(_settings())
        invited = invite_administrator(parts, organisation, sign_in_name, name)
    except (UnsafeKeyFile, InvalidAccount, OtherRoles, AlreadyClosed) as error:
        raise CannotServe(f"nobody was invited: {error}") from None
    sys.stdout.write(_said(sign_in_name, invited))


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
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    if given.command == "invite":
        run(invite(given.organisation, given.sign_in_name, given.name or given.sign_in_name))
    else:
        run(main())
