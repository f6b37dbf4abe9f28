"""Units of work for tests: a scenario's setting and the numbers of one of its draws."""

import numpy as np

from policymix.engine import loop
from policymix.engine.unit import run_unit
from policymix.experiments.inputs import gather, uncertainties
from policymix.experiments.runner import draw_values, setting_of
from policymix.experiments.scenario import with_options


def unit(scenario, draw=0, contract=True, **options):
    """The setting of a scenario with options, and the numbers of a draw by address."""
    rules = options.pop("rules", scenario.rules)
    inputs = gather(with_options(scenario.model_copy(update={"rules": rules}), **options))
    priors = uncertainties(inputs)
    values, _ = draw_values(inputs, priors)
    return setting_of(inputs, contract), dict(zip([p.name for p in priors], values[draw].tolist(), strict=True))


def loop_of(setting):
    """The compiled loop that a setting's runs use."""
    return loop.module(setting.rules, setting.contract, setting.general)


def results(scenario, luck=0, seed=7, **options):
    """Results of one unit by (mix, mode)."""
    setting, values = unit(scenario, **options)
    done = run_unit(setting, values, seed, luck)
    return {(result.mix, result.mode): result for result in done.results}


def same(a, b, quarters=slice(None)):
    """Whether two results have the same outcomes, bit for bit; clauses and packages apart."""
    names = [name for name in a.out._fields if name != "clause"]
    return all(np.array_equal(getattr(a.out, n)[quarters], getattr(b.out, n)[quarters]) for n in names)
