#!/usr/bin/env python3
"""TCP links that can be made bad: proxy.py NAME=HOST:PORT… prints "NAME PORT" for each, then obeys lines on stdin:

    NAME pass              as the network should be
    NAME delay UP DOWN     every piece of data waits so many seconds, towards the server and back
    NAME hold              nothing gets through, nothing is lost: what a cut cable looks like to TCP
    NAME reset             connections are reset, also new ones
    NAME drop              connections are reset once, then as `pass`: what follows a cable cut for too long
    NAME to HOST:PORT      as `drop`, and to another server from now on

and answers each with a line. Ends with its stdin.
"""
import asyncio
import contextlib
import socket
import struct
import sys

CHUNK = 65536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Link:
    def __init__(self, host, port):
        self.host, self.port = host, port
        self.delays = (0.0, 0.0)
        self.refusing = False
        self.open = asyncio.Event()
        self.open.set()
        self.writers = set()

    def obey(self, mode, *words):
        self.delays = (float(words[0]), float(words[1])) if mode == "delay" else (0.0, 0.0)
        if mode == "to":
            self.host, port = words[0].split(":")
            self.port = int(port)
        self.refusing = mode == "reset"
        if mode == "hold":
            self.open.clear()
        if mode in ("reset", "drop", "to"):
            for writer in list(self.writers):
                cut(writer)
        if mode != "hold":
            self.open.set()

    async def serve(self, reader, writer):
        if self.refusing:
            cut(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            cut(writer)
            return
        self.writers |= {writer, far_writer}
        with contextlib.suppress(asyncio.CancelledError):  # the end of the proxy
            await asyncio.gather(self.pump(reader, far_writer, 0), self.pump(far_reader, writer, 1))
        self.writers -= {writer, far_writer}

    async def pump(self, reader, writer, direction):
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if self.delays[direction] > 0:
                    await asyncio.sleep(self.delays[direction])
                await self.open.wait()
                writer.write(data)
                await writer.drain()
        await self.open.wait()
        writer.close()


def cut(writer):
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()


async def main():
    links = {}
    for argument in sys.argv[1:]:
        name, target = argument.split("=")
        host, port = target.split(":")
        link = links[name] = Link(host, int(port))
        listener = await asyncio.start_server(link.serve, "127.0.0.1", 0)
        print(name, listener.sockets[0].getsockname()[1], flush=True)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := (await commands.readline()).decode().split():
        links[line[0]].obey(*line[1:])
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
