"""The `threadline` command: one module for each kind of thing that an operator does, one function for each command.

`frame.py` has what they share: the options, how they end, and how they print.
"""

from __future__ import annotations

import click

from bot.cli import dead, looking, running, sending, setting_up
from bot.cli.frame import CODES


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=CODES)
def main() -> None:
    """Text messages inside Slack: one thread per conversation."""


for command in (
    running.run,
    running.demo,
    running.version,
    setting_up.doctor,
    setting_up.manifest,
    setting_up.callbacks,
    setting_up.prime,
    looking.status,
    looking.leases,
    looking.route,
    sending.send,
    dead.dead,
):
    main.add_command(command)
