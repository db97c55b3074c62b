"""Commands that run until they are told to stop: the whole service, or one part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running

if TYPE_CHECKING:
    from publisher.service import Part


def run(
    ctx: typer.Context,
    capture: Annotated[
        bool,
        typer.Option(
            "--capture",
            help="Also run a mail server that keeps what it catches and lets nothing out.",
        ),
    ] = False,
) -> None:
    """Run the whole service: web, clock and worker in one process.

    Brings the database to this version first. Stops cleanly on Ctrl-C and SIGTERM; takes a
    changed config by itself.
    """
    from publisher.service import Part

    _serve(ctx, frozenset(Part), capture=capture)


def web(ctx: typer.Context) -> None:
    """Run the web server alone: feeds, pages, sign-up."""
    from publisher.service import Part

    _serve(ctx, frozenset({Part.WEB}))


def clock(ctx: typer.Context) -> None:
    """Run the clock alone: loads articles, builds feeds, makes issues, reads what comes back."""
    from publisher.service import Part

    _serve(ctx, frozenset({Part.CLOCK}))


def worker(ctx: typer.Context) -> None:
    """Run a worker alone: sends what is due. There may be several on PostgreSQL."""
    from publisher.service import Part

    _serve(ctx, frozenset({Part.WORKER}))


def _serve(ctx: typer.Context, parts: frozenset[Part], *, capture: bool = False) -> None:
    from publisher.cli import logs
    from publisher.service import serve

    logs.configure("info")
    running.run(serve(running.config_path(ctx), parts, capture=capture))
