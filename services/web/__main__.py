"""`python -m services.web`: the one origin, on PORT."""

from __future__ import annotations

from services.runtime.logging import configure_logging
from services.runtime.ours_alone import NotOursAlone
from services.runtime.serve import CannotServe, HttpServer, run, serve
from services.runtime.settings import InvalidSettings, load_settings
from services.runtime.tls import UnusableCertificate, certificate_from
from services.web.bootstrap import app_from, metrics_app


async def main() -> None:
    try:
        settings = load_settings()
        certificate = certificate_from(settings)
        app = app_from(settings, certificate)
    except (InvalidSettings, UnusableCertificate, NotOursAlone) as error:
        raise CannotServe(str(error)) from None
    configure_logging("web", settings.log_level)
    tls = certificate.for_http() if certificate else None
    origin = HttpServer(app, settings.host, settings.port, tls=tls)
    metrics = HttpServer(metrics_app(), settings.inner_host, settings.web_metrics_port, or_any_port=True)
    await serve(origin, metrics, stop_within_seconds=settings.stop_within_seconds)


if __name__ == "__main__":
    run(main())
