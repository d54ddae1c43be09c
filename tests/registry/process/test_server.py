from __future__ import annotations

import marshal
import socket
from threading import Event, Thread

from ecrtui.ecr.row_codec import IMAGE_CODEC
from ecrtui.emulator.fault_effects import RunBefore
from ecrtui.emulator.faults import Fault
from ecrtui.registry.process.rpc import OPEN, RpcConnection
from ecrtui.registry.process.server import RegistryServer, ServedConnection
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.catalog.large import add_images
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


def test_the_rows_of_a_page_come_before_the_next_page(env: RegistryEnv) -> None:
    add_images(env.embedded, "team/large", 1_100)
    connection, is_answered = ServedConnection(lambda: env.registry), Event()
    connection.prepare()
    env.embedded.faults.add(Fault("DescribeImages", RunBefore(is_answered.wait), after=1))
    reply = connection.page("images", "", ["team/large"], {"tag_status": "ANY", "start": ""})
    try:
        assert next(reply)
        columns, problems = marshal.loads(next(reply))  # noqa: S302 - from our own code
        assert len(list(IMAGE_CODEC.from_columns(columns))) == 1_000
        assert not problems
    finally:
        is_answered.set()
