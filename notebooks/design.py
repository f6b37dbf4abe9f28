# %% [markdown]
# # The best package for a budget · 给定预算下的最优政策组合
#
# Which clauses of Dalian's, its High-tech Zone's and Shiyan's documents should a city with 600 million CNY for five years choose, at which rates and amounts? And does that beat the
# published packages with the same money?
#
# 在五年六亿元的预算下,应选用哪些条款、多高的标准?与缩放到同一预算的已发布政策相比如何?

# %% tags=["parameters"]
problem = "dalian-600"
budget = 600_000_000
draws = 10
fresh = 32
evaluations = 320
target = "dalian-2020/t2"
probability = 0.7

# %%
# %matplotlib inline
from IPython.display import Markdown

from policymix.analysis.design import design
from policymix.analysis.smallest_budget import must_be_true, smallest_budget
from policymix.errors import InvalidValue
from policymix.experiments.design_problem import load_problem, with_numbers
from policymix.report.answers import to_markdown
from policymix.report.design import design_pages, front_figure, smallest_figure, smallest_page, truth_page, verdict

chosen = with_numbers(load_problem(problem), budget=budget, draws=draws, fresh=fresh, evaluations=evaluations)
answer = design(chosen)
Markdown(f"**{verdict(answer)}**")

# %% [markdown]
# ## The front and the published packages
#
# The search sees a few draws of what is uncertain, the same for every candidate. The best candidate of a search looks better in those than it is, so everything below is measured again in
# other draws with other luck; numbers in brackets are those that the search saw. A published package has all its amounts of money multiplied until it costs the budget.

# %%
front_figure(answer)

# %%
Markdown(to_markdown(design_pages(answer)[0]))

# %% [markdown]
# ## What must be true
#
# The one uncertain number that best tells draws in which the recommended package reaches the best published package's mean from those in which it does not. With hundreds of numbers and a few dozen
# draws one of them always looks good: the last column says how often chance alone does as well.

# %%
Markdown(to_markdown(truth_page(must_be_true(answer))))

# %% [markdown]
# ## The smallest budget for a target
#
# The other way round: how much money does each published package need to meet a target with a given probability?

# %%
try:
    needed = smallest_budget(chosen, target, probability)
    shown = Markdown(to_markdown(smallest_page(needed)))
except InvalidValue as error:  # the city meets it without a package
    needed, shown = None, Markdown(str(error))
shown

# %%
smallest_figure(needed) if needed is not None else None
