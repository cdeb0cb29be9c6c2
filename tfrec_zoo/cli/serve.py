"""`tfrec-zoo serve`: an export behind TensorFlow Serving's REST API."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tfrec_zoo._errors import DataError
from tfrec_zoo.bundle import check_files, read_manifest
from tfrec_zoo.cli.tensorflow_noise import import_quietly
from tfrec_zoo.serving.server.config import ServerConfig
from tfrec_zoo.serving.server.launch import LOOPBACK, Engine, choose, example_request


def serve(
    folder: Annotated[Path, typer.Argument(help="An export.", metavar="DIR")],
    port: Annotated[int, typer.Option(help="Port of the REST API.", min=0, max=65535)] = ServerConfig.port,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen at; 127.0.0.1 where left out, 0.0.0.0 for every address."),
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="auto takes tensorflow_model_server or docker, where there are any.")
    ] = "auto",
    grpc_port: Annotated[
        int,
        typer.Option(help="Port of the gRPC API of tensorflow_model_server and docker.", min=1, max=65535),
    ] = 8500,
    max_body_mb: Annotated[
        float, typer.Option(help="local: largest body of a request, MB.")
    ] = ServerConfig.max_body_mb,
    threads: Annotated[int, typer.Option(help="local: requests computed at once.")] = ServerConfig.threads,
    poll_seconds: Annotated[
        float, typer.Option(help="local: seconds between two looks for a new version.")
    ] = ServerConfig.poll_seconds,
) -> None:
    """Serve an export; new versions become live as they come.

    What is started, and how to ask it, is said on stderr.
    """
    config = ServerConfig(host or LOOPBACK, port, max_body_mb, threads, poll_seconds)
    manifest = read_manifest(folder)
    launch = choose(engine, manifest, folder, host, port, grpc_port)

    def say(started_port: int) -> None:
        for note in launch.notes:
            typer.echo(note, err=True)
        typer.echo(f"Serving {manifest.name} by {launch.engine}. Ask it by", err=True)
        typer.echo(f"  {example_request(manifest, config.host, started_port)}", err=True)

    if launch.command:
        check_files(folder, manifest)
        say(port)
        sys.stderr.flush()
        os.execvp(launch.command[0], launch.command)  # its signals and its exit code are then ours
    logging.getLogger("tfrec_zoo.serving").setLevel(logging.INFO)
    import_quietly()
    try:
        from tfrec_zoo.serving.server.app import serve as serve_locally
    except ImportError as error:
        raise DataError(str(error)) from error
    try:
        serve_locally(folder, config, lambda _, started_port: say(started_port))
    except OSError as error:
        raise DataError(
            f"A server must have a host and a port of its own. Received: --host {config.host} --port {port} "
            f"({error.strerror or error}). Choose another --port."
        ) from error
