"""Signed data on the bus: compact JWS (RFC 7515), checked with the public keys of a key set.

DSX Flex names ES256 and RS256 as the algorithms; a signature's header names its key by ``kid``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import InputError
from twin.extras import need

ALGORITHMS = {"EC": "ES256", "RSA": "RS256"}


@dataclass(frozen=True)
class Keys:
    """Public keys by id, each with the one algorithm it is used with."""

    keys: dict[str, tuple[Any, str]]

    def verified(self, text: str) -> Any:
        """JSON that a signature vouches for; raises InputError when none of the keys does."""
        from jwt import PyJWS
        from jwt.exceptions import PyJWTError

        signature = PyJWS()
        try:
            name = signature.get_unverified_header(text).get("kid")
            known = self.keys.get(name) if isinstance(name, str) else None
            if known is None:
                raise InputError(
                    "signed with a key that is not known here",
                    key="kid",
                    found=repr(name)[:60],
                    allowed=", ".join(self.keys),
                )
            key, algorithm = known
            return json.loads(signature.decode(text, key, algorithms=[algorithm]))
        except (PyJWTError, ValueError, RecursionError) as error:
            raise InputError(f"the signature does not hold: {error}", key="data") from None


def read_keys(file: Path) -> Keys:
    """Read a JSON Web Key Set (RFC 7517): P-256 keys (ES256) and RSA keys (RS256), each with a kid.

    Raises InputError: unreadable, no such set, a key that is not public or of another kind, or
    without a name. MissingExtra: the library that checks signatures is not installed.
    """
    need("mqtt", "jwt", "cryptography", what="--mqtt-flex-keys")
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        rows = content["keys"]
        if not isinstance(rows, list) or not rows:
            raise ValueError("it holds no keys")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"key set cannot be read: {error}", file, allowed='{"keys": [...]}, as RFC 7517 says'
        ) from None
    keys: dict[str, tuple[Any, str]] = {}
    for number, row in enumerate(rows, start=1):
        where = f"keys[{number}]"
        if not isinstance(row, dict) or not isinstance(row.get("kid"), str):
            raise InputError("a key without a name (kid)", file, key=where)
        algorithm = ALGORITHMS.get(str(row.get("kty")))
        if (
            algorithm is None
            or row.get("alg", algorithm) != algorithm
            or (algorithm == "ES256" and row.get("crv") != "P-256")
        ):
            raise InputError(
                "a key of another kind", file, key=where, allowed="EC on P-256 (ES256), RSA (RS256)"
            )
        if "d" in row:
            raise InputError("a private key; only its public half belongs here", file, key=where)
        if row["kid"] in keys:
            raise InputError("name used twice", file, key=where, found=row["kid"][:60])
        try:
            keys[row["kid"]] = (PyJWK(row, algorithm).key, algorithm)
        except (PyJWTError, ValueError, TypeError, KeyError) as error:
            raise InputError(f"not a key: {error}", file, key=where) from None
    return Keys(keys)
