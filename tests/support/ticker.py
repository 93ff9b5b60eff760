#!/usr/bin/env python3
"""A scheduler, as small as one can be: one message every 100 ms over one AMQP connection, with nothing but Python itself.

ticker.py QUEUE                    ticks; a tick says its set, its process and the time: SET PID.BORN MS
ticker.py --may consume|publish NAME   whether AMQP_URL's user may consume from the queue, or publish to the exchange: prints yes or no

It ends when its connection does.
"""
import os
import select
import socket
import struct
import sys
import time
from urllib.parse import unquote, urlparse


def short(text):
    raw = text.encode()
    return bytes([len(raw)]) + raw


class Link:
    def __init__(self, url):
        at = urlparse(url)
        self.user = unquote(at.username)
        self.socket = socket.create_connection((at.hostname, at.port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(b"AMQP\x00\x00\x09\x01")
        self.method()
        plain = b"\0" + self.user.encode() + b"\0" + unquote(at.password).encode()
        self.send(0, 10, 11, struct.pack(">I", 0) + short("PLAIN") + struct.pack(">I", len(plain)) + plain + short("en_US"))
        tune = self.method()[2]
        self.send(0, 10, 31, tune[:6] + struct.pack(">H", 0))
        self.send(0, 10, 40, short(unquote(at.path[1:]) or "/") + short("") + b"\0")
        self.method()
        self.send(1, 20, 10, short(""))
        self.method()

    def frame(self, kind, channel, payload):
        self.socket.sendall(struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce")

    def send(self, channel, group, method, arguments):
        self.frame(1, channel, struct.pack(">HH", group, method) + arguments)

    def take(self, count):
        out = b""
        while len(out) < count:
            more = self.socket.recv(count - len(out))
            if not more:
                sys.exit("ticker: the broker hung up")
            out += more
        return out

    def method(self):
        while True:
            kind, _, size = struct.unpack(">BHI", self.take(7))
            payload = self.take(size + 1)[:-1]
            if kind == 1:
                return (*struct.unpack(">HH", payload[:4]), payload[4:])

    def publish(self, exchange, key, body):
        self.send(1, 60, 40, struct.pack(">H", 0) + short(exchange) + short(key) + b"\0")
        # 0x1010: delivery mode, persistent; user id, which the broker holds to the connection's
        self.frame(2, 1, struct.pack(">HHQH", 60, 0, len(body), 0x1010) + b"\x02" + short(self.user))
        self.frame(3, 1, body)

    def check(self):
        """Ends where the broker has said anything: it has nothing to say but that this is the end."""
        if select.select([self.socket], [], [], 0)[0]:
            self.method()
            sys.exit("ticker: the broker closed the connection")


def may(what, name):
    link = Link(os.environ["AMQP_URL"])
    if what == "consume":
        link.send(1, 60, 20, struct.pack(">H", 0) + short(name) + short("") + b"\0" + struct.pack(">I", 0))
    else:
        link.publish(name, "", b"?")
        link.send(1, 20, 20, b"\x01")  # channel.flow: answered when the message was looked at
    group, method, _ = link.method()
    print("no" if (group, method) == (20, 40) else "yes")


def main():
    if sys.argv[1] == "--may":
        return may(*sys.argv[2:4])
    with open("/proc/self/stat", encoding="ascii") as stat:
        me = f"{os.getpid()}.{stat.read().rsplit(') ', 1)[1].split()[19]}"
    link = Link(os.environ["AMQP_URL"])
    while True:
        link.check()
        link.publish("", sys.argv[1], f"{os.environ['CDCTL_SET']} {me} {int(time.time() * 1000)}".encode())
        time.sleep(0.1)


main()
