"""The live service: sessions of running factories, streamed to many viewers."""
