"""`python -m services.web`: the one origin, on PORT."""

from __future__ import annotations

from services.runtime.logging import configure_logging
from services.runtime.serve import CannotServe, run, serve_http
from services.runtime.settings import InvalidSettings, load_settings
from services.web.bootstrap import app_from


async def main() -> None:
    try:
        settings = load_settings()
    except InvalidSettings as error:
        raise CannotServe(str(error)) from None
    configure_logging("web", settings.log_level)
    app = app_from(settings)
    await serve_http(app, settings.host, settings.port, stop_within_seconds=settings.stop_within_seconds)


if __name__ == "__main__":
    run(main())
