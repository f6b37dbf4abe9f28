"""policymix: a laboratory for city incentive packages.

Every name below is imported when it is first used, so that ``import policymix`` costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_NAMES = {  # public name -> module and name in it; the module itself where there is none
    "run": ("policymix.experiments.api", "run"),
    "sweep": ("policymix.experiments.sweep", "sweep"),
    "CityModel": ("policymix.experiments.city_model", "CityModel"),
    "load": ("policymix.experiments.api", "load"),
    "replay": ("policymix.experiments.replay", "replay"),
    "open_results": ("policymix.experiments.store", "open_results"),
    "entitlement": ("policymix.policy.entitlement", "entitlement"),
    "compare": ("policymix.analysis.compare", "compare"),
    "figures": ("policymix.report.axes", ""),
}

__all__ = ["__version__", *_NAMES]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'policymix' has no attribute '{name}'; it has {', '.join(__all__)}")
    module, attribute = _NAMES[name]
    found = import_module(module)
    value = getattr(found, attribute) if attribute else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
