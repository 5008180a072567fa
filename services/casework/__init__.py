"""casework: what happened in a case, and what that means.

Owns the words of a case (event types, facts), the policy and the one definition of neglect (`domain`), the
intake of events over REST and gRPC, and the reads built on them: worklist, case, timeline, the policy in words.

Promises that an event with a receipt is in the log, and that live detection, replay, worklist and tests all ask
the same pure functions. Refuses to know who a survivor is: no name, number or free text passes through here.
"""
