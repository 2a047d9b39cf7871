"""The native WebSocket with websocket-client."""
import json
import unittest

import websocket

from parlor_server import Server


class Native(unittest.TestCase):
    def test_a_message_reaches_the_other_one(self):
        server = Server()
        self.addCleanup(server.stop)
        ana, ben = server.user("Ana"), server.user("Ben")
        group = ana.group("Kitchen", [ben])
        url = server.url.replace("http", "ws") + "/api/v1/ws?access_token=" + ben.token
        socket = websocket.create_connection(url, timeout=20)
        self.addCleanup(socket.close)
        self.assertEqual(json.loads(socket.recv())["type"], "ready")
        ana.say(group, "hello")
        event = json.loads(socket.recv())["event"]
        self.assertEqual((event["type"], event["data"]["message"]["body"]), ("message.posted", "hello"))


if __name__ == "__main__":
    unittest.main()
