"""Makes the Python code of the .proto files: `python proto/generate.py`, or `--check` that what is there is fresh.

Output goes to `proto/gen`, which is on the path: `from reintegration.v1 import events_pb2`. It is committed, so that
nobody needs a compiler to run anything. This folder is no package on purpose: a package called `proto` would hide
another library of that name.
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Final

from grpc_tools import protoc  # type: ignore[import-untyped]

PROTO: Final = Path(__file__).resolve().parent
GENERATED: Final = PROTO / "gen"
SOURCES: Final = PROTO / "reintegration"


class GenerationFailed(Exception):
    """The compiler refused a file; what it said is on standard error."""


def generate(into: Path) -> None:
    """Writes messages and their types for every file, and the gRPC code of those that declare a service."""
    sources = sorted(SOURCES.rglob("*.proto"))
    services = [source for source in sources if _declares_service(source)]
    into.mkdir(parents=True, exist_ok=True)
    _compile(sources, [f"--python_out={into}", _plugin("mypy"), f"--mypy_out=quiet:{into}"])
    _compile(services, [f"--grpc_python_out={into}", _plugin("mypy_grpc"), f"--mypy_grpc_out=quiet:{into}"])


def _declares_service(source: Path) -> bool:
    return any(line.startswith("service ") for line in source.read_text(encoding="utf-8").splitlines())


def _plugin(name: str) -> str:
    return f"--plugin=protoc-gen-{name}={Path(sys.executable).parent / f'protoc-gen-{name}'}"


def _compile(sources: list[Path], outputs: list[str]) -> None:
    included = files("grpc_tools") / "_proto"
    names = [source.relative_to(PROTO).as_posix() for source in sources]
    if protoc.main(["protoc", f"-I{PROTO}", f"-I{included}", *outputs, *names]) != 0:
        raise GenerationFailed(f"protoc refused {', '.join(names)}")


def _contents(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def differences(fresh: Path, committed: Path) -> list[str]:
    """What a person has to know: files that are missing, left over or different."""
    wanted, found = _contents(fresh), _contents(committed)
    return [
        *(f"missing: {name}" for name in sorted(wanted - found)),
        *(f"left over: {name}" for name in sorted(found - wanted)),
        *(
            f"not fresh: {name}"
            for name in sorted(wanted & found)
            if not filecmp.cmp(fresh / name, committed / name, shallow=False)
        ),
    ]


def check() -> list[str]:
    """How the committed code differs from what the .proto files give now; empty when it is fresh."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(fresh)
        return differences(fresh, GENERATED)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--check", action="store_true", help="change nothing; fail when proto/gen is not fresh")
    if arguments.parse_args().check:
        stale = check()
        for line in stale:
            sys.stderr.write(f"proto/gen {line}\n")
        return 1 if stale else 0
    shutil.rmtree(GENERATED, ignore_errors=True)
    generate(GENERATED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
