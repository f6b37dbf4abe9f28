# %% [markdown]
# # First steps · 第一步
#
# What do Dalian's published packages change by 2025 against doing nothing, and what do they cost? One run answers, with intervals. Every number below comes from the
# run in this notebook; other parameters give another page: `policymix notebook first-steps --set draws=40`.
#
# 大连已公布的两项政策到 2025 年改变了什么?财政付出多少?以下数字均由本笔记本中的一次运行得出。

# %% tags=["parameters"]
scenario = "dalian-2025"
draws = 20
mix = "none,dalian-2021,htz-2022,both=dalian-2021+htz-2022"

# %%
# %matplotlib inline
from IPython.display import Markdown

import policymix
from policymix.report import tables
from policymix.report.answer import answer

results = policymix.run(scenario, mix=mix, draws=draws)
results

# %% [markdown]
# ## The answer in one table
#
# Every mix is set against the baseline with the same parameters and the same luck, so that a difference is the package's. Where a difference is smaller than two
# standard errors, the table says *not resolved* and gives no number.

# %%
found = answer(results)
Markdown(tables.to_markdown(found.table))

# %%
Markdown(tables.to_markdown(found.table, "zh"))

# %% [markdown]
# ## How the core-industry share moves
#
# Above the levels, whose width is what nobody knows; below the paired differences, which is what a package does. The second is a hundred times smaller than the first.

# %%
_ = policymix.figures.core_share(results)

# %% [markdown]
# ## How much of the supported investment would have happened anyway

# %%
_ = policymix.figures.additionality(results)

# %% [markdown]
# ## Where the money goes

# %%
_ = policymix.figures.money(results)

# %% [markdown]
# ## One number by hand
#
# The results are one labelled `xarray.Dataset`: choose by name, average over draws, subtract the baseline of the same draw.

# %%
share = results.core_share.sel(prices="free", year=int(results.year[-1]))
difference = 100 * (share.sel(mix=results.mix[-1]) - share.sel(mix=results.attrs["baseline"]))
error = float(difference.mean("replicate").std("draw", ddof=1)) / draws**0.5
Markdown(
    f"Mix **{results.mix[-1].values!s}** moves the share by **{float(difference.mean()):+.3f}** percentage points "
    f"(standard error {error:.3f}), the middle 90 % of draws between {float(difference.quantile(0.05)):+.3f} and "
    f"{float(difference.quantile(0.95)):+.3f}."
)
