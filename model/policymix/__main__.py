"""``python -m policymix`` is ``policymix``."""

from policymix.cli import main

if __name__ == "__main__":
    main()
