"""Tokens that prove nothing, each made as whoever wants in would make it: the seven classic ones, and their kin.

    for name, token in forged_tokens(account_id, organisation).items(): ...

All but those whose claims are the lie claim what `tests.tokens.token_for` would say. `PLANTED` stands in claims and
headers of all: it may come back in no answer.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from services.access.adapters.signing_key import SigningKey
from tests import tokens

PLANTED = "planted-7f3a9c"


def forged_tokens(account_id: str, organisation: str) -> dict[str, str]:
    """By what is wrong with each."""
    good = _claims(account_id, organisation)
    return _by_algorithm(good) | _by_key(good) | _by_header(good) | _by_claim(good) | _by_hand(good)


def _by_algorithm(good: dict[str, Any]) -> dict[str, str]:
    ours = tokens.signing_key()
    public = ours.private.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    def hs256(secret: bytes) -> str:
        said = _said({"alg": "HS256", "kid": ours.kid}, good)
        return f"{said}.{_base64url(hmac.new(secret, said.encode(), hashlib.sha256).digest())}"

    found = {f"alg {name}": _said({"alg": name, "kid": ours.kid}, good) + "." for name in ("none", "None", "nOnE", "")}
    found["HS256 with the public key in PEM"] = hs256(pem)
    found["HS256 with the public key's bytes"] = hs256(raw)
    found["ES256 said of an EdDSA signature"] = _signed(ours.private, {"alg": "ES256", "kid": ours.kid}, good)
    elliptic = ec.generate_private_key(ec.SECP256R1())
    found["EdDSA said of an ES256 signature"] = _es256(elliptic, {"alg": "EdDSA", "kid": ours.kid}, good)
    found["an ES256 key of one's own"] = _es256(elliptic, {"alg": "ES256", "kid": ours.kid}, good)
    return found


def _by_key(good: dict[str, Any]) -> dict[str, str]:
    own, ours = SigningKey(Ed25519PrivateKey.generate()), tokens.signing_key()
    return {
        "another key under our id": _signed(own.private, {"alg": "EdDSA", "kid": ours.kid}, good),
        "another key under its own id": _signed(own.private, {"alg": "EdDSA", "kid": own.kid}, good),
        "no key id": _signed(ours.private, {"alg": "EdDSA"}, good),
        "a jwk of one's own": _signed(own.private, {"alg": "EdDSA", "kid": ours.kid, "jwk": own.public_jwk()}, good),
    }


def _by_header(good: dict[str, Any]) -> dict[str, str]:
    """Rightly signed, but for a key that is read from a path."""
    ours, own = tokens.signing_key(), Ed25519PrivateKey.generate()
    header = {"alg": "EdDSA", "kid": ours.kid}
    found = {
        "a crit nobody understands": _signed(ours.private, {**header, "crit": [PLANTED], PLANTED: 1}, good),
        "a jku": _signed(ours.private, {**header, "jku": f"https://{PLANTED}.example/jwks.json"}, good),
        "an x5u": _signed(ours.private, {**header, "x5u": f"https://{PLANTED}.example/chain.pem"}, good),
    }
    for path in ("../../../../dev/null", "/etc/hostname", f"{PLANTED}' OR 1=1 --"):
        # The key of an empty file is the empty secret.
        said = _said({"alg": "HS256", "kid": path}, good)
        empty = f"{said}.{_base64url(hmac.new(b'', said.encode(), hashlib.sha256).digest())}"
        found[f"kid {path}, HS256"] = empty
        found[f"kid {path}, EdDSA"] = _signed(own, {"alg": "EdDSA", "kid": path}, good)
    return found


def _by_claim(good: dict[str, Any]) -> dict[str, str]:
    now, ours = int(time.time()), tokens.signing_key()
    lies: dict[str, dict[str, Any]] = {
        "another audience": {"aud": PLANTED},
        "several audiences": {"aud": [tokens.AUDIENCE, PLANTED]},
        "another issuer": {"iss": PLANTED},
        "expired": {"exp": now - 60, "iat": now - 600},
        "not yet issued": {"iat": now + 600},
        "not before a time to come": {"nbf": now + 600},
        "a role that is none": {"roles": [PLANTED]},
        "an empty subject": {"sub": ""},
        **{f"no {claim}": {claim: None} for claim in ("exp", "iat", "aud", "iss", "sub", "org", "roles")},
    }
    header = {"alg": "EdDSA", "kid": ours.kid}
    return {
        name: _signed(ours.private, header, {claim: said for claim, said in (good | lie).items() if said is not None})
        for name, lie in lies.items()
    }


def _by_hand(good: dict[str, Any]) -> dict[str, str]:
    """Cut, swapped, and what is no token at all."""
    ours = tokens.signing_key()
    header, claims, signature = _signed(ours.private, {"alg": "EdDSA", "kid": ours.kid}, good).split(".")
    other = _base64url(json.dumps({**good, "roles": ["administrator", "supervisor"]}).encode())
    return {
        "claims of another": f"{header}.{other}.{signature}",
        "without its signature": f"{header}.{claims}.",
        "half of it": f"{header}.{claims}",
        "a signature cut short": f"{header}.{claims}.{signature[:-4]}",
        "no token": PLANTED,
        "dots": "....",
        "very long": "a" * 9000,
    }


def _claims(account_id: str, organisation: str) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": tokens.ISSUER,
        "aud": tokens.AUDIENCE,
        "sub": account_id,
        "iat": now,
        "exp": now + 600,
        "jti": PLANTED,
        "org": organisation,
        "roles": ["caseworker"],
        "areas": [],
        "name": PLANTED,
    }


def _said(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))


def _signed(key: Ed25519PrivateKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    said = _said(header, claims)
    return f"{said}.{_base64url(key.sign(said.encode()))}"


def _es256(key: ec.EllipticCurvePrivateKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    said = _said(header, claims)
    r, s = decode_dss_signature(key.sign(said.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{said}.{_base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
