from __future__ import annotations

import socket
from threading import Thread

from ecrtui.registry.process.rpc import OPEN, RpcConnection
from ecrtui.registry.process.server import RegistryServer
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.registry.conftest import RegistryEnv


def test_a_call_that_overtakes_open_waits_for_the_connection(env: RegistryEnv) -> None:
    """Each call has a thread: on a busy machine, the first operation can run before "open" does."""
    ours, theirs = socket.socketpair()
    server = RegistryServer(theirs, lambda connection, *_: open_registry(connection, embedded=env.embedded))
    client = RpcConnection(ours, lambda name: iter(()))
    threads = [Thread(target=server.rpc.listen), Thread(target=client.listen)]
    for thread in threads:
        thread.start()
    reply = client.call("repository", 1, "", ["team/app"], {})
    client.call(OPEN, 1, Connection(region="eu-west-1"), "")
    assert reply.next().name == "team/app"
    ours.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()
    ours.close()
    theirs.close()
