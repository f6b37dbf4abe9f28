# %% [markdown]
# # What drives the answer · 结果取决于什么
#
# Dalian's packages move the core share a little, at a price that is not known well. Which assumptions is that due to, when do targets fail, and what would turn the
# ranking of the packages round? The first part reads ordinary draws, the second a designed study.
#
# 大连政策的效果取决于哪些假设?目标在什么条件下落空?什么会改变政策排序?

# %% tags=["parameters"]
scenario = "dalian-2025"
study = "dalian-sensitivity"
draws = 200
points = 128
replicates = 2

# %%
# %matplotlib inline
from pathlib import Path
from tempfile import mkdtemp

from rich.console import Console

import policymix
from policymix.analysis.discovery import discover
from policymix.analysis.given_data import given_data
from policymix.analysis.information import mind
from policymix.analysis.sensitivity import sobol
from policymix.experiments.inputs import gather, uncertainties
from policymix.report import sensitivity_figures as pictures
from policymix.report.answers import print_pages
from policymix.report.sensitivity import discovery_pages, mind_pages, sensitivity_pages

chosen = policymix.load(scenario, "scenarios")
priors = uncertainties(gather(chosen))
results = policymix.run(scenario, draws=draws)
wide = Console(width=150)

# %% [markdown]
# ## Of three hundred unknowns, the few that matter
#
# The draws come jointly from the fit, so that a share also counts what goes along with a number. With so many unknowns the largest share of pure chance is not small:
# the last row says how large, and only what lies beyond it has a number.

# %%
headline = ["paid", "active_firms_city", "employment_city", "core_share"]
shares = given_data(results, mixes=["both"], outcomes=headline, times=[], priors=priors)
cells = [name for name in headline if name in shares.cell.values]
print_pages(sensitivity_pages(shares, cells), wide)

# %%
pictures.sensitivity(shares, cells)

# %% [markdown]
# ## One by one and together, and how much is luck
#
# The study moves eight of them over their priors, with all else at its default, and runs every point twice with other luck. *Alone* is what a number explains by itself,
# *total* with all it does together with others; what the two runs of one point differ by is luck, which no study of parameters can remove.

# %%
designed = policymix.load(study, "studies")
moved = {**designed.uncertainties, "points": points}
designed = designed.model_copy(update={"uncertainties": moved, "replicates": replicates})
swept = policymix.sweep(designed, out=Path(mkdtemp()) / designed.id)
indices = sobol(swept, priors=priors)
print_pages(sensitivity_pages(indices), wide)

# %%
pictures.sensitivity(indices)

# %% [markdown]
# Over time: opportunities opened by the city move the share early; by the end, luck and the choice of city weigh more.

# %%
pictures.over_time(indices, [cell for cell in indices.cell.values if str(cell).startswith("core_share")])

# %% [markdown]
# ## When does it cost more than expected?
#
# The draws in which both packages together pay more than they do in seven draws of ten, and the conditions that they share.

# %%
paid = results.paid.sel(mix="both").sum(["quarter", "clause", "payer"]).mean("replicate")
line = float(paid.quantile(0.7))
boxes = discover(results, outcome="paid", above=line, mix="both", priors=priors)
print_pages(discovery_pages(boxes), wide)

# %%
pictures.discovery(boxes)

# %% [markdown]
# ## What would change the mind
#
# Both packages against the zone's alone, by value added gained less what the payments cost the public. Where a curve crosses nought, the ranking turns.

# %%
turning = mind(results, "net_benefit", mix="both", against="htz-2022", priors=priors)
print_pages(mind_pages(turning), wide)

# %%
pictures.mind(turning)
