"""Incentive packages as data: clauses, their arithmetic, and what one firm is entitled to."""
