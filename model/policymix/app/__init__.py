"""The page in the browser: what a visitor chooses, and how the answer comes."""
