"""Statistics turned into places, industries, environment, totals to rake to and records of the largest firms."""
