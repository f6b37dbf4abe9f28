"""The reference rule set that speed is measured on: a small model of firms with the shape of a real one.

It is a load, not economics: its numbers are chosen so that every branch is taken at a plausible rate.
"""
