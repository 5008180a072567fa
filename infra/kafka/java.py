"""Finding a Java that can run the log."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from infra.kafka.refusal import Refused

OLDEST_JAVA: Final = 17


def find_java() -> Path:
    """The `java` of JAVA_HOME, else of the path; refused when there is none or it is older than 17."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        place = f"JAVA_HOME ({home})" if home else "the path"
        raise Refused(
            f"The log needs Java {OLDEST_JAVA} or newer and there is none in {place}: install a Java runtime "
            "(on Debian as root: python -m infra.system_packages --only java) and start again."
        )
    java = Path(found).resolve()
    version = _major_version(java)
    if version < OLDEST_JAVA:
        raise Refused(
            f"The log needs Java {OLDEST_JAVA} or newer and {java} is Java {version}: install a newer one and "
            "let JAVA_HOME name it."
        )
    return java


def _major_version(java: Path) -> int:
    """Read from the installation's `release` file, which costs nothing, else from Java itself."""
    release = java.parent.parent / "release"
    if release.is_file():
        written = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', release.read_text(), re.MULTILINE)
        if written is not None:
            return int(written[1])
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=60).stderr
    spoken = re.search(r'version "(?:1\.)?(\d+)', said)
    if spoken is None:
        raise Refused(f"{java} doesn't say its version: let JAVA_HOME name a Java {OLDEST_JAVA} or newer.")
    return int(spoken[1])
