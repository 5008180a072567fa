from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.access.adapters.signing_key import SigningKey
from services.access.domain.permissions import Area, Principal, Role
from services.access.verification import CannotVerify, InvalidToken, JwksDocument, JwksUrl, TokenVerifier
from tests import tokens

RINA = "00000000-0000-4000-8000-00000000000a"


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    found: dict[str, object] = {
        "iss": tokens.ISSUER,
        "aud": tokens.AUDIENCE,
        "sub": RINA,
        "iat": now,
        "exp": now + 600,
        "org": "org-a",
        "roles": ["supervisor"],
        "areas": [["jashore"]],
    }
    found.update(changes)
    return {name: value for name, value in found.items() if value is not None}


def signed(payload: dict[str, object], **header: object) -> str:
    key = tokens.signing_key()
    headers = {"kid": key.kid, **header}
    return jwt.encode(payload, key.private, algorithm="EdDSA", headers={k: v for k, v in headers.items() if v})


def by_hand(header: dict[str, object], payload: dict[str, object], signature: bytes = b"") -> str:
    def part(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    return ".".join([part(json.dumps(header).encode()), part(json.dumps(payload).encode()), part(signature)])


def refused(token: str) -> str:
    with pytest.raises(InvalidToken) as error:
        tokens.test_verifier().verify(token)
    return str(error.value)


def test_a_token_of_ours_proves_who_she_is():
    token = tokens.token_for("supervisor", "org-a", RINA, areas=[("jashore", "sharsha"), "khulna"], name="Asha (demo)")
    assert tokens.test_verifier().verify(token) == Principal(
        RINA, "org-a", frozenset({Role.SUPERVISOR}), (Area("jashore", "sharsha"), Area("khulna")), "Asha (demo)"
    )


# The seven classic forgeries.


@pytest.mark.parametrize("none", ["none", "None", "NONE"])
def test_forged_by_claiming_no_algorithm(none):
    refused(by_hand({"alg": none, "kid": tokens.signing_key().kid}, claims()))


def test_forged_by_signing_with_the_public_key_as_a_shared_secret():
    key = tokens.signing_key()
    public = key.private.public_key()
    secrets = [
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw),
        json.dumps(key.public_jwk()).encode(),
    ]
    for secret in secrets:
        unsigned = by_hand({"alg": "HS256", "kid": key.kid}, claims()).rstrip(".")
        signature = hmac.new(secret, unsigned.encode(), hashlib.sha256).digest()
        refused(f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}")


def test_made_for_another_audience_or_by_another_issuer():
    refused(signed(claims(aud="another")))
    refused(signed(claims(aud=[tokens.AUDIENCE, "another"])))
    refused(signed(claims(iss="another")))


def test_expired_or_not_yet_issued():
    now = int(time.time())
    assert "expired" in refused(signed(claims(exp=now - 31, iat=now - 600)))
    refused(signed(claims(iat=now + 600)))


def test_forged_by_bringing_a_key_along():
    own = SigningKey(Ed25519PrivateKey.generate())
    for kid in (own.kid, tokens.signing_key().kid):
        header = {"kid": kid, "jwk": own.public_jwk()}
        refused(jwt.encode(claims(), own.private, algorithm="EdDSA", headers=header))


@pytest.mark.parametrize("name", ["jku", "x5u", "x5c", "jwk", "zip", "cty"])
def test_a_header_that_points_to_a_key_is_refused_even_when_rightly_signed(name):
    assert "header" in refused(signed(claims(), **{name: "https://keys.example/jwks.json"}))


def test_asking_for_an_extension_nobody_understands():
    refused(signed(claims(), crit=["exp-hours"], **{"exp-hours": 1}))
    refused(signed(claims(), crit=["b64"], b64=True))


@pytest.mark.parametrize(
    "kid", ["../../../dev/null", "/etc/hostname", "' OR 1=1 --", "", "\x00", "a" * 3000, None, 7, {"a": 1}]
)
def test_a_key_id_is_looked_up_among_the_pinned_keys_and_nowhere_else(kid):
    own = Ed25519PrivateKey.generate()
    unsigned = by_hand({"alg": "EdDSA", "kid": kid}, claims()).rstrip(".")
    signature = base64.urlsafe_b64encode(own.sign(unsigned.encode())).rstrip(b"=").decode()
    refused(f"{unsigned}.{signature}")


# What a token must say.


@pytest.mark.parametrize("name", ["exp", "iat", "aud", "iss", "sub", "org", "roles"])
def test_a_claim_that_is_needed_is_not_left_out(name):
    refused(signed(claims(**{name: None})))


@pytest.mark.parametrize(
    "changes",
    [
        {"roles": ["root"]},
        {"roles": []},
        {"roles": "supervisor"},
        {"areas": ["jashore"]},
        {"areas": [["a", "b", "c"]]},
        {"areas": "jashore"},
        {"org": ""},
        {"org": 7},
    ],
    ids=str,
)
def test_what_cannot_be_understood_of_a_person_is_refused_rather_than_left_out(changes):
    refused(signed(claims(**changes)))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "." * 5, "é", "a" * 9000])
def test_what_is_no_token_is_refused(token):
    refused(token)


def test_a_changed_token_is_refused():
    header, payload, signature = tokens.token_for("caseworker", "org-a", RINA).split(".")
    stolen = tokens.token_for("administrator", "org-a", RINA).split(".")[1]
    refused(f"{header}.{stolen}.{signature}")
    refused(f"{header}.{payload}.{signature[:-4]}AAAA")


# Keys.


class ChangingKeys:
    """A key set that can be changed, and be away."""

    def __init__(self, *keys: dict[str, object], closed: tuple[str, ...] = ()) -> None:
        self.keys, self.closed, self.away, self.reads = list(keys), closed, False, 0

    def read(self) -> bytes:
        self.reads += 1
        if self.away:
            raise ConnectionRefusedError(111, "Connection refused")
        return json.dumps({"keys": self.keys, "closed_accounts": self.closed}).encode()


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def a_verifier(keys: ChangingKeys, watch: Watch) -> TokenVerifier:
    return TokenVerifier(keys, tokens.ISSUER, tokens.AUDIENCE, watch)


def ours() -> dict[str, object]:
    return dict(tokens.signing_key().public_jwk())


def test_a_new_key_is_found_by_the_first_token_that_names_it():
    old, watch = SigningKey(Ed25519PrivateKey.generate()), Watch()
    keys = ChangingKeys(dict(old.public_jwk()))
    verifier = a_verifier(keys, watch)
    with pytest.raises(InvalidToken):
        verifier.verify(signed(claims()))
    keys.keys.append(ours())
    watch.now = 6
    assert verifier.verify(signed(claims())).account_id == RINA


def test_tokens_with_made_up_key_ids_do_not_make_the_keys_be_read_again_and_again():
    keys, watch = ChangingKeys(ours()), Watch()
    verifier = a_verifier(keys, watch)
    for number in range(50):
        with pytest.raises(InvalidToken):
            verifier.verify(signed(claims(), kid=f"made-up-{number}"))
    assert keys.reads <= 2


def test_a_key_that_was_taken_out_is_refused_within_half_a_minute():
    other = SigningKey(Ed25519PrivateKey.generate())
    keys, watch = ChangingKeys(ours()), Watch()
    verifier = a_verifier(keys, watch)
    verifier.verify(signed(claims()))
    keys.keys = [dict(other.public_jwk())]
    watch.now = 31
    with pytest.raises(InvalidToken):
        verifier.verify(signed(claims()))


def test_the_tokens_of_a_closed_account_are_refused_within_half_a_minute():
    keys, watch = ChangingKeys(ours()), Watch()
    verifier = a_verifier(keys, watch)
    verifier.verify(signed(claims()))
    keys.closed = (RINA,)
    watch.now = 31
    with pytest.raises(InvalidToken, match="closed"):
        verifier.verify(signed(claims()))


def test_a_token_that_was_checked_is_known_until_it_expires_or_the_keys_are_to_be_read_again(monkeypatch):
    keys, watch = ChangingKeys(ours()), Watch()
    verifier = a_verifier(keys, watch)
    token, other = signed(claims()), signed(claims(sub="00000000-0000-4000-8000-00000000000b"))
    assert verifier.known(token) is None
    proven = verifier.verify(token)
    assert verifier.known(token) == proven
    assert verifier.known(other) is None
    assert verifier.known(token[:-1]) is None
    watch.now = 31
    assert verifier.known(token) is None
    verifier.verify(token)
    assert verifier.known(token) == proven
    later = time.time() + 601
    monkeypatch.setattr(time, "time", lambda: later)
    assert verifier.known(token) is None


def test_a_refused_token_is_never_known():
    keys, watch = ChangingKeys(ours(), closed=(RINA,)), Watch()
    verifier = a_verifier(keys, watch)
    for token in (signed(claims()), signed(claims(aud="elsewhere")), signed(claims(exp=int(time.time()) - 100))):
        with pytest.raises(InvalidToken):
            verifier.verify(token)
        assert verifier.known(token) is None


def test_a_key_that_was_taken_out_takes_what_its_tokens_proved_with_it():
    other = SigningKey(Ed25519PrivateKey.generate())
    keys, watch = ChangingKeys(ours()), Watch()
    verifier = a_verifier(keys, watch)
    token = signed(claims())
    verifier.verify(token)
    keys.keys = [dict(other.public_jwk())]
    watch.now = 31
    with pytest.raises(InvalidToken):
        verifier.verify(token)
    assert verifier.known(token) is None


def test_while_the_source_is_away_the_known_keys_serve_for_an_hour():
    keys, watch = ChangingKeys(ours()), Watch()
    verifier = a_verifier(keys, watch)
    verifier.verify(signed(claims()))
    keys.away, watch.now = True, 3000
    assert verifier.verify(signed(claims())).account_id == RINA
    watch.now = 3700
    with pytest.raises(CannotVerify):
        verifier.verify(signed(claims()))


def test_without_any_keys_nothing_is_decided():
    keys, watch = ChangingKeys(ours()), Watch()
    keys.away = True
    with pytest.raises(CannotVerify):
        a_verifier(keys, watch).verify(signed(claims()))
    keys.away = False
    assert a_verifier(keys, watch).verify(signed(claims())).account_id == RINA


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_another_issuers_elliptic_and_rsa_keys_are_taken(algorithm):
    private = ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else rsa.generate_private_key(65537, 2048)
    entry = jwt.get_algorithm_by_name(algorithm).to_jwk(private.public_key(), as_dict=True)
    verifier = a_verifier(ChangingKeys({**entry, "kid": "theirs", "alg": algorithm}), Watch())
    token = jwt.encode(claims(), private, algorithm=algorithm, headers={"kid": "theirs"})
    assert verifier.verify(token).account_id == RINA


def test_weak_private_and_shared_keys_in_a_set_are_not_used():
    weak = rsa.generate_private_key(65537, 1024)
    secret = base64.urlsafe_b64encode(b"s" * 32).rstrip(b"=").decode()
    entries = [
        {**jwt.get_algorithm_by_name("RS256").to_jwk(weak.public_key(), as_dict=True), "kid": "weak", "alg": "RS256"},
        {"kty": "oct", "k": secret, "kid": "shared", "alg": "HS256"},
        {**ours(), "kid": "private", "d": secret},
    ]
    verifier = a_verifier(ChangingKeys(*entries, ours()), Watch())
    attempts = [
        jwt.encode(claims(), weak, algorithm="RS256", headers={"kid": "weak"}),
        jwt.encode(claims(), b"s" * 32, algorithm="HS256", headers={"kid": "shared"}),
        signed(claims(), kid="private"),
    ]
    for token in attempts:
        with pytest.raises(InvalidToken):
            verifier.verify(token)


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"keys": []}', b'{"keys": 1}', b"{" + b" " * 300_000])
def test_a_broken_key_set_is_no_key_set(document):
    with pytest.raises(CannotVerify):
        TokenVerifier(JwksDocument(document), tokens.ISSUER, tokens.AUDIENCE).verify(signed(claims()))


def test_keys_are_fetched_over_http_only():
    with pytest.raises(ValueError, match="http"):
        JwksUrl("file:///etc/passwd")
