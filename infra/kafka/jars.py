"""The jars of the log: fetched once with Maven, and compared with `jars.sha256` at every start.

`python -m infra.kafka.jars` fetches them ahead of time; `python -m infra.kafka.jars accept` writes the list
anew after a change of pom.xml, for a person to review.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infra.kafka.refusal import Refused

HERE: Final = Path(__file__).parent
POM: Final = HERE / "pom.xml"
MANIFEST: Final = HERE / "jars.sha256"
_MAVEN_SECONDS: Final = 900


def kafka_version() -> str:
    """The pinned version of Apache Kafka, such as `4.3.0`."""
    return _pinned("kafka.version")


def class_path() -> str:
    """The verified jars, joined as Java wants them; fetched first where they are missing.

    Raises Refused when a jar differs from the manifest, or when the jars can't be fetched.
    """
    expected = read_manifest()
    folder = _cache() / f"{kafka_version()}-{hashlib.sha256(MANIFEST.read_bytes()).hexdigest()[:8]}"
    if not folder.is_dir():
        with _alone(folder):
            if not folder.is_dir():
                _fetch_into(folder, expected)
    _verify(folder, expected)
    return os.pathsep.join(str(folder / name) for name in expected)


def read_manifest() -> dict[str, str]:
    """SHA-256 in hexadecimal by file name, in the manifest's order."""
    lines = [line.split() for line in MANIFEST.read_text().splitlines() if line and not line.startswith("#")]
    return {name: digest for digest, name in lines}


def _pinned(name: str) -> str:
    value = re.search(rf"<{re.escape(name)}>([\w.-]+)</{re.escape(name)}>", POM.read_text())
    if value is None:
        raise Refused(f"{POM} doesn't say which {name} to use: restore the file.")
    return value[1]


def _cache() -> Path:
    root = os.environ.get("REINTEGRATION_CACHE_DIR")
    return (Path(root) if root else Path.home() / ".cache" / "reintegration").absolute() / "kafka"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Of several processes that want the same folder, one at a time; the lock ends with the process."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = (folder.parent / f"{folder.name}.lock").open("w")
    except OSError as error:
        raise Refused(
            f"The jars of the log can't be kept in {folder.parent} ({error.strerror}): let "
            "REINTEGRATION_CACHE_DIR name a folder that can be written."
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_into(folder: Path, expected: Mapping[str, str]) -> None:
    """Only a complete and verified folder gets its final name; what a killed fetch left is removed."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _copy_with_maven(partial)
        _verify(partial / "jars", expected)
        (partial / "jars").rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _copy_with_maven(place: Path) -> None:
    """Leaves the jars in `place/jars`. Maven works on a copy of the pom, so the checkout stays as it is."""
    maven = shutil.which("mvn")
    if maven is None:
        raise Refused(
            f"The jars of Apache Kafka {kafka_version()} have to be fetched once and Maven (mvn) is not on the "
            "path: install it (on Debian as root: python -m infra.system_packages --only maven) and start again."
        )
    place.mkdir()
    shutil.copy(POM, place / "pom.xml")
    plugin = f"org.apache.maven.plugins:maven-dependency-plugin:{_pinned('dependency.plugin.version')}"
    quiet = ["--batch-mode", "--quiet", "--no-transfer-progress", "-Dstyle.color=never"]
    copy = [f"{plugin}:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={place / 'jars'}"]
    try:
        done = subprocess.run(
            [maven, *quiet, *copy],
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_MAVEN_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise _unfetched(f"nothing came in {_MAVEN_SECONDS} seconds") from error
    if done.returncode != 0:
        raise _unfetched(_first_error(done.stdout))


def _first_error(output: str) -> str:
    errors = [line.removeprefix("[ERROR]").strip() for line in output.splitlines() if "[ERROR]" in line]
    return (errors or output.strip().splitlines() or ["it did not say why"])[0][:400]


def _unfetched(reason: str) -> Refused:
    return Refused(
        f"Maven could not fetch the jars of Apache Kafka {kafka_version()}: check that this machine reaches the "
        f"repository its settings.xml names, and start again (Maven said: {reason})."
    )


def _verify(folder: Path, expected: Mapping[str, str]) -> None:
    """All 44 MB are read: 0.03 s where the processor knows SHA-256, and no stamp to be fooled by."""
    for name, digest in expected.items():
        jar = folder / name
        if not jar.is_file():
            raise Refused(
                f"{name} is missing in {folder} though {MANIFEST.name} names it: delete that folder and start "
                "again, and if it is missing again, restore pom.xml and the list, which belong together."
            )
        if _sha256(jar) != digest:
            raise Refused(
                f"{name} in {folder} has another SHA-256 than {MANIFEST.name} names and is not run: delete that "
                "folder and the file in Maven's local repository, start again, and if it is refused again, don't "
                "trust the repository it comes from."
            )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def accept() -> None:
    """Fetch what pom.xml describes and write the manifest from it, for a person to review."""
    place = _cache() / "accept"
    with _alone(place):
        shutil.rmtree(place, ignore_errors=True)
        try:
            _copy_with_maven(place)
            jars = sorted((place / "jars").glob("*.jar"))
            MANIFEST.write_text("".join(f"{_sha256(jar)}  {jar.name}\n" for jar in jars))
        finally:
            shutil.rmtree(place, ignore_errors=True)


def main(arguments: list[str]) -> int:
    try:
        if arguments == ["accept"]:
            accept()
        elif arguments:
            print("Usage: python -m infra.kafka.jars [accept]", file=sys.stderr)
            return 2
        print(f"{len(class_path().split(os.pathsep))} jars of Apache Kafka {kafka_version()} are there and verified.")
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
