"""neglect_watch: notices, while it happens, that nobody has been in touch in time.

Owns the live state of every case of its partitions, the `clock` records, the alert and obligation topics and the
heartbeats that say up to when all cases were checked.

Promises: what it emits for a log equals replaying that log, whatever crashed, froze or moved meanwhile; outputs are in
their topics before the state that says so, and the state before anything is acknowledged. After a crash a transition
may stand twice in its topic, under the same (alert_id, revision).
Refuses to guess: time passes only by records read.
"""
