"""Who somebody is, by a token that is only her name."""

from __future__ import annotations

from services.access.domain.permissions import Principal
from services.runtime.authentication import InvalidToken
from tests.browser.canned_answers import PEOPLE


class FakeVerifier:
    """A token is the sign-in name."""

    def known(self, token: str) -> Principal | None:
        return None

    def verify(self, token: str) -> Principal:
        try:
            return PEOPLE[token]
        except KeyError:
            raise InvalidToken("the token is not valid here") from None
