"""`python -m services.alerting`: the supervisors' inbox on ALERTING_PORT."""

from __future__ import annotations

from services.alerting.bootstrap import serve_alerting
from services.runtime.logging import configure_logging
from services.runtime.serve import CannotServe, run
from services.runtime.settings import InvalidSettings, load_settings


async def main() -> None:
    try:
        settings = load_settings()
    except InvalidSettings as error:
        raise CannotServe(str(error)) from None
    configure_logging("alerting", settings.log_level)
    await serve_alerting(settings)


if __name__ == "__main__":
    run(main())
