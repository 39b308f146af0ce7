"""The live service: sessions of running factories, streamed to many viewers."""

from twin.server.run import serve

__all__ = ["serve"]
