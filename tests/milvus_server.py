"""A Milvus server for tests, alone in a network namespace: it binds every interface and asks nobody for a password.

What connects to a port of this machine's own address is carried into the namespace and nowhere else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

#: Seconds that it may take to unpack and start.
PATIENCE = 180
_APART = ["unshare", "--net", *([] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["--map-root-user"])]


def lacking() -> str:
    """Why no server can be run here; "" where one can."""
    if find_spec("milvus") is None:
        return "the package milvus, which brings a server, is not installed"
    if shutil.which("unshare") is None or subprocess.run([*_APART, "true"], capture_output=True).returncode:
        return "no network namespace can be made here to run the server in"
    return ""


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run a server with its data in the new ``folder``; gives its address. Raises RuntimeError where none starts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [*_APART, sys.executable, __file__, str(folder), str(listener.fileno())]
        # It ends when its standard input does, whatever becomes of this process.
        server = subprocess.Popen(
            command, pass_fds=[listener.fileno()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            said = server.stdout.readline()
            if said.strip() != "ready":
                raise RuntimeError(f"the Milvus server did not start, see {folder / 'logs'}")
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.stdin.close()
            server.wait(PATIENCE)
            server.stdout.close()


def _serve(folder: str, listener: socket.socket) -> None:
    import fcntl
    import struct

    from milvus import MilvusServer, MilvusServerConfig

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        # In a new namespace even the loopback interface is down: SIOCSIFFLAGS, up and running.
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH", b"lo", 0x41))
    server = MilvusServer(MilvusServerConfig(data_dir=folder))
    server.start()
    threading.Thread(target=_carry, args=(listener, server.listen_port), daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()
    server.stop()


def _carry(listener: socket.socket, port: int) -> None:
    while True:
        outer, _ = listener.accept()
        inner = socket.create_connection(("127.0.0.1", port))
        for one, other in ((outer, inner), (inner, outer)):
            threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    _serve(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
