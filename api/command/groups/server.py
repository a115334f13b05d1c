"""``kinfold serve`` and ``kinfold demo``."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from api.command.opening import (
    log_file,
    opened,
    opened_tenants,
    settings_of_command,
    settings_of_tenants,
    stopped_by_signal,
)
from api.command.parameters import Host, Port
from api.terminal import log_plainly, plain_errors

commands = typer.Typer()


@commands.command()
def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the API and the explorer page; starts the embedded database unless NEO4J_URI is set.

    With KINFOLD_TENANTS every tenant of the file is served, or with --tenant one of them alone.
    """
    with plain_errors(), stopped_by_signal(0) as stop_if_told:
        from api.http import serving
        from api.http.server_log import log_as_server

        settings, tenants = settings_of_tenants()
        log_as_server(settings)
        with serving.listen(host, port) as taken:
            if tenants is None:
                with opened(settings) as kinfold:
                    keys = serving.keys_of(kinfold, taken)
                    stop_if_told()
                    serving.serve(kinfold, taken, keys)
            else:
                with opened_tenants(tenants) as served:
                    stop_if_told()
                    serving.serve_tenants(served, settings, taken)


@commands.command()
def demo(
    file: Annotated[Path, typer.Argument(help="A story as NDJSON.")],
    host: Host = "127.0.0.1",
    port: Port = 8000,
    offers: Annotated[
        Path | None, typer.Option("--catalogue", help="A catalogue of offers to import and ask.", metavar="FILE")
    ] = None,
    keys_log: Annotated[
        Path | None, typer.Option("--keys", help="Another log, with keys of declared namespaces.", metavar="FILE")
    ] = None,
    shop: Annotated[
        Path | None, typer.Option(help="The server of a shop to leave up too: examples/shop/server.py.", metavar="FILE")
    ] = None,
    shop_port: Annotated[int, typer.Option(min=0, max=65535, help="Its port; 0 takes a free one.")] = 8010,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after printing.")] = False,
) -> None:
    """Resolve a short log, show who is who, and leave the server with its page up."""
    with plain_errors(), stopped_by_signal(0) as stop_if_told, ExitStack() as stack:
        log_plainly()
        from api.command import demo as story
        from api.http import serving

        stream = stack.enter_context(log_file(str(file)))
        settings = settings_of_command()
        taken = None if no_serve else stack.enter_context(serving.listen(host, port))
        beside = story.shop_beside(shop, shop_port) if taken and shop else None
        if beside:
            settings = settings.model_copy(update={"cors_origins": [*settings.cors_origins, *beside.origins]})
        kinfold = stack.enter_context(opened(settings))
        keys = serving.keys_of(kinfold, taken) if taken else None
        url = serving.url_of(taken) if taken else None
        story.tell(kinfold, stream, url, offers, keys_log, beside.url if beside else None)
        if taken and keys:
            from api.http.server_log import log_as_server

            log_as_server(settings)
            stop_if_told()
            if beside:
                stack.enter_context(beside.running(serving.url_of(taken)))
            serving.serve(kinfold, taken, keys)
