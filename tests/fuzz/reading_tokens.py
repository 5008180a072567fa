"""What must hold for any bytes that claim to be a token: the verifier refuses them, and does nothing else.

Doors, chosen by the first byte: the bytes are a whole token; they are the header of one that we sign; they are the
claims of one that we sign. Of the first kind only those are taken that we made ourselves.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.access.adapters.signing_key import SigningKey
from services.access.adapters.token_issuer import TokenIssuer
from services.access.domain.permissions import Area, Principal, Role
from services.access.verification import InvalidToken, JwksDocument, TokenVerifier

WHOLE, HEADER, CLAIMS = b"t", b"h", b"c"
_ISSUER, _AUDIENCE = "issuer", "audience"
_NOW: Final = int(time.time())
# No secret: it signs nothing anywhere but here, and the same inputs do the same in every run.
_KEY: Final = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
_PERSON: Final = Principal("account", "org", frozenset({Role.SUPERVISOR}), (Area("jashore", "sharsha"),), "Invented")
_VERIFIER: Final = TokenVerifier(JwksDocument(json.dumps({"keys": [_KEY.public_jwk()]}).encode()), _ISSUER, _AUDIENCE)


def read_token_bytes(data: bytes) -> None:
    door, rest = data[:1], data[1:]
    if door == HEADER:
        token = _signed(rest, json.dumps(_claims()).encode())
    elif door == CLAIMS:
        token = _signed(json.dumps({"alg": "EdDSA", "kid": _KEY.kid}).encode(), rest)
    else:
        token = rest.decode("utf-8", "surrogateescape")
    try:
        principal = _VERIFIER.verify(token)
    except InvalidToken as refusal:
        assert len(str(refusal)) < 80
        assert _VERIFIER.known(token) is None
        return
    assert isinstance(principal, Principal) and principal.account_id and principal.organisation and principal.roles
    if door not in (HEADER, CLAIMS):
        assert principal == _PERSON


def seeds() -> Iterator[bytes]:
    token = TokenIssuer(_KEY, _ISSUER, _AUDIENCE, 400 * 86_400).issue(_PERSON, _NOW * 1000).token
    yield WHOLE + token.encode()
    for header in (
        {},
        {"alg": "none"},
        {"alg": "HS256"},
        {"crit": ["exp"]},
        {"jwk": _KEY.public_jwk()},
        {"kid": "../a"},
    ):
        yield HEADER + json.dumps({"alg": "EdDSA", "typ": "JWT", "kid": _KEY.kid, **header}).encode()
    for changed in (
        {},
        {"exp": 1e308},
        {"nbf": _NOW + 900},
        {"aud": [_AUDIENCE]},
        {"roles": ["root"]},
        {"areas": [["a", "b", "c"]]},
    ):
        yield CLAIMS + json.dumps({**_claims(), **changed}).encode()


def _claims() -> dict[str, object]:
    return {
        "iss": _ISSUER,
        "aud": _AUDIENCE,
        "sub": "account",
        "iat": _NOW,
        "exp": _NOW + 86_400,
        "org": "org",
        "roles": ["supervisor"],
        "areas": [["jashore"]],
        "name": "Invented",
    }


def _signed(header: bytes, claims: bytes) -> str:
    said = f"{_base64url(header)}.{_base64url(claims)}"
    return f"{said}.{_base64url(_KEY.private.sign(said.encode()))}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
