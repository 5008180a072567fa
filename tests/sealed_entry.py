"""An entry as a phone seals it to the origin: written from the README, sharing no code with what opens it."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Json = dict[str, Any]


def sealed_entry(key: Mapping[str, str], account_id: str, event: Json, edition: int = 1) -> Json:
    """key: as /static/sealing-key.json says it."""
    plain = json.dumps(event).encode()
    envelope = an_envelope(key, ("event", event["event_id"], account_id, edition), plain)
    return {"event_id": event["event_id"], "edition": edition, "sealed": {"event": envelope}}


def an_envelope(key: Mapping[str, str], about: tuple[str, str, str, int], plain: bytes) -> Json:
    """about: what, event_id, account, edition."""
    what, event_id, account_id, edition = about
    once = ec.generate_private_key(ec.SECP256R1())
    point = once.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    origin = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64.b64decode(key["point"]))
    secret = HKDF(SHA256(), 32, salt=point, info=b"outbox v1").derive(once.exchange(ec.ECDH(), origin))
    iv = os.urandom(12)
    bound = f"outbox v1|{what}|{event_id}|{account_id}|{key['key_id']}|{edition}".encode()
    sealed = AESGCM(secret).encrypt(iv, plain, bound)
    in_text = {"point": point, "iv": iv, "sealed": sealed}
    return {"version": 1, "key_id": key["key_id"], **{name: _text(raw) for name, raw in in_text.items()}}


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
