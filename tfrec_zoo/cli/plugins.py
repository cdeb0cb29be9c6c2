"""Packages that add models, losses, kinds, data sets, commands and so on to the command line."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

from tfrec_zoo.cli.tensorflow_noise import import_quietly

GROUP = "tfrec_zoo.plugins"
"""Entry points of this group name modules that register what they add when they are imported."""


def load_plugins() -> None:
    """Import the modules that installed packages name; one that fails is named on stderr and passed over."""
    found = entry_points(group=GROUP)
    if found:
        import_quietly()
    for entry in found:
        try:
            entry.load()
        except Exception as error:  # whatever it is, the other commands must go on
            print(
                f"tfrec-zoo: the plugin {entry.name!r} ({entry.value}) could not be loaded: "
                f"{type(error).__name__}: {error}",
                file=sys.stderr,
            )
