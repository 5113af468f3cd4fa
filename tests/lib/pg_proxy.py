"""Between the program and a server, on a Unix socket: hands bytes on and cuts the line where a test says so."""

import os
import socket
import tempfile
import threading
from pathlib import Path


class Proxy:
    """`cut(bytes_from_client) -> None | "before" | "after"` is asked for every piece the client sends, under a lock: the line is cut before
    the piece reaches the server, or after it did and before any answer comes back."""

    def __init__(self, server, cut):
        self.folder = Path(tempfile.mkdtemp(prefix="entrepot-proxy-"))
        self.target = str(server / ".s.PGSQL.5432")
        self.cut, self.n_cuts = cut, 0
        self.lock = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.folder / ".s.PGSQL.5432"))
        os.chmod(self.folder / ".s.PGSQL.5432", 0o777)
        self.listener.listen(8)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
            state = {"cut": False}
            threading.Thread(target=self.forward, args=(client, server, state), daemon=True).start()
            threading.Thread(target=self.back, args=(server, client, state), daemon=True).start()

    def forward(self, client, server, state):
        while data := self.read(client):
            with self.lock:
                where = self.cut(data)
                self.n_cuts += where is not None
            if where:
                state["cut"] = True
            if where != "before":
                server.sendall(data)
            if where == "after":
                server.recv(1)  # the server has answered: what was asked is done
            if where:
                break
        self.close(client, server)

    def back(self, server, client, state):
        while not state["cut"] and (data := self.read(server, peek=True)):
            if state["cut"]:
                return
            try:
                client.sendall(server.recv(len(data)))
            except OSError:
                break
        if not state["cut"]:
            self.close(client, server)

    @staticmethod
    def read(end, peek=False):
        try:
            return end.recv(65536, socket.MSG_PEEK if peek else 0)
        except OSError:
            return b""

    @staticmethod
    def close(*ends):
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def stop(self):
        self.listener.close()
