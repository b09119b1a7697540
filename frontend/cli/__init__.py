"""The command line. One file a command; each is imported when it is asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

# Name -> module here, and the line in the group's help (so that help imports no command).
COMMANDS = {
    "cache": "Say what the disk cache of compiled programs holds, or clear it.",
    "conformance": "Put every op of a package through the conformance suite.",
    "demo": "Run a demonstration from data to trained model.",
    "ops": "List the ops, or tell everything about one.",
    "theory": "List the theory that is stated, or tell one row of it.",
}


class Commands(click.Group):
    """A group that imports a command when it is used, and ends errors in one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f".{cmd_name}", __name__)
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> Any:  # type: ignore[override]
        """Run a command line; ends with exit code 2 for wrong usage and 1 for other errors."""
        extra["prog_name"] = "chainrule"
        if not extra.pop("standalone_mode", True):
            return super().main(args, standalone_mode=False, **extra)
        try:
            code = super().main(args, standalone_mode=False, **extra)
        except click.ClickException as error:
            sys.exit(_told(error))
        except click.Abort:
            click.echo("chainrule: stopped", err=True)
            sys.exit(130)
        sys.exit(code if isinstance(code, int) else 0)


def _told(error: click.ClickException) -> int:
    """Print the error as one sentence; returns the exit code."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "chainrule"
    click.echo(f"{command}: {' '.join(error.format_message().split())}", err=True)
    return error.exit_code


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="chainrule", message="%(prog)s %(version)s")
def main() -> None:
    """Turn NumPy-style Python functions into fast, differentiable programs.

    Ops are plugins: `chainrule ops` lists them, `chainrule ops NAME` tells one's formula, types and
    gradient, and `chainrule conformance PACKAGE` tests those of a package against the contract.
    `chainrule theory` lists the theorems and formulas that they state, and where each is tested.
    `chainrule demo` trains a network before your eyes. Every command explains its options with
    --help.
    """
