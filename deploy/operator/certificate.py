"""The proof of an erasure: what was erased, what is kept and why, and since when. Ids and counts, signed.

Nothing is counted of what is kept: the number would tell whether there is a safeguarding record.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from deploy.operator.config import OperatorConfig
from shared.events.envelope import canonical
from shared.events.identity import ErasedKeys, ErasureDecided
from shared.events.wire import time_to_wire
from shared.policy.codes import CODES
from shared.privacy.categories import CATEGORIES
from shared.privacy.vault import CACHE_SECONDS

BACKUPS_KEPT = timedelta(days=30)
"""How long a backup of the databases or of the keys is kept at most."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Attributes: content: JSON values alone; its canonical bytes are what is hashed and signed."""

    content: Mapping[str, Any]

    @property
    def proof(self) -> str:
        """SHA-256 of the canonical bytes, in hex; the log holds it too."""
        return hashlib.sha256(canonical(self.content)).hexdigest()

    @property
    def backups_expire_on(self) -> date:
        return date.fromisoformat(self.content["backups_expire_on"])

    def write(self, config: OperatorConfig) -> Path:
        """As signed JSON, for this installation to check again; whole or not at all."""
        key = cast("Ed25519PrivateKey", load_pem_private_key(config.secret("certificate.key").read_bytes(), None))
        signature = b64encode(key.sign(canonical(self.content))).decode()
        config.certificates.mkdir(mode=0o700, exist_ok=True)
        path = config.certificates / f"erasure-{self.content['erasure_id']}.json"
        partial = path.with_suffix(".new")
        partial.write_text(json.dumps({"certificate": self.content, "signature": signature}, indent=1) + "\n")
        partial.replace(path)
        return path

    def text(self) -> str:
        """For the school's office to hand on."""
        told = self.content
        erased = [f"  {one['category']}, kept by {one['service']}: {one['keys']}" for one in told["erased"]]
        kept = [
            line
            for one in told["kept"]
            for line in (
                f"  {one['category']}: {one['detail']}",
                f"    {one['exemption']}; kept {one['kept']}",
            )
        ]
        logs = [f"  {service}: {events} events, whole" for service, events in told["logs"].items()]
        return "\n".join(
            [
                f"Certificate of erasure {told['erasure_id']}",
                f"Person {told['subject_id']} of school {told['school_id']}; carried out at {told['carried_out_at']}",
                "Keys destroyed, and with them every text that they sealed:",
                *(erased or ["  none: nothing of the person's was kept"]),
                "Not erased on request, where there is anything of it:",
                *kept,
                "Logs, read from their first event:",
                *logs,
                f"No process can read it after {told['unreadable_after']},",
                f"no backup after {told['backups_expire_on']}.",
                f"SHA-256 {self.proof}",
            ]
        )


def certificate_of(
    decision: ErasureDecided,
    school_id: object,
    *,
    keys: Sequence[ErasedKeys],
    models: Sequence[str],
    logs: Mapping[str, int],
    at: datetime,
) -> Certificate:
    """Says what was done. `logs`: how many events each log held when it was verified; `models`: what was built anew."""
    return Certificate(
        {
            "certificate": "bookbag-erasure-1",
            "erasure_id": str(decision.erasure_id),
            "school_id": str(school_id),
            "subject_id": str(decision.subject_id),
            "subject_kind": decision.subject_kind.value,
            "reason": decision.reason.value,
            "decided_by": str(decision.decided_by),
            "carried_out_at": time_to_wire(at),
            "erased": [{"service": one.service, "category": one.category.value, "keys": one.keys} for one in keys],
            "kept": [
                {
                    "category": one.category.value,
                    "code": one.code,
                    "detail": CODES[one.code].detail,
                    "exemption": one.exemption,
                    "kept": CATEGORIES[one.category].kept,
                }
                for one in decision.refused
            ],
            "read_models": list(models),
            "logs": dict(logs),
            "unreadable_after": time_to_wire(at + timedelta(seconds=CACHE_SECONDS)),
            "backups_expire_on": (at + BACKUPS_KEPT).date().isoformat(),
        }
    )


def signed_here(config: OperatorConfig, text: str) -> bool:
    """Whether a written certificate bears this installation's signature and says what was signed."""
    key = cast("Ed25519PublicKey", load_pem_public_key(config.secret("certificate.pub").read_bytes()))
    try:
        found = json.loads(text)
        key.verify(b64decode(found["signature"]), canonical(found["certificate"]))
    except (ValueError, KeyError, TypeError, InvalidSignature):
        return False
    return True
