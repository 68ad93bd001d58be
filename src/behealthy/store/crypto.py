"""The vault: words of notes are sealed before they reach the database and opened only in memory.

AES-256-GCM with a random nonce each time (NIST SP 800-38D). What a sealed text belongs to is authenticated with it, so
that one row's bytes do not open in another row. Keys for equality (the same note twice) are HMAC-SHA-256 under a key
derived from the same file: without it nobody can test whether a known text is stored.

The key is a file of its own, made at the first start. Whoever loses it has lost the notes; whoever backs it up beside
the database has not encrypted them. This module refuses to guess: a key that does not fit is said so.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from behealthy.errors import VaultError

_NONCE = 12
_HEADER = b"bh1"  # names the way it was sealed, so that another can come later
_LINE = "behealthy-note-key-1:"


class Vault:
    """Seals and opens with one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise VaultError(f"a note key has 32 bytes, this one {len(key)}")
        self._cipher = AESGCM(hashlib.sha256(b"seal" + key).digest())
        self._tag_key = hashlib.sha256(b"tag" + key).digest()

    def __repr__(self) -> str:
        return "Vault(***)"

    def seal(self, text: str | bytes, about: str) -> bytes:
        """When called, it will encrypt a text for its place.

        Parameters
        ----------
        about : str
            What it belongs to, as ``note:n_01...``; it opens only with the same words.
        """
        nonce = secrets.token_bytes(_NONCE)
        plain = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        return _HEADER + nonce + self._cipher.encrypt(nonce, plain, about.encode())

    def open_bytes(self, sealed: bytes, about: str) -> bytes:
        """When called, it will give back what was sealed.

        Raises
        ------
        VaultError
            When it was sealed with another key or for another place, or was changed.
        """
        body = sealed[len(_HEADER) :]
        try:
            if not sealed.startswith(_HEADER):
                raise InvalidTag
            return self._cipher.decrypt(body[:_NONCE], body[_NONCE:], about.encode())
        except (InvalidTag, ValueError) as exc:
            raise VaultError(f"{about} cannot be opened: it was sealed with another key, or was changed") from exc

    def open(self, sealed: bytes, about: str) -> str:
        """When called, it will give back a text that was sealed; see `open_bytes`."""
        return self.open_bytes(sealed, about).decode("utf-8", "surrogatepass")

    def tag(self, *parts: str) -> str:
        """When called, it will give 64 hexadecimal digits that are equal for equal parts, and tell nothing of them."""
        message = b"".join(len(p := part.encode("utf-8", "surrogatepass")).to_bytes(8, "big") + p for part in parts)
        return hmac.new(self._tag_key, message, hashlib.sha256).hexdigest()


def open_vault(path: Path, *, create: bool = True) -> Vault:
    """When called, it will read the key file, and make one first where there is none.

    Raises
    ------
    VaultError
        When the file is none of ours, cannot be read or written, or others may read it.
    """
    try:
        if create and not path.exists():
            keep_key(path, secrets.token_bytes(32))
        if path.stat().st_mode & 0o077:
            raise VaultError(f"note key {path}: others may read it; run chmod 600 on it")
        line = path.read_text(encoding="ascii").strip()
        if not line.startswith(_LINE):
            raise VaultError(f"note key {path}: this file is not a note key")
        return Vault(bytes.fromhex(line.removeprefix(_LINE)))
    except (UnicodeDecodeError, ValueError) as exc:
        raise VaultError(f"note key {path}: this file is not a note key") from exc
    except OSError as exc:
        raise VaultError(f"note key {path}: {exc.strerror}") from exc


def keep_key(path: Path, key: bytes) -> None:
    """When called, it will write a key whole, then put it in its place unless another process was faster.

    Raises
    ------
    OSError
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(_LINE + key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        folder = os.open(path.parent, os.O_RDONLY)  # its entry must be on the disk before the first note is sealed
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        fresh.unlink()
