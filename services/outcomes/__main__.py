"""`python -m services.outcomes`: indicators for evaluators, on OUTCOMES_PORT."""

from __future__ import annotations

from services.outcomes.bootstrap import create_app
from services.runtime.logging import configure_logging
from services.runtime.serve import CannotServe, run, serve_http
from services.runtime.settings import InvalidSettings, load_settings


async def main() -> None:
    try:
        settings = load_settings()
        configure_logging("outcomes", settings.log_level)
        app = create_app(settings)
    except InvalidSettings as error:
        raise CannotServe(str(error)) from None
    await serve_http(app, settings.inner_host, settings.outcomes_port, stop_within_seconds=settings.stop_within_seconds)


if __name__ == "__main__":
    run(main())
