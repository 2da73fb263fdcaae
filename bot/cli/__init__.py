"""The `threadline` command: one module for each group of commands, one function for each command.

`console.py` has the code that they share: common options, exit codes and printing.
"""

from __future__ import annotations

import os

import click

from bot.cli import dead, init, inspection, maintenance, privacy, running, sending, setup
from bot.cli.console import CODES

_SECTIONS: dict[str, list[click.Command]] = {
    "Run": [running.run, running.demo, running.version],
    "Set up": [init.init, setup.doctor, setup.manifest, setup.callbacks, setup.prime],
    "Watch": [inspection.status, inspection.tail, inspection.leases, inspection.route],
    "Database": [maintenance.backup, maintenance.restore, maintenance.migrate],
    "Texts": [sending.send, sending.retry, dead.dead],
    "Privacy": [privacy.export, privacy.erase],
}


_LINE = 200  # characters: long enough for the whole first sentence of a command


class _Sections(click.Group):
    """A group whose help lists its commands under headings."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Writes the commands in the order of the sections."""
        for title, commands in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(str(each.name), each.get_short_help_str(_LINE)) for each in commands])


@click.group(
    cls=_Sections,
    commands=[command for commands in _SECTIONS.values() for command in commands],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=CODES,
)
@click.pass_context
def main(context: click.Context) -> None:
    """SMS inside Slack: one thread per conversation.

    Run a command with --help for details and examples.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False
