"""python -m services.casework: REST on CASEWORK_PORT, gRPC on GRPC_PORT."""

from __future__ import annotations

from services.casework.bootstrap import serve_casework
from services.runtime.logging import configure_logging
from services.runtime.serve import run
from services.runtime.settings import load_settings

if __name__ == "__main__":
    configure_logging("casework")
    run(serve_casework(load_settings()))
