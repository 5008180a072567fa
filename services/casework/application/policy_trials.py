"""Trying a policy on what happened before, and switching it on: only what was tried to its end can be switched on.

A trial replays the organisation's own history in a process of its own, one at a time for an organisation and one after
the other for all, so that intake and pages have the machine meanwhile. It lives as long as this process: after a start
there is none, and the draft goes with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol
from uuid import uuid4

from services.casework.application.errors import NothingTried, StartingUp, TrialRefused
from services.casework.application.log_view import LogView
from services.casework.application.policy_publishing import PolicySwitching
from services.casework.domain.control import PolicyChanged
from services.casework.domain.policy import Policy
from services.casework.domain.policy_trial import Foretold

_log: Final = logging.getLogger(__name__)


class TrialState(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TrialFailed(Exception):
    """The history could not be replayed to its end: nothing is foretold. The message is for the log."""


Heard = Callable[[int, int], None]
"""Records of the log that are done, of how many."""


class Replaying(Protocol):
    """Lives a history through twice, elsewhere."""

    async def replay(self, organisation: str, draft: Policy, until: int, heard: Heard) -> Foretold:
        """until: milliseconds. Raises TrialFailed. Cancelled, nothing of it goes on."""
        ...


@dataclass(slots=True)
class Trial:
    """One draft, tried. before: the policy it would replace. foretold: only of a finished one.

    done, of: records of the log, (0, 0) while it waits for its turn. Instants in milliseconds.
    """

    organisation: str
    draft: Policy
    before: Policy
    started_by: str
    started_at: int
    state: TrialState = TrialState.RUNNING
    done: int = 0
    of: int = 0
    foretold: Foretold | None = None
    ended_at: int | None = None
    switched_on_at: int | None = None
    trial_id: str = field(default_factory=lambda: str(uuid4()))

    def hear(self, done: int, of: int) -> None:
        self.done, self.of = done, of


class PolicyTrials:
    """now: milliseconds since 1970."""

    def __init__(self, replaying: Replaying, view: LogView, switching: PolicySwitching, now: Callable[[], int]) -> None:
        self._replaying, self._view, self._switching, self._now = replaying, view, switching, now
        self._turn = asyncio.Lock()
        self._trials: dict[str, Trial] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def policy_of(self, organisation: str) -> Policy:
        """The one that holds. Raises StartingUp while the log has not been read."""
        policy = self._view.policy_of(organisation) if self._view.is_ready else None
        if policy is None:
            raise StartingUp
        return policy

    def latest(self, organisation: str) -> Trial:
        """The trial that runs, or the last one. Raises NothingTried."""
        trial = self._trials.get(organisation)
        if trial is None:
            raise NothingTried
        return trial

    def start(self, organisation: str, account_id: str, draft: Policy, instead_of: str) -> Trial:
        """instead_of: the version that the draft was made from. Raises TrialRefused, StartingUp."""
        before = self.policy_of(organisation)
        if organisation in self._tasks:
            raise TrialRefused("trial_goes_on", "A trial of your organisation goes on already.")
        if before.version != instead_of:
            raise TrialRefused("policy_moved_on", "Meanwhile other rules were switched on.")
        if draft.version == before.version:
            raise TrialRefused("nothing_changed", "These are the rules that hold already.")
        trial = self._trials[organisation] = Trial(organisation, draft, before, account_id, self._now())
        task = self._tasks[organisation] = asyncio.create_task(self._try(trial))
        task.add_done_callback(lambda _: self._tasks.pop(organisation, None))
        return trial

    async def _try(self, trial: Trial) -> None:
        try:
            async with self._turn:
                trial.foretold = await self._replaying.replay(
                    trial.organisation, trial.draft, trial.started_at, trial.hear
                )
                trial.state = TrialState.FINISHED
        except TrialFailed as failure:
            _log.warning("a trial of a policy failed", extra={"reason": str(failure)})
        except asyncio.CancelledError:
            trial.state = TrialState.CANCELLED
        finally:
            # Whatever it was, it does not run any more, and a page must not wait for it.
            if trial.state is TrialState.RUNNING:
                trial.state = TrialState.FAILED
            trial.ended_at = self._now()

    async def cancel(self, organisation: str) -> Trial:
        """Ends the trial that runs; of one that is over nothing changes. Raises NothingTried."""
        trial = self.latest(organisation)
        task = self._tasks.get(organisation)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        return trial

    async def switch_on(self, organisation: str, account_id: str, trial_id: str) -> Trial:
        """The draft of this trial from now on. Raises NothingTried, TrialRefused, LogAway."""
        trial = self.latest(organisation)
        if trial.trial_id != trial_id or trial.state is not TrialState.FINISHED:
            raise TrialRefused("not_tried", "Only what was tried to its end can be switched on.")
        # After a first try that the log broke off, it holds already where it got to.
        if self.policy_of(organisation).version not in (trial.before.version, trial.draft.version):
            raise TrialRefused("policy_moved_on", "Meanwhile other rules were switched on.")
        await self._switching.switch_on(PolicyChanged(organisation, trial.draft, account_id))
        trial.switched_on_at = self._now()
        _log.info("a policy was switched on")
        return trial

    async def stop(self) -> None:
        """Nothing goes on after it."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
