"""python-socketio against Parlor."""
import threading
import unittest

import socketio

from parlor_server import Server


class Stream:
    """A client that remembers its messages."""

    def __init__(self, server, person, **options):
        self.client = socketio.Client(reconnection=False)
        self.bodies = []
        self.more = threading.Condition()
        self.client.on("message.posted", self.take)
        self.client.connect(server.url, auth={"token": person.token}, wait_timeout=20, **options)

    def take(self, event, _offset):
        with self.more:
            self.bodies.append(event["data"]["message"]["body"])
            self.more.notify_all()

    def wait(self, count):
        with self.more:
            assert self.more.wait_for(lambda: len(self.bodies) >= count, 20), self.bodies
        return self.bodies


class SocketIo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)
        cls.ana, cls.ben = cls.server.user("Ana"), cls.server.user("Ben")

    def talk(self, transports):
        group = self.ana.group("-".join(transports), [self.ben])
        stream = Stream(self.server, self.ben, transports=transports)
        self.addCleanup(stream.client.disconnect)
        for n in range(5):
            self.ana.say(group, str(n))
        answer = stream.client.call("message", {"conversation_id": group["id"], "body": "five"}, timeout=20)
        self.assertEqual((answer["ok"], answer["data"]["body"]), (True, "five"))
        self.assertEqual(stream.wait(6), ["0", "1", "2", "3", "4", "five"])

    def test_websocket(self):
        self.talk(["websocket"])

    def test_polling(self):
        self.talk(["polling"])

    def test_upgrade(self):
        self.talk(["polling", "websocket"])

    def test_a_wrong_token_is_refused(self):
        client = socketio.Client(reconnection=False)
        with self.assertRaises(socketio.exceptions.ConnectionError):
            client.connect(self.server.url, auth={"token": "nonsense"}, wait_timeout=20)


if __name__ == "__main__":
    unittest.main()
