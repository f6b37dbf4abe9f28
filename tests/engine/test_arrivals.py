"""Newcomers say where they come from: a clause for teams from elsewhere pays the model's own firms."""

import numpy as np
import pytest

from policymix.engine.claims import MADE
from policymix.engine.timetable import FREE
from policymix.engine.unit import run_unit
from policymix.experiments.inputs import gather, uncertainties
from policymix.experiments.runner import draw_values, setting_of
from policymix.experiments.scenario import load_scenario, with_options


@pytest.mark.slow
def test_prize_teams_from_elsewhere_claim_and_founders_of_the_place_do_not():
    inputs = gather(with_options(load_scenario(), draws=1, mix="none,qingdao-2023"))
    priors = uncertainties(inputs)
    values = dict(zip([prior.name for prior in priors], draw_values(inputs, priors)[0][0].tolist(), strict=True))
    setting = setting_of(inputs)
    clause = setting.mixes["qingdao-2023"].clauses.index("qingdao-2023/25b")
    made = {}
    for mobile in (0.0, 0.5):
        drawn = values | {"parameter.contest_team_share": 0.9, "parameter.mobile_share": mobile}
        (result,) = (r for r in run_unit(setting, drawn, 2021, 0).results if (r.mix, r.mode) == ("qingdao-2023", FREE))
        made[mobile] = int(np.sum(result.out.clause[:, clause, MADE]))
    assert made[0.0] == 0 < made[0.5]
