"""The engine: luck, the quarter's timetable, the compiled loop, the Mesa view, accounts."""
