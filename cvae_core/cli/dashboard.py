"""`cvae dashboard`: open the laboratory in the browser."""

from __future__ import annotations

import errno
import importlib.util
import ipaddress
import os
import re
import socket
import sys
from typing import Annotated, Final

import typer

from cvae_core.cli.terminal import RunsOption
from cvae_core.config.fields import format_value
from cvae_core.errors import CvaeError, RunError
from cvae_core.processes import command
from cvae_core.runs import control
from cvae_core.runs.atomic_io import is_folder
from cvae_core.runs.run import RUNS_VARIABLE, runs_folder
from cvae_core.workers.quotas import (
    ALLOWED_HOSTS_VARIABLE,
    NO_TOKEN_VARIABLE,
    TOKEN_VARIABLE,
    check_token,
    goes_without_token,
    read_limits,
    variable,
)

_SERVER = "dashboard.server"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HOST_ADVICE = "Leave --host out to listen to this machine alone, or give one of its addresses."

_BASE_PATH: Final = re.compile(r"/?(?:(?!\.{1,2}(?:/|$))[\w.~-]+(?:/(?!\.{1,2}(?:/|$))[\w.~-]+)*/?)?", re.ASCII)
_HOST_NAME: Final = re.compile(r"\*|(?:\*\.)?[\w-]+(?:\.[\w-]+)*\.?")


def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port to listen on.")] = 8501,
    host: Annotated[str, typer.Option(help="The address to listen on. Default: this machine only.")] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A host name that visitors use, such as a proxy's. Repeat for several."),
    ] = None,
    base_path: Annotated[str, typer.Option(metavar="PATH", help="The path of its address, behind a proxy.")] = "",
    token: Annotated[
        str | None,
        typer.Option(help="The secret that visitors enter. Better set as CVAE_TOKEN. Created at the start if needed."),
    ] = None,
    no_token: Annotated[
        bool, typer.Option("--no-token", help="Ask for no token: everyone who can connect can change everything.")
    ] = False,
    headless: Annotated[bool, typer.Option("--headless", help="Do not open a browser.")] = False,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Visitors can view everything and change nothing.")
    ] = False,
    max_workers: Annotated[int | None, typer.Option(metavar="N", help="Most trainings at the same time.")] = None,
    max_queued: Annotated[int | None, typer.Option(metavar="N", help="Most queued trainings.")] = None,
    max_epochs: Annotated[int | None, typer.Option(metavar="N", help="Most epochs of a training.")] = None,
    max_images: Annotated[
        int | None, typer.Option(metavar="N", help="Most training images or points of a training.")
    ] = None,
    max_parameters: Annotated[int | None, typer.Option(metavar="N", help="Most parameters of a network.")] = None,
    max_storage: Annotated[int | None, typer.Option(metavar="MB", help="Most disk space of a training.")] = None,
    max_upload_mb: Annotated[int | None, typer.Option(metavar="MB", help="Largest uploaded file.")] = None,
    runs: RunsOption = None,
) -> None:
    """Open the laboratory in the browser. Limits can also be set by variables such as CVAE_MAX_EPOCHS."""
    folder = runs_folder(runs)
    if folder.exists() and not is_folder(folder):
        raise RunError(f"The folder of runs {folder} is not a folder.", "Choose another (--runs or CVAE_RUNS).")
    os.environ[RUNS_VARIABLE] = str(folder)
    if read_only:
        os.environ[variable("read_only")] = "1"
    _set_limits(
        {
            control.MAX_WORKERS_VARIABLE: max_workers,
            variable("max_queued"): max_queued,
            variable("max_epochs"): max_epochs,
            variable("max_images"): max_images,
            variable("max_parameters"): max_parameters,
            variable("max_storage"): max_storage,
            variable("max_upload_mb"): max_upload_mb,
        }
    )
    if importlib.util.find_spec("dashboard") is None:
        raise CvaeError("The dashboard is not installed.", "Install the project again.")
    _check_names(base_path, allow_host or [])
    _check_address(host, port)
    _set_access(host, allow_host or [], token, no_token)
    _warn(host, port)
    options = ["--server.port", str(port), "--server.headless", str(headless).lower(), *_address(host)]
    if base_path.strip("/"):
        options += ["--server.baseUrlPath", base_path.strip("/")]
    sys.stdout.flush()
    os.execv(sys.executable, command(_SERVER, *options))


def _set_limits(given: dict[str, int | None]) -> None:
    """Hand the limits to the server, once all of them make sense."""
    os.environ.update({name: str(value) for name, value in given.items() if value is not None})
    control.max_workers()
    read_limits()


def _set_access(host: str, names: list[str], token: str | None, no_token: bool) -> None:
    """Tell the server who may talk to it; by its environment, as everybody can read its command line."""
    if token is not None and no_token:
        raise CvaeError("--token and --no-token exclude each other.", "Leave one out.")
    if token is not None:
        check_token(token)
        os.environ[TOKEN_VARIABLE] = token
    if no_token:
        os.environ[NO_TOKEN_VARIABLE] = "1"
        os.environ.pop(TOKEN_VARIABLE, None)
    if names or not _is_local(host):
        known = [*_LOOPBACK, host, *names, os.environ.get(ALLOWED_HOSTS_VARIABLE, "")]
        os.environ[ALLOWED_HOSTS_VARIABLE] = ",".join(dict.fromkeys(filter(None, known)))


def _check_names(base_path: str, hosts: list[str]) -> None:
    if not _BASE_PATH.fullmatch(base_path):
        raise CvaeError(
            "--base-path expects a path such as /lab, of letters (A to Z), digits, '-', '_', '.' and '~'; "
            f"it got {format_value(base_path)}."
        )
    for name in hosts:
        if not _HOST_NAME.fullmatch(name) and _ip_address(name.strip("[]")) is None:
            raise CvaeError(
                "--allow-host expects a host name such as lab.example, without scheme, port and path; "
                f"it got {format_value(name)}."
            )


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _address(host: str) -> list[str]:
    """The options of the server that say where it listens, and what address it shows."""
    shown = "localhost" if _is_local(host) or host in ("0.0.0.0", "::") else host
    return ["--server.address", host, "--browser.serverAddress", shown]


def _check_address(host: str, port: int) -> None:
    """Refuse an address that the server could not listen on.

    Raises:
        CvaeError: It is none of this machine, is in use, or is not for this user.
    """
    not_ours = (f"{host} is not an address of this machine.", _HOST_ADVICE)
    problems = {
        errno.EADDRINUSE: (f"Port {port} is in use.", "Choose another with --port, or end the program that uses it."),
        errno.EACCES: (f"You may not listen on port {port}.", "Choose one of at least 1024 with --port."),
        errno.EADDRNOTAVAIL: not_ours,
        errno.EINVAL: not_ours,  # a link-local IPv6 address without its network interface
    }
    if not host.strip():
        raise CvaeError("--host expects an address; it is empty.", _HOST_ADVICE)
    address = _ip_address(host)
    if address is not None and (address.is_multicast or host == "255.255.255.255"):  # Linux would bind to them
        raise CvaeError(*not_ours)
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
    except (socket.gaierror, UnicodeError, TypeError):
        raise CvaeError(f"No machine has the address {format_value(host)}.", _HOST_ADVICE) from None
    except OSError as error:
        problem = f"The server cannot listen on {host}, port {port}: {os.strerror(error.errno or 0)}."
        raise CvaeError(*problems.get(error.errno or 0, (problem, _HOST_ADVICE))) from None


def _warn(host: str, port: int) -> None:
    """Say who can come in, where the server is open to others and asks for no token."""
    can = "look at every run" if read_limits().read_only else "start trainings, and change and delete every run"
    asks = not (read_limits().read_only or goes_without_token()) or TOKEN_VARIABLE in os.environ
    if not _is_local(host) and not asks:
        typer.echo(
            f"Warning: the laboratory listens on {host}, not on this machine alone. It asks for no password: anyone "
            f"who can reach port {port} can {can}.",
            err=True,
        )


def _is_local(host: str) -> bool:
    """Whether nobody but this machine can reach an address."""
    address = _ip_address(host)
    return host == "localhost" if address is None else address.is_loopback
