"""The decisions of one firm, a decision a file, as pure functions of plain numbers.

Every function can be read next to the equation in its docstring, runs in Python for one firm and is inlined into the
compiled loop for millions. Rules that run for every firm in every quarter have no branches: choices are made by
``min``, ``max`` and selection, so that the loop becomes vector instructions. Rules know no clause and hold no random
number generator.
"""

MODULES = ("produce", "invest", "kink", "research", "adopt", "take_up", "locate", "enter", "leave", "ladder")
