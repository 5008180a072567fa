"""access: who is signed in, and what she may do.

Owns accounts, passwords, the signing of tokens, and the one pure module of permissions that every service asks.
Promises that a token is checked by pinned keys only, that an unknown name and a wrong password cannot be told
apart, and that a closed account's tokens end within a minute. Refuses to know anything about a case or a survivor.

Other services import `services.access.domain` and `services.access.verification`, nothing else.
"""
