"""The programs of the machine that the system needs: found, or installed on Debian as root.

    python -m infra.system_packages [--only java,maven]

Groups: java (17 or newer, runs the log), maven (fetches it once), chromium (browser tests), postgresql (tests of
the vault upon it), fonts (Bangla on screen). It looks for the program first, so what came by another way is right too.
Exit status 1 and one sentence when something is missing that it can't install.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from infra.kafka.java import find_java
from infra.kafka.refusal import Refused

PACKAGES: Final = Path(__file__).with_name("debian-packages.txt")
_FONT_FOLDERS: Final = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
_BANGLA_FONT_MARKS: Final = ("beng", "bangla", "lohit-bn", "muktinarrow", "likhannormal", "anipani")
_APT_SECONDS: Final = 1800
# Another apt may be at work on a machine that has just started.
_APT: Final = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=180", "-o", "Acquire::Retries=3")


class NotInstalled(Refused):
    """Something is missing and can't be installed here; the sentence names it."""


def main(arguments: Sequence[str]) -> int:
    groups = read_packages()
    missing = [group for group in _chosen(arguments, groups) if not _IS_THERE[group]()]
    if not missing:
        return 0
    try:
        _install({group: groups[group] for group in missing})
    except NotInstalled as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def read_packages() -> dict[str, tuple[str, ...]]:
    """Debian packages by group, alternatives in order of preference."""
    lines = [line.strip() for line in PACKAGES.read_text().splitlines()]
    entries = [line.partition(":") for line in lines if line and not line.startswith("#")]
    return {group.strip(): tuple(name.strip() for name in names.split("|")) for group, _, names in entries}


def _chosen(arguments: Sequence[str], groups: Mapping[str, object]) -> list[str]:
    parser = argparse.ArgumentParser(prog="python -m infra.system_packages", description="What the machine needs.")
    parser.add_argument("--only", default=",".join(groups), help=f"of {', '.join(groups)}; default: all")
    chosen = [group.strip() for group in parser.parse_args(arguments).only.split(",")]
    unknown = [group for group in chosen if group not in groups]
    if unknown:
        parser.error(f"there is no group {unknown[0]!r}: there are {', '.join(groups)}")
    return chosen


def _java_is_there() -> bool:
    try:
        find_java()
    except Refused:
        return False
    return True


def _maven_is_there() -> bool:
    return shutil.which("mvn") is not None


def _chromium_is_there() -> bool:
    return shutil.which("chromium") is not None


def postgresql_programs() -> Path | None:
    """Where `initdb` and `postgres` are; Debian keeps them off the path. None: nowhere."""
    on_path = shutil.which("initdb")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if on_path is None else [Path(on_path).parent]
    return next((place for place in reversed(places) if (place / "initdb").exists()), None)


def _postgresql_is_there() -> bool:
    return postgresql_programs() is not None


def _bangla_is_there() -> bool:
    """macOS brings its own; elsewhere a font file says by its name what it draws."""
    if sys.platform == "darwin":
        return True
    return any(
        mark in file.lower()
        for folder in _FONT_FOLDERS
        for _, _, files in os.walk(Path(folder).expanduser())
        for file in files
        for mark in _BANGLA_FONT_MARKS
    )


_IS_THERE: Final[Mapping[str, Callable[[], bool]]] = MappingProxyType(
    {
        "java": _java_is_there,
        "maven": _maven_is_there,
        "chromium": _chromium_is_there,
        "postgresql": _postgresql_is_there,
        "fonts": _bangla_is_there,
    }
)


def _install(missing: Mapping[str, tuple[str, ...]]) -> None:
    first_choices = " ".join(names[0] for names in missing.values())
    if shutil.which("apt-get") is None:
        raise NotInstalled(
            f"Missing on this machine: {', '.join(missing)}; install what Debian calls {first_choices} "
            "the way this system does, then start again."
        )
    if os.geteuid() != 0:
        raise NotInstalled(
            f"Missing on this machine: {', '.join(missing)}; install it with "
            f"`sudo apt-get install --no-install-recommends {first_choices}`, then start again."
        )
    print(f"Installing {first_choices} ...", flush=True)
    _run_apt("update")
    packages = [_available(group, names) for group, names in missing.items()]
    _run_apt("install", "--yes", "--no-install-recommends", *packages)
    still = [group for group in missing if not _IS_THERE[group]()]
    if still:
        raise NotInstalled(
            f"{', '.join(still)} is still not found after installing {' '.join(packages)}: see that it is on the "
            "path (for Java: that JAVA_HOME doesn't name an older one)."
        )


def _available(group: str, names: tuple[str, ...]) -> str:
    for name in names:
        policy = subprocess.run(["apt-cache", "policy", name], capture_output=True, text=True, check=False)
        if "Candidate:" in policy.stdout and "Candidate: (none)" not in policy.stdout:
            return name
    raise NotInstalled(f"This release has none of {', '.join(names)} for {group}: install it another way.")


def _run_apt(*arguments: str) -> None:
    try:
        done = subprocess.run(
            [*_APT, *arguments],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_APT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalled(f"apt-get {arguments[0]} did not end in {_APT_SECONDS} seconds: run it by hand.") from error
    if done.returncode != 0:
        said = [line for line in done.stdout.splitlines() if line.startswith("E:")] or ["it did not say why"]
        raise NotInstalled(f"apt-get {arguments[0]} failed ({said[0]}): put that right and start again.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
