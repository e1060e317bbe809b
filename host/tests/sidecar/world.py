"""What is outside of an agent's namespace: servers that say whatever reaches them, one line each."""

import selectors
import socket
import sys
import threading

ADDRESS, PRIVATE = sys.argv[1:]
selector = selectors.DefaultSelector()


def listen(family, kind, port, address):
    own = socket.socket(family, kind)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.bind((address, port))
    if kind == socket.SOCK_STREAM:
        own.listen()
    selector.register(own, selectors.EVENT_READ, (kind, port))


def serve(port, peer, address):
    """Says what a connection said, when it has said it or ends. Who connects may say it late, piece by
    piece, or keep still."""
    said = b""
    try:
        while b"\r\n\r\n" not in said and (part := peer.recv(4096)):
            said += part
    except OSError:
        pass
    head = said.split(b"\r\n")
    host = next((line[5:].strip() for line in head if line.lower().startswith(b"host:")), b"-")
    print(f"world: tcp {port} from {address[0]} host {host.decode()}", flush=True)
    with peer:
        peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nworld\n")


for port in (25, 53, 80, 443, 8080):
    listen(socket.AF_INET, socket.SOCK_STREAM, port, ADDRESS)
# Only at the address that is not public.
listen(socket.AF_INET, socket.SOCK_STREAM, 81, PRIVATE)
for port in (53, 123, 443):
    listen(socket.AF_INET, socket.SOCK_DGRAM, port, ADDRESS)
print("world: ready", flush=True)
while True:
    for key, _ in selector.select():
        kind, port = key.data
        if kind == socket.SOCK_DGRAM:
            _, peer = key.fileobj.recvfrom(2048)
            print(f"world: udp {port} from {peer[0]}", flush=True)
            # As a server of HTTP/3 does.
            if port == 443:
                key.fileobj.sendto(b"\x80\0\0\0\0", peer)
            continue
        threading.Thread(target=serve, args=(port, *key.fileobj.accept()), daemon=True).start()
