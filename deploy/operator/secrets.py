"""Generates the secrets of an installation into one folder: each a file of mode 0600, made once and then left alone."""

import hashlib
import json
import os
import secrets
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.services import SERVICES
from shared.log.checkpoint_keys import first_line, lines_of, private_key
from shared.privacy.categories import CATEGORIES, Category
from shared.runtime.clock import SystemClock

KEY_BYTES = 32
CLEARER = "keys_clearer"
"""Destroys the keys of pictures, and reads none: the role of the worker that keeps pictures, beside its own."""


def roles(service: str) -> list[str]:
    """The database roles of a service in its own database, without its owner."""
    session = ["identity_session"] if service == "identity" else []
    return [f"{service}_writer", f"{service}_worker", f"{service}_reader", *session]


def databases() -> dict[str, list[str]]:
    """Database -> the login roles that may connect to it, its owner first."""
    own = {f"bookbag_{service}": [f"{service}_owner", *roles(service)] for service in SERVICES}
    return {**own, "bookbag_keys": ["keys_owner", "keys_eraser", CLEARER, *(f"keys_{service}" for service in SERVICES)]}


def generate(folder: Path) -> dict[str, str]:
    """Makes what is missing and returns the password of every login role."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = sorted({role for allowed in databases().values() for role in allowed})
    passwords: dict[str, str] = json.loads(
        _once(folder / "passwords.json", lambda: json.dumps({name: secrets.token_urlsafe(24) for name in names}))
    )
    if missing := [name for name in names if name not in passwords]:  # a service was added since
        passwords |= {name: secrets.token_urlsafe(24) for name in missing}
        write(folder / "passwords.json", json.dumps(passwords))
    for name in ("installation.key", "index.key", *(f"{service}.idempotency.key" for service in SERVICES)):
        _once(folder / name, lambda: b64encode(secrets.token_bytes(KEY_BYTES)).decode())
    for name in ("gateway.secret", *(f"{service}.credential" for service in SERVICES)):
        _once(folder / name, lambda: secrets.token_urlsafe(KEY_BYTES))
    _once(folder / "operator.password", lambda: secrets.token_urlsafe(18))
    for name in ("principal", "certificate", "checkpoint"):
        _signing_key(folder, name)
    _once(folder / "checkpoint.keys", lambda: _first_ring(folder / "checkpoint.key"))
    _credentials(folder)
    _passfiles(folder, passwords)
    return passwords


def _signing_key(folder: Path, name: str) -> None:
    private = folder / f"{name}.key"
    text = _once(
        private,
        lambda: (
            Ed25519PrivateKey.generate()
            .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            .decode()
        ),
    )
    key = serialization.load_pem_private_key(text.encode(), password=None)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    write(folder / f"{name}.pub", public.decode())


def _first_ring(private: Path) -> str:
    """Of the keys that sign checkpoints; `rotate` (deploy/operator/checkpoints.py) adds the later ones."""
    return lines_of([first_line(private_key(private.read_bytes()), SystemClock().now())])


def _credentials(folder: Path) -> None:
    """For each service: who may read its internal paths, by the hash of the credential they present."""
    hashes = {
        service: hashlib.sha256((folder / f"{service}.credential").read_bytes().strip()).hexdigest()
        for service in SERVICES
    }
    for service in SERVICES:
        others = {consumer: found for consumer, found in hashes.items() if consumer != service}
        write(folder / f"{service}.credentials.json", json.dumps(others))


def _passfiles(folder: Path, passwords: dict[str, str]) -> None:
    def lines(database: str, names: Sequence[str]) -> str:
        return "".join(f"*:*:{database}:{name}:{passwords[name]}\n" for name in names)

    owners = "".join(lines(database, allowed[:1]) for database, allowed in databases().items())
    write(folder / "passfile.owner", owners + lines("bookbag_keys", ["keys_eraser"]))
    for service in SERVICES:
        keys, own = lines("bookbag_keys", [f"keys_{service}"]), f"bookbag_{service}"
        worker = [f"{service}_worker"]
        clears = lines("bookbag_keys", [CLEARER]) if service in CATEGORIES[Category.MEDIA].opened_by else ""
        write(folder / f"passfile.{service}.worker", keys + clears + lines(own, worker))
        api = [role for role in roles(service) if role not in worker]
        write(folder / f"passfile.{service}.api", keys + lines(own, api))


def _once(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        write(path, make())
    return path.read_text()


def write(path: Path, text: str) -> None:
    """A secret, whole or not at all: one that was half written would lock an installation out."""
    partial = path.with_name(path.name + ".new")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
