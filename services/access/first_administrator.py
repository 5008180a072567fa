"""The first administrator of an organisation, whom nobody inside it could invite: invited from the machine itself."""

from __future__ import annotations

from typing import Final

from services.access.application.account_keeping import NewAccount
from services.access.application.inviting import Invited
from services.access.bootstrap import Parts
from services.access.domain.accounts import normalised
from services.access.domain.permissions import Principal, Role

BY_COMMAND: Final = "command"
"""Who did it, in the record: somebody with a shell on the machine."""


class OtherRoles(Exception):
    """The name belongs to somebody whom her own administrator invites."""


def of_the_machine(organisation: str) -> Principal:
    """Who is the second person where an organisation has nobody yet who could be."""
    return Principal(BY_COMMAND, organisation, frozenset({Role.ADMINISTRATOR}))


def invite_administrator(parts: Parts, organisation: str, sign_in_name: str, name: str) -> Invited:
    """A new account, or a new invitation to an administrator's account that is there.

    Raises InvalidAccount, OtherRoles, AlreadyClosed.
    """
    stored = parts.store.by_sign_in_name(normalised(sign_in_name))
    if stored is None:
        wanted = NewAccount(sign_in_name, name, frozenset({Role.ADMINISTRATOR}))
        return parts.inviting.invite(parts.keeping.create(organisation, wanted, BY_COMMAND), BY_COMMAND)
    account = stored.account
    if account.organisation != organisation or Role.ADMINISTRATOR not in account.roles:
        raise OtherRoles(f"{account.sign_in_name} is not an administrator of {organisation}")
    return parts.inviting.invite(account, BY_COMMAND)
