"""JSON of a server's REST resources."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from twin.addresses import Address
from twin.errors import InputError

PATIENCE = 20.0  # s without a byte


def fetch(address: Address, path: str, token: str | None = None, **query: str | int | None) -> Any:
    """JSON of a REST resource. Raises InputError: not reachable, refused, not JSON."""
    return _answer_of(urllib.request.Request(address.rest(path, **query)), address, path, token)


def post(address: Address, path: str, body: Mapping[str, Any], token: str | None = None) -> Any:
    """JSON that a REST resource answers to a posted body. Raises InputError as :func:`fetch`."""
    request = urllib.request.Request(address.rest(path), data=json.dumps(dict(body)).encode())
    request.add_header("Content-Type", "application/json")
    return _answer_of(request, address, path, token)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects as usual, but takes no token to another machine."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        onward = super().redirect_request(req, fp, code, msg, headers, newurl)
        if onward is not None and urlsplit(newurl).hostname != urlsplit(req.full_url).hostname:
            onward.remove_header("Authorization")
        return onward


def _answer_of(
    request: urllib.request.Request, address: Address, path: str, token: str | None
) -> Any:
    request.add_header("Accept-Encoding", "gzip")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Redirects())
    try:
        with opener.open(request, timeout=PATIENCE) as response:
            data = response.read()
            if response.headers.get("Content-Encoding") == "gzip":
                data = gzip.decompress(data)
            return json.loads(data)
    except urllib.error.HTTPError as error:
        try:
            body = json.loads(error.read())
            message = str(body.get("message"))
        except (ValueError, AttributeError):
            body, message = {}, f"status {error.code}"
        raise InputError(
            message,
            key=str(body.get("key", path)),
            found=str(body.get("found", "")),
            allowed=str(body.get("allowed", "")),
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be fetched: {error}", key="address", found=address.http) from None
