"""The command line as ``python -m chainrule``."""

if __name__ == "__main__":
    from .frontend.cli import main

    main()
