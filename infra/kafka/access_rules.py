"""The table of grants, and the users' passwords, put into a log: what is missing is added, what is too much goes.

`apply_access` needs somebody who stands above the table. On one machine the node does it whenever it has come up; on a
cluster `python -m infra.kafka.access_rules` does it for the grants: the passwords are the cluster's own affair there.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Final

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from kafka.errors import KafkaError, RetriableError, UnknownBrokerIdError

from infra.kafka.admin_client import admin_client
from infra.kafka.create_topics import security_from_environment
from infra.kafka.grants import ANONYMOUS, GRANTS, MECHANISM, USERS, Grant
from infra.kafka.refusal import Refused

PASSES: Final = (RetriableError, UnknownBrokerIdError)
"""What is over by itself. A node that was frozen takes no part for a moment, and then its client knows no broker."""
_ITERATIONS: Final = 8192
_OURS: Final = frozenset(f"User:{user}" for user in (*USERS, ANONYMOUS))


def apply_access(admin: KafkaAdminClient, passwords: Mapping[str, str], grants: Iterable[Grant]) -> None:
    """Make the log know exactly these users and, of them, exactly these grants.

    Raises Refused; one of PASSES when the log takes no part just now.
    """
    try:
        _apply_grants(admin, grants)
        _apply_passwords(admin, passwords)
    except PASSES:
        raise
    except KafkaError as error:
        raise Refused(
            f"The log did not take who may do what ({type(error).__name__}): see its own log, then start it again."
        ) from error


def _apply_grants(admin: KafkaAdminClient, grants: Iterable[Grant]) -> None:
    wanted = {_rule_of(grant) for grant in grants}
    found, _ = admin.describe_acls(_everything())
    present = {rule for rule in found if rule.principal in _OURS}
    if missing := sorted(wanted - present, key=repr):
        refused = admin.create_acls(missing)["failed"]
        if refused:
            raise Refused(f"The log did not take {len(refused)} grants ({refused[0].__name__}): see its own log.")
    if extra := sorted(present - wanted, key=repr):
        admin.delete_acls([_exactly(rule) for rule in extra])


def _apply_passwords(admin: KafkaAdminClient, passwords: Mapping[str, str]) -> None:
    gone = admin.describe_user_scram_credentials().keys() - passwords.keys()
    changes: list[object] = [UserScramCredentialDeletion(user, MECHANISM) for user in sorted(gone)]
    for user, password in passwords.items():
        changes.append(UserScramCredentialUpsertion(user, MECHANISM, password, _ITERATIONS, _salt(user, password)))
    said = admin.alter_user_scram_credentials(changes)
    if refused := sorted(user for user, why in said.items() if why is not None):
        raise Refused(f"The log did not take the passwords of {', '.join(refused)}: see its own log.")


def _salt(user: str, password: str) -> bytes:
    """The same for the same password, so that putting it in again disturbs nobody who is signing in just then.

    It tells nothing: passwords here are drawn at random, and long.
    """
    return hashlib.sha512(f"salt of {user}: {password}".encode()).digest()[:24]


def _rule_of(grant: Grant) -> ACL:
    pattern = ACLResourcePatternType.PREFIXED if grant.is_prefix else ACLResourcePatternType.LITERAL
    return ACL(
        f"User:{grant.user}",
        "*",
        ACLOperation[grant.operation.name],
        ACLPermissionType.DENY if grant.is_denied else ACLPermissionType.ALLOW,
        ResourcePattern(ResourceType[grant.kind.name], grant.name, pattern),
    )


def _everything() -> ACLFilter:
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    return ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, anything)


def _exactly(rule: ACL) -> ACLFilter:
    pattern = rule.resource_pattern
    only = ResourcePatternFilter(pattern.resource_type, pattern.resource_name, pattern.pattern_type)
    return ACLFilter(rule.principal, rule.host, rule.operation, rule.permission_type, only)


def main() -> int:
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    try:
        admin = admin_client(bootstrap_servers=bootstrap.split(","), **security_from_environment())
        try:
            _apply_grants(admin, GRANTS)
        finally:
            admin.close()
    except (KafkaError, Refused) as error:
        print(f"The log on {bootstrap} did not take the grants ({type(error).__name__}: {error}).", file=sys.stderr)
        return 1
    print(f"{len(GRANTS)} grants are as they must be on {bootstrap}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
