"""What the person at the console sees once it is up: where to look, and how to sign in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from infra.runner.plan import Plan
from services.access.demo_people import DemoPerson


def show_where_to_look(
    console: Console, plan: Plan, chosen: Mapping[str, DemoPerson], people: Sequence[DemoPerson], file: str
) -> None:
    console.print()
    console.print(f"[bold]{plan.url}[/bold]   gRPC {plan.grpc}   OpenAPI {plan.url}/openapi.json")
    table = Table(box=None, pad_edge=False)
    for heading in ("who", "sign-in name", "password", "is"):
        table.add_column(heading, no_wrap=True)
    for role, person in chosen.items():
        table.add_row(role, person.sign_in_name, person.password, person.name)
    console.print(table)
    others = len(people) - len(chosen)
    console.print(
        f"{others} more people (areas, districts, other caseworkers) have accounts; the administrator sees them."
    )
    console.print(f"Addresses, tokens and passwords for programs: {file}")
    console.print("All of it is invented. Ctrl-C stops everything; the data is still there next time.")
