"""The whole system, for the tests of this folder."""

from tests.system_fixture import system

__all__ = ["system"]
