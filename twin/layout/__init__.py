"""Layouts: files that say what stands where and what feeds what."""

from twin.layout.loader import Layout, bundled_layouts, load_layout

__all__ = ["Layout", "bundled_layouts", "load_layout"]
