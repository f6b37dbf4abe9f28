"""Facts that the untreated city must show: their bands, their estimators, the runs they are estimated on."""
