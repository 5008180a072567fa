"""`python -m tests.fuzz events|tokens [--seconds N]`: atheris throws bytes at what reads them, and says how many.

It starts from the seeds and from what was found before (`found/`). An input that breaks something is written into
`found/`, where it stays when it is mended: every test run reads it again.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

import atheris

FOUND = Path(__file__).parent / "found"
READERS = {
    "events": ("tests.fuzz.reading_events", "read_event_bytes"),
    "tokens": ("tests.fuzz.reading_tokens", "read_token_bytes"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("what", choices=READERS)
    parser.add_argument("--seconds", type=int, default=300)
    given = parser.parse_args()
    module_name, function = READERS[given.what]
    with atheris.instrument_imports(include=["services", "jwt", "tests.fuzz"], enable_loader_override=False):
        module = importlib.import_module(module_name)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(module.seeds()):
            Path(corpus, f"seed-{number}").write_bytes(seed)
        options = [f"-max_total_time={given.seconds}", "-max_len=4096", "-timeout=10", "-rss_limit_mb=2048"]
        artifacts = f"-artifact_prefix={FOUND / given.what}/"
        atheris.Setup(
            [sys.argv[0], *options, artifacts, "-print_final_stats=1", corpus, str(FOUND / given.what)],
            getattr(module, function),
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
