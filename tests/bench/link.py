"""A way to a server that carries so many bytes a second for each session, like a long line does:

  tests/bench/link.py LISTEN TO MEGABYTES

LISTEN and TO are Unix sockets. Runs until it is ended."""
import asyncio
import sys
import time


async def carry(reader, writer, rate):
    began, carried = time.monotonic(), 0
    while data := await reader.read(1 << 18):
        writer.write(data)
        await writer.drain()
        carried += len(data)
        await asyncio.sleep(max(0, carried / rate - (time.monotonic() - began)))
    writer.close()


async def main(listen, to, rate):
    async def session(reader, writer):
        there, back = await asyncio.open_unix_connection(to, limit=1 << 20)
        await asyncio.gather(carry(reader, back, rate), carry(there, writer, rate),
                             return_exceptions=True)

    server = await asyncio.start_unix_server(session, listen, limit=1 << 20)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]) * 1e6))
