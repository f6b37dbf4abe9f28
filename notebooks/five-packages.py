# %% [markdown]
# # Five packages in one city · 五项政策放到同一座城市
#
# What would the measures of other cities do in Dalian? Every package meets the same firms with the same luck. A role that Dalian lacks (a county) stands for the city.
#
# 其他城市的政策放到大连会怎样?每项政策面对同样的企业和同样的偶然因素。

# %% tags=["parameters"]
scenario = "dalian-2025"
packages = ["dalian-2021", "htz-2022", "qingdao-2023", "shiyan-2022"]
together = ["dalian-2021", "htz-2022"]
draws = 20

# %%
# %matplotlib inline
from IPython.display import Markdown

import policymix
from policymix.report import tables
from policymix.report.answer import answer

mixes = {"none": [], **{name: [name] for name in packages}, "both": together}
results = policymix.run(scenario, mix=mixes, draws=draws)

# %% [markdown]
# ## Side by side

# %%
Markdown(tables.to_markdown(answer(results).table))

# %% [markdown]
# ## What is additional in what they pay for

# %%
_ = policymix.figures.additionality(results)

# %% [markdown]
# ## Who gains
#
# Net investment of a firm in every place and industry: what its own claims add, and what those of others take from it.

# %%
_ = policymix.figures.classes(results)

# %% [markdown]
# ## What a million buys
#
# The same money does not buy the same in every package: some pay for what would have happened anyway, some for little but new.

# %%
paid = results.paid.sum(["quarter", "clause", "payer"]).mean(["draw", "replicate"]) / 1e6
firms = results.active_firms.sel(prices="free").isel(quarter=-1).sum(["place", "industry"])
more = (firms - firms.sel(mix="none")).mean(["draw", "replicate"])
investment = results.additional.sel(prices="free", activity="investment").mean(["draw", "replicate"]) / 1e6
lines = [
    f"| {mix} | {float(paid.sel(mix=mix)):,.0f} | {float(investment.sel(mix=mix)):,.0f} | {float(more.sel(mix=mix)):,.1f} |"
    for mix in results.mix.values[1:]
]
head = [
    "| mix | paid, million CNY | additional investment, million CNY | more active firms in 2025 |",
    "|---|---|---|---|",
]
Markdown("\n".join([*head, *lines]))
