"""A trial in a process of its own: whatever it reads and keeps, this one goes on answering.

The question goes in on standard input, as one line of JSON; how far it is and what it found come back a line each.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from services.casework.application.policy_trials import Heard, TrialFailed
from services.casework.domain.policy import Policy
from services.casework.domain.policy_document import policy_document
from services.casework.domain.policy_trial import Foretold

FORETOLD: Final = TypeAdapter(Foretold)
_MODULE: Final = "services.casework.adapters.trial_reading"
_LONGEST_LINE: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TrialProcesses:
    """security: `Settings.kafka_security()`. Neither it nor the question is in the process's arguments."""

    bootstrap_servers: str
    security: Mapping[str, object]

    async def replay(self, organisation: str, draft: Policy, until: int, heard: Heard) -> Foretold:
        question = {
            "bootstrap_servers": self.bootstrap_servers,
            "security": dict(self.security),
            "organisation": organisation,
            "draft": policy_document(draft),
            "until": until,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", _MODULE, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE
        )
        try:
            return await _answer_of(process, json.dumps(question), heard)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _answer_of(process: Process, question: str, heard: Heard) -> Foretold:
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(question.encode() + b"\n")
        await process.stdin.drain()
        process.stdin.close()
        async for line in process.stdout:
            told = json.loads(line)
            if "foretold" in told:
                return FORETOLD.validate_python(told["foretold"])
            heard(told["done"], told["of"])
    except (OSError, ValueError, KeyError, ValidationError) as error:
        raise TrialFailed(f"what it says is not understood: {type(error).__name__}") from error
    raise TrialFailed(f"it ended with {await process.wait()} before it had an answer")
