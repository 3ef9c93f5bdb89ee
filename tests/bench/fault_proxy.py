"""A TCP proxy whose line can be made slow, dead or gone while it runs.

    proxy = Proxy(5432)          # a process of its own, so that its clients' work does not slow it down
    proxy.line("slow")           # each answer 100 ms later
    proxy.line("dead")           # nothing passes, nothing is lost: as behind a firewall that drops packets
    proxy.line("gone")           # connections are reset, new ones refused
    proxy.line("good")
"""
import asyncio
import multiprocessing
import socket

DELAY = 0.1


class Proxy:
    def __init__(self, target, delay=DELAY):
        self.control, inside = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=_run, args=(inside, target, delay), daemon=True)
        self.process.start()
        self.port = self.control.recv()

    def line(self, state):
        self.control.send(state)
        assert self.control.recv() == state

    def close(self):
        self.process.terminate()
        self.process.join()


def _run(control, target, delay):
    asyncio.run(_Line(control, target, delay).serve())


class _Line:
    def __init__(self, control, target, delay):
        self.control, self.target, self.delay = control, target, delay
        self.state, self.changed, self.writers, self.tasks = "good", asyncio.Condition(), set(), set()

    async def serve(self):
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        port = listener.getsockname()[1]
        server = await asyncio.start_server(self.accepted, sock=listener)
        loop = asyncio.get_running_loop()
        self.control.send(port)
        while True:
            state = await loop.run_in_executor(None, self.control.recv)
            async with self.changed:
                self.state = state
                self.changed.notify_all()
            if state == "gone":
                server.close()
                for writer in list(self.writers):
                    writer.transport.abort()
            elif not server.is_serving():
                server = await asyncio.start_server(self.accepted, sock=socket.create_server(("127.0.0.1", port), backlog=512))
            self.control.send(state)

    async def passable(self):
        async with self.changed:
            await self.changed.wait_for(lambda: self.state != "dead")

    async def accepted(self, reader, writer):
        self.writers.add(writer)
        try:
            await self.passable()
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self.target)
            self.writers.add(upstream_writer)
            try:
                await asyncio.gather(self.carry(reader, upstream_writer, 0), self.carry(upstream_reader, writer, self.delay))
            finally:
                self.writers.discard(upstream_writer)
                upstream_writer.transport.abort()
        except OSError:
            pass  # the end of a connection is a matter of its two sides
        finally:
            self.writers.discard(writer)
            writer.transport.abort()

    async def carry(self, reader, writer, delay):
        while data := await reader.read(65536):
            if self.state == "slow":
                await asyncio.sleep(delay)
            await self.passable()
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
