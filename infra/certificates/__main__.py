"""`python -m infra.certificates [HOST…]`: an authority of one's own and a certificate for these hosts.

Kept in VAR_DIR/certificates. Without a host: the hosts of the certificate that is there, renewed when less than 30 days
are left.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra.certificates.keeping import keep_certificates
from infra.certificates.refusal import Refused


def main(hosts: Sequence[str]) -> int:
    directory = Path(os.environ.get("VAR_DIR") or "var") / "certificates"
    try:
        kept = keep_certificates(directory, " ".join(hosts), datetime.now(UTC))
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    state = "A new certificate" if kept.renewed else "The certificate that is there"
    print(f"{state} stands for {', '.join(kept.hosts)} until {kept.until:%Y-%m-%d}.")
    print(f"Serve with it:      TLS_CERT_FILE={kept.chain_file} TLS_KEY_FILE={kept.key_file}")
    print(f"Phones must trust:  {kept.authority_file}")
    print(f"Compare on each:    SHA-256 {kept.fingerprint}")
    if kept.renewed:
        print("What runs has the old one until it is started again.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
