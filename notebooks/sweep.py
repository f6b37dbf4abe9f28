# %% [markdown]
# # A sweep and its results · 参数扫描
#
# A study varies levers (what a designer sets) apart from uncertainties (what nobody controls). Here: for how many years should the zone waive rents, for how much space,
# with what budget? Every lever point meets the same draws and the same luck, so that points differ by the levers alone.

# %% tags=["parameters"]
study = "htz-rents"
draws = 10

# %%
# %matplotlib inline
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt

import policymix

folder = Path(mkdtemp()) / study
chosen = policymix.load(study, "studies").model_copy(update={"draws": draws})
results = policymix.sweep(chosen, out=folder)
results

# %% [markdown]
# ## What is in the store
#
# A lever point is a `mix`, an uncertainty point a `draw`; the values of the levers are coordinates of `mix`. Nothing is read before it is used.

# %%
levers = [name for name, values in results.coords.items() if values.dims == ("mix",) and name != "mix"]
results[levers].to_dataframe()

# %% [markdown]
# ## Firms in the zone against money paid
#
# A point for every package; the error bars are standard errors of paired differences to the first point.

# %%
paid = results.paid / 1e6
firms = results.active_firms
first = results.mix[0]
runs = [dim for dim in ("prices", "replicate", "place") if dim in firms.dims]
more = (
    (firms - firms.sel(mix=first))
    .sum([dim for dim in runs if dim == "place"])
    .mean([dim for dim in runs if dim != "place"])
)
spent = (paid - paid.sel(mix=first)).mean([dim for dim in paid.dims if dim not in ("mix", "draw")])

figure, axis = plt.subplots(figsize=(7, 4))
axis.errorbar(
    spent.mean("draw"),
    more.mean("draw"),
    xerr=spent.std("draw") / draws**0.5,
    yerr=more.std("draw") / draws**0.5,
    fmt="o",
)
for name in results.mix.values:
    axis.annotate(
        str(name),
        (spent.mean("draw").sel(mix=name), more.mean("draw").sel(mix=name)),
        fontsize=7,
        xytext=(4, 3),
        textcoords="offset points",
    )
axis.set_xlabel("paid more than the first point over the horizon, million CNY (nominal)")
axis.set_ylabel("more active firms at the end")
axis.set_title("What longer waivers, larger offices and larger budgets buy")
