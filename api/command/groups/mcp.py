"""``kinfold mcp``."""

import os
import sys
from typing import Annotated

import typer

from api.command.opening import opened_for_edits
from api.terminal import plain_errors

commands = typer.Typer()


@commands.command("mcp")
def mcp(
    url: Annotated[
        str | None, typer.Option(help="A server elsewhere; without it the database is asked directly.", metavar="URL")
    ] = None,
) -> None:
    """Serve reads, dry runs and previews as tools of the Model Context Protocol over stdio.

    KINFOLD_MCP_KEY is the access key, for read or analyst; none is needed while the deployment has no keys.
    """
    with plain_errors():
        import httpx

        from api.command.mcp import talk

        key = os.environ.get("KINFOLD_MCP_KEY") or None
        if url is not None:
            talk(sys.stdin.buffer, sys.stdout.buffer, None, url, key)
            return
        with opened_for_edits() as kinfold:
            from api.http.app import create_app

            app = create_app(kinfold)
            try:
                transport = httpx.ASGITransport(app)
                talk(sys.stdin.buffer, sys.stdout.buffer, transport, "http://127.0.0.1", key)
            finally:
                app.state.commit_queue.close()
                kinfold.audit.flush()
