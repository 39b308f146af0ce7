"""Where the broker is, and under which names the twin speaks there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from twin.errors import InputError
from twin.mqtt.signatures import Keys, read_keys

PASSWORD = "TWIN_MQTT_PASSWORD"  # environment variable


@dataclass(frozen=True)
class Broker:
    """Where the broker is, and under which names the twin speaks.

    Attributes
    ----------
    integration : name of the system whose requests are taken
    name : of this building system and flex agent on the bus
    flex : whether load targets of the grid are taken
    flex_keys : public keys of which one must have signed them, or None where they come unsigned
    """

    host: str
    port: int = 1883
    user: str | None = None
    tls: bool = False
    integration: str = "TWIN"
    name: str = "BMS"
    flex: bool = False
    flex_keys: Keys | None = None


def parse_broker(
    address: str, integration: str = "TWIN", flex: bool = False, flex_keys: Path | None = None
) -> Broker:
    """Read ``mqtt://user@host:port`` or ``mqtts://...``; raises InputError.

    ``flex_keys`` is a JSON Web Key Set; naming one switches load targets on.
    The password comes from the environment (TWIN_MQTT_PASSWORD), never from the address.
    """
    allowed = "such as mqtt://127.0.0.1:1883 or mqtts://user@host"
    try:
        parts = urlsplit(address if "://" in address else f"mqtt://{address}")
        port = parts.port
    except ValueError:
        raise InputError("not the address of a broker", key="--mqtt", allowed=allowed) from None
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise InputError("not the address of a broker", key="--mqtt", allowed=allowed)
    if parts.password is not None:
        raise InputError(
            "a password does not belong into an address",
            key="--mqtt",
            allowed=f"the environment variable {PASSWORD}",
        )
    if not integration or any(c in integration for c in "/+#\0"):
        raise InputError("not a name for topics", key="--mqtt-integration", found=integration)
    tls = parts.scheme == "mqtts"
    return Broker(
        parts.hostname,
        port or (8883 if tls else 1883),
        parts.username,
        tls,
        integration,
        flex=flex or flex_keys is not None,
        flex_keys=read_keys(flex_keys) if flex_keys is not None else None,
    )
