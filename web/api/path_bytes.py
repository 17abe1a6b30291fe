"""Paths over JSON and in addresses: base64url of the path's bytes, since file names need not be UTF-8.

Invariant: decoding what was encoded gives the same bytes; padding may be left out.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema


def encode(path: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(path).rstrip(b"=").decode()


def decode(text: object) -> object:
    """Inverse of :func:`encode`; bytes pass. Raises ValueError for what is no base64url."""
    if not isinstance(text, str):
        return text
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("must be base64url of the path's bytes") from error


PathBytes = Annotated[
    bytes,
    BeforeValidator(decode),
    PlainSerializer(encode, return_type=str),
    WithJsonSchema({"type": "string", "contentEncoding": "base64url", "pattern": "^[A-Za-z0-9_-]*=*$"}),
]
