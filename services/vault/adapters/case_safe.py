"""Seals and opens what is kept of a case: its own key, wrapped by its organisation's."""

from __future__ import annotations

import json
import logging
from typing import Final

from services.runtime.sealed import new_key
from services.vault.adapters.sealing import (
    CannotOpen,
    field_context,
    index_key,
    key_context,
    phone_digest,
    seal,
    unseal,
)
from services.vault.application.ports import Keyring, Plain, SealedField, Transaction, WrappedKey
from services.vault.domain.identity import Field

_log = logging.getLogger(__name__)

_PHONES: Final = frozenset({Field.PHONES})


class KeyDestroyed(CannotOpen):
    """The organisation's key of that epoch was destroyed by an erasure: this copy of the data came too late."""


class SealedCases:
    """A CaseSafe."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def keep(self, transaction: Transaction, organisation: str, case_id: str, plain: Plain) -> None:
        key = self._key_of(transaction, organisation, case_id)
        if key is None:
            key = self._new_key(transaction, organisation, case_id)
        context = field_context(organisation, case_id, plain.field, plain.record)
        sealed = SealedField(plain.field, plain.record, seal(key, context, plain.content), plain.kept_at, plain.kept_by)
        transaction.put_sealed(case_id, sealed)

    def take_out(
        self, transaction: Transaction, organisation: str, case_id: str, wanted: frozenset[str]
    ) -> list[Plain]:
        """Raises CannotOpen, KeyDestroyed."""
        key = self._key_of(transaction, organisation, case_id)
        if key is None:
            return []
        return [
            Plain(
                found.field,
                found.record,
                unseal(key, field_context(organisation, case_id, found.field, found.record), found.sealed),
                found.kept_at,
                found.kept_by,
            )
            for found in transaction.sealed_fields(case_id)
            if found.field in wanted
        ]

    def index_phones(
        self, transaction: Transaction, organisation: str, case_id: str, phones: tuple[str, ...]
    ) -> frozenset[str]:
        key = index_key(self._keyring.current(organisation).key)
        digests = frozenset(phone_digest(key, phone) for phone in phones)
        transaction.put_phone_digests(organisation, case_id, digests)
        return transaction.cases_with_phones(organisation, digests) - {case_id}

    def wrap_anew(self, transaction: Transaction, organisation: str) -> int:
        newest = self._keyring.current(organisation)
        count = 0
        for wrapped in transaction.wrapped_keys(organisation, newest.number):
            try:
                key = self._unwrapped(wrapped)
            except KeyDestroyed:
                # Nobody can read it any more; that must not keep others from being wrapped, nor her from being erased.
                _log.warning("the key of a case was destroyed before", extra={"case_id": wrapped.case_id})
                continue
            context = key_context(organisation, wrapped.case_id, newest.number)
            transaction.put_wrapped_key(
                WrappedKey(organisation, wrapped.case_id, newest.number, seal(newest.key, context, key))
            )
            phones = self.take_out(transaction, organisation, wrapped.case_id, _PHONES)
            numbers = tuple(json.loads(phones[0].content)) if phones else ()
            self.index_phones(transaction, organisation, wrapped.case_id, numbers)
            count += 1
        return count

    def _key_of(self, transaction: Transaction, organisation: str, case_id: str) -> bytes | None:
        wrapped = transaction.wrapped_key(case_id)
        if wrapped is None or wrapped.organisation != organisation:
            return None
        return self._unwrapped(wrapped)

    def _unwrapped(self, wrapped: WrappedKey) -> bytes:
        epoch = self._keyring.epoch(wrapped.organisation, wrapped.epoch)
        if epoch is None:
            raise KeyDestroyed(
                "the data is of a time before somebody was erased, and the key of that time is gone for ever:"
                " bring back a backup that was made since"
            )
        return unseal(epoch.key, key_context(wrapped.organisation, wrapped.case_id, wrapped.epoch), wrapped.wrapped)

    def _new_key(self, transaction: Transaction, organisation: str, case_id: str) -> bytes:
        # The newest key as it is inside the transaction: a rotation that began before goes through all rows after it.
        epoch = self._keyring.current(organisation)
        key = new_key()
        wrapped = seal(epoch.key, key_context(organisation, case_id, epoch.number), key)
        transaction.put_wrapped_key(WrappedKey(organisation, case_id, epoch.number, wrapped))
        return key
