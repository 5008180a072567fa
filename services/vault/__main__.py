"""`python -m services.vault`: the vault on VAULT_PORT and VAULT_GRPC_PORT; with a command, it answers about its data.

verify-audit [--checkpoint FILE]   is every look still in the audit as it was written?
prove-erased ORGANISATION CASE_ID  what is left of a survivor who was erased?
held                               what could be handed over, by organisation, with the key file and without
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from services.runtime.logging import configure_logging
from services.runtime.serve import CannotServe, run
from services.runtime.settings import InvalidSettings, Settings, load_settings
from services.vault.application.errors import VaultError
from services.vault.bootstrap import serve_vault
from services.vault.commands import held, prove_erased, verify_audit


async def main(settings: Settings) -> None:
    await serve_vault(settings)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m services.vault", description="who she is, kept apart")
    commands = parser.add_subparsers(dest="command")
    verifying = commands.add_parser("verify-audit", help="is every look still there as it was written?")
    verifying.add_argument("--checkpoint", type=Path, help="ends of chains remembered outside, as JSON lines")
    proving = commands.add_parser("prove-erased", help="what is left of a survivor who was erased?")
    proving.add_argument("organisation")
    proving.add_argument("case_id")
    commands.add_parser("held", help="what could be handed over")
    return parser.parse_args()


def _answered(arguments: argparse.Namespace, settings: Settings) -> int:
    """Raises CannotServe."""
    try:
        match arguments.command:
            case "verify-audit":
                return verify_audit(settings, arguments.checkpoint)
            case "prove-erased":
                return prove_erased(settings, arguments.organisation, arguments.case_id)
            case _:
                return held(settings)
    except (VaultError, DatabaseError) as error:
        # A database's own words may hold values.
        unreadable = f"the vault's database cannot be read: {type(error).__name__}"
        what = str(error) if isinstance(error, VaultError) else unreadable
        raise CannotServe(what) from None


if __name__ == "__main__":
    wanted = _arguments()
    try:
        loaded = load_settings()
        configure_logging("vault", loaded.log_level)
        if wanted.command is not None:
            raise SystemExit(_answered(wanted, loaded))
    except (InvalidSettings, CannotServe) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
    run(main(loaded))
