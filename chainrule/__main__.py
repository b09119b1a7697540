"""The command line as ``python -m chainrule``."""

if __name__ == "__main__":
    from chainrule.frontend.cli import main

    main()
