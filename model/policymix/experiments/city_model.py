"""A scenario as a Mesa model, for those who know Mesa: ``CityModel.from_scenario("dalian-2025", mix="both")``.

Importing this module imports Mesa.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from policymix.engine.mesa_view import MesaCity
from policymix.errors import InvalidValue
from policymix.experiments.inputs import gather, uncertainties
from policymix.experiments.runner import draw_values, setting_of
from policymix.experiments.scenario import DEFAULT, Scenario, load_scenario, with_options


class CityModel(MesaCity):
    """A city under one mix of a scenario: ``step`` is one quarter, ``agents`` are firms, ``out`` holds outcomes."""

    @classmethod
    def from_scenario(
        cls,
        scenario: str | os.PathLike[str] | Mapping[str, Any] | Scenario = DEFAULT,
        *,
        mix: str | None = None,
        draw: int = 0,
        replicate: int = 0,
        rules: str | None = None,
        contract: bool = True,
        set: Mapping[str, Any] | None = None,
        diary: Iterable[int] = (),
    ) -> CityModel:
        """The city of one draw and replicate at the fork, with the numbers and luck that ``policymix.run`` gives it.

        Parameters
        ----------
        scenario : name, path, table or Scenario
        mix : str, optional
            One of the scenario's mixes; its baseline when not given.
        draw, replicate : int
            Which unit of work.
        rules : str, optional
            Module with rules that take the place of the shipped ones; the scenario's when not given.
        contract : bool
            Whether compiled parts may fuse multiply-adds.
        set : dict, optional
            Values by address.
        diary : iterable of int
            Addresses of firms that keep a diary from the start (``keep_diary`` begins one later).
        """
        chosen = with_options(load_scenario(scenario), set=set)
        if rules is not None:
            chosen = chosen.model_copy(update={"rules": rules})
        for name, number, count in (("draw", draw, chosen.draws), ("replicate", replicate, chosen.replicates)):
            if not 0 <= number < count:
                raise InvalidValue(name, str(number), f"0 to {count - 1}")
        inputs = gather(chosen)
        priors = uncertainties(inputs)
        drawn, _ = draw_values(inputs, priors)
        values = dict(zip([prior.name for prior in priors], drawn[draw].tolist(), strict=True))
        model = cls(setting_of(inputs, contract), values, chosen.seed, draw * chosen.replicates + replicate, mix)
        for address in diary:
            model.keep_diary(address)
        return model
