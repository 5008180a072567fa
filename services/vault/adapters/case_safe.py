"""Seals and opens what is kept of a case: its own key, wrapped by its organisation's."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
from services.vault.application.ports import Epoch, Keyring, Plain, SealedField, Transaction, WrappedKey
from services.vault.domain.identity import Field

_log = logging.getLogger(__name__)

_AT_ONCE: Final = 200


class KeyDestroyed(CannotOpen):
    """The organisation's key of that epoch was destroyed by an erasure: this copy of the data came too late."""


class SealedCases:
    """A CaseSafe."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def keep(self, transaction: Transaction, organisation: str, plains: Mapping[str, Sequence[Plain]]) -> None:
        keys = self._keys_of(transaction, organisation, plains)
        new = {case_id: new_key() for case_id in plains if case_id not in keys}
        if new:
            # The newest key as it is inside the transaction: a rotation that began before goes through all rows after.
            _wrap(transaction, self._keyring.current(organisation), new)
        keys |= new
        transaction.put_sealed(
            [
                _sealed(organisation, case_id, keys[case_id], plain)
                for case_id, of_case in plains.items()
                for plain in of_case
            ]
        )

    def take_out(
        self, transaction: Transaction, organisation: str, case_id: str, wanted: frozenset[str]
    ) -> list[Plain]:
        """Raises CannotOpen, KeyDestroyed."""
        key = self._keys_of(transaction, organisation, [case_id]).get(case_id)
        if key is None:
            return []
        found = [one for one in transaction.sealed_fields(case_id) if one.field in wanted]
        return [Plain(f.field, f.record, _opened(organisation, key, f), f.kept_at, f.kept_by) for f in found]

    def index_phones(self, transaction: Transaction, organisation: str, phones: Mapping[str, tuple[str, ...]]) -> None:
        digest = self._digests(organisation)
        transaction.put_phone_digests(organisation, {case_id: digest(numbers) for case_id, numbers in phones.items()})

    def cases_found_by(self, transaction: Transaction, organisation: str, phones: tuple[str, ...]) -> frozenset[str]:
        return transaction.cases_with_phones(organisation, self._digests(organisation)(phones))

    def wrap_anew(self, transaction: Transaction, organisation: str) -> int:
        newest = self._keyring.current(organisation)
        older = transaction.wrapped_keys(organisation, newest.number)
        count = 0
        for start in range(0, len(older), _AT_ONCE):
            keys = self._still_opened(older[start : start + _AT_ONCE])
            _wrap(transaction, newest, keys)
            phones: dict[str, tuple[str, ...]] = dict.fromkeys(keys, ())
            for found in transaction.sealed_field_of(keys, Field.PHONES):
                phones[found.case_id] = tuple(json.loads(_opened(organisation, keys[found.case_id], found)))
            self.index_phones(transaction, organisation, phones)
            count += len(keys)
        return count

    def _digests(self, organisation: str) -> Callable[[Iterable[str]], frozenset[bytes]]:
        key = index_key(self._keyring.current(organisation).key)
        return lambda phones: frozenset(phone_digest(key, phone) for phone in phones)

    def _keys_of(self, transaction: Transaction, organisation: str, case_ids: Collection[str]) -> dict[str, bytes]:
        """By case, of those that have one in this organisation. Raises CannotOpen, KeyDestroyed."""
        found = transaction.wrapped_keys_of(case_ids).values()
        return {wrapped.case_id: self._unwrapped(wrapped) for wrapped in found if wrapped.organisation == organisation}

    def _still_opened(self, wrapped: Sequence[WrappedKey]) -> dict[str, bytes]:
        """By case. Nobody can read what is under a destroyed key; that must not keep others from being wrapped, nor her
        from being erased."""
        keys: dict[str, bytes] = {}
        for one in wrapped:
            try:
                keys[one.case_id] = self._unwrapped(one)
            except KeyDestroyed:
                _log.warning("the key of a case was destroyed before", extra={"case_id": one.case_id})
        return keys

    def _unwrapped(self, wrapped: WrappedKey) -> bytes:
        epoch = self._keyring.epoch(wrapped.organisation, wrapped.epoch)
        if epoch is None:
            raise KeyDestroyed(
                "the data is of a time before somebody was erased, and the key of that time is gone for ever:"
                " bring back a backup that was made since"
            )
        return unseal(epoch.key, key_context(wrapped.organisation, wrapped.case_id, wrapped.epoch), wrapped.wrapped)


def _wrap(transaction: Transaction, epoch: Epoch, keys: Mapping[str, bytes]) -> None:
    """keys: of cases, by case, as they are."""
    organisation, number = epoch.organisation, epoch.number
    transaction.put_wrapped_keys(
        [
            WrappedKey(organisation, case_id, number, seal(epoch.key, key_context(organisation, case_id, number), key))
            for case_id, key in keys.items()
        ]
    )


def _sealed(organisation: str, case_id: str, key: bytes, plain: Plain) -> SealedField:
    context = field_context(organisation, case_id, plain.field, plain.record)
    content = seal(key, context, plain.content)
    return SealedField(case_id, plain.field, plain.record, content, plain.kept_at, plain.kept_by)


def _opened(organisation: str, key: bytes, found: SealedField) -> bytes:
    """Raises CannotOpen."""
    return unseal(key, field_context(organisation, found.case_id, found.field, found.record), found.sealed)
