"""One machine, one runner: every part its own process, started in order, watched, started again, stopped in reverse.

Owns the list of parts (`parts`), the addresses they are given (`plan`), their processes and log files, and what may be
asked of a running system from outside (`status`) or done to a stopped one (`rebuild`). Promises that nothing it started
outlives it, that a part that dies comes back, and that both are said. Holds no rule about cases. Refuses to run twice
on one VAR_DIR, and ports that others have taken when they were asked for by name.
"""
