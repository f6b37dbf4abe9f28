# %% [markdown]
# # Calibration and back-test · 校准与回溯检验
#
# What does the model rest on, and how did it do where the answer is known? First the kept fit of a region to its published figures; then forecasts of published
# series from past years, scored against what came and against naive forecasts; last a small back-test that runs here. Misses stand first everywhere.
#
# 模型依据什么?在已知答案之处表现如何?先看已保存的拟合,再看已保存的回溯检验,最后现场做一次小规模回溯检验。未通过者一律在前。

# %% tags=["parameters"]
region = "dalian"
origin = 2021
draws = 8
threads = 2

# %%
# %matplotlib inline
from IPython.display import Markdown

import policymix
from policymix import catalog
from policymix.calibrate import backtest as bench
from policymix.calibrate.series import read_series, training
from policymix.experiments.kept import read_verdicts, stale_verdicts
from policymix.experiments.posterior import open_fit
from policymix.region.evidence import statistics
from policymix.report import backtest, fit_report


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


# %% [markdown]
# ## The fit: is it done, and does it cover its figures?
#
# The posterior was made by `policymix calibrate REGION` from figures up to 2023 only. Nothing is fitted here; the file is read as every run reads it.

# %%
fit = open_fit(catalog.data_root() / "calibration" / "posterior" / f"{region}.nc")
Markdown("\n".join(f"- {line}" for line in fit_report.verdict(fit)))

# %% [markdown]
# Each figure as a run would publish it, under the priors and under the posterior. A name in brackets was not fitted, so that it is a test.

# %%
_ = policymix.figures.moments(fit, lang="both")

# %%
rows = fit_report.moment_rows(fit)
Markdown(table(fit_report.MOMENTS, rows[:12]) + f"\n\nThe first 12 of {len(rows)}, misses first.")

# %% [markdown]
# ## What the figures say of each number
#
# 1 means that the published figures say nothing: the posterior is the prior. City series do not identify how strongly firms respond to money, so that every effect
# size keeps its prior; its range is in all intervals of a run.

# %%
if fit.sizes["parameter"]:
    _ = policymix.figures.numbers(fit, lang="both")

# %%
effects = [
    "parameter.capital_elasticity",
    "parameter.research_elasticity",
    "parameter.adoption_response",
    "parameter.wage_elasticity",
]
ratio = dict(zip(fit.number.values.tolist(), fit.ratio.values.tolist(), strict=True))
kept = [name for name in ratio if ratio[name] > 0.95]
Markdown(
    f"Of {len(ratio)} uncertain numbers {fit.sizes['parameter']} are fitted; **{len(kept)}** keep at least 95 % of their prior spread. "
    "Effect sizes: " + ", ".join(f"`{name}` {ratio[name]:.2f}" for name in effects) + "."
)

# %% [markdown]
# ## The kept back-test
#
# At every origin only figures and packages up to its year are known. A series is forecast well where its CRPS is below that of each naive rival.

# %%
known = read_verdicts(f"backtest-{region}")
stale = stale_verdicts(f"backtest-{region}")
Markdown("\n".join(backtest.markdown(known)) + ("\n\n**Code or data have changed since.**" if stale else ""))

# %% [markdown]
# ## A small back-test, here and now
#
# One origin and few simulated cities: enough to see how it is done, too few to judge by. The whole one is `policymix backtest REGION`.

# %%
path = catalog.evidence("city_statistics.csv")
learnt = training(statistics(path), path)
result = bench.backtest(region, read_series(), learnt, learnt, origins=[origin], draws=draws, threads=threads)
_ = policymix.figures.forecasts(result, lang="both")

# %%
found = backtest.content(result, [])
Markdown(table(backtest.SERIES_HEAD, [backtest.series_cells(row) for row in found["rows"]]))

# %%
held = [point.inside(0.9) for point in result.points]
Markdown(
    f"From {origin}, with {draws} cities: 90 % intervals hold **{sum(held)} of {len(held)}** later figures; "
    f"{sum(row['beats'] for row in found['rows'])} of {len(found['rows'])} series are forecast better than by every naive rival. "
    f"Kept, from {len(known['origins'])} origins with {known['draws']} cities each: {sum(row['beats'] for row in known['rows'])} of {len(known['rows'])}."
)
