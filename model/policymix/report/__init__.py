"""What a reader sees: figures, tables, the terminal's answer and the self-contained page."""
