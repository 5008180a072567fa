"""`python -m services.web`: the one origin, on PORT."""

from __future__ import annotations

from services.runtime.logging import configure_logging
from services.runtime.serve import run, serve_http
from services.runtime.settings import load_settings
from services.web.bootstrap import app_from


def main() -> None:
    settings = load_settings()
    configure_logging("web", settings.log_level)
    app = app_from(settings)
    run(serve_http(app, settings.host, settings.port, stop_within_seconds=settings.stop_within_seconds))


if __name__ == "__main__":
    main()
