"""The engine: luck, the quarter's timetable, the compiled loop, the Mesa view, accounts."""


def warm(rules: str = "") -> bool:
    """Compile the loop unless the cache holds it; True if there was something to compile."""
    from .warm import warm as compile_loop

    return compile_loop(rules)
