"""`python -m cvae_core`: the `cvae` command."""

from cvae_core.cli import main

if __name__ == "__main__":
    main()
