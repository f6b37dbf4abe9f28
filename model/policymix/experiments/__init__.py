"""Scenarios, parameters, the runner and the store: everything about running the model many times."""
