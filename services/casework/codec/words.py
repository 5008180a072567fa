"""Protobuf's enumerations as the domain's words: `CALL_OUTCOME_NO_ANSWER` is `no_answer`.

Worked out from the descriptors once; number 0 (`..._UNSPECIFIED`) says nothing and has no word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from google.protobuf.descriptor import EnumDescriptor


def words_of(enum: EnumDescriptor) -> Mapping[int, str]:
    """{number: word} of everything the enumeration can say."""
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.name).upper() + "_"
    return MappingProxyType(
        {value.number: value.name.removeprefix(prefix).lower() for value in enum.values if value.number != 0}
    )


def numbers_of(enum: EnumDescriptor) -> Mapping[str, int]:
    """{word: number}, the way back."""
    return MappingProxyType({word: number for number, word in words_of(enum).items()})
