"""The application's side of the Pusher protocol with the `pusher` library, and a bare WebSocket as its client."""
import json
import unittest
from urllib.parse import urlsplit

import pusher
import websocket

from parlor_server import Server

APP = {"app_id": "7", "key": "app-key-of-the-tests", "secret": "app-secret-of-the-tests"}


class Application(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PARLOR_APP_ID=APP["app_id"], PARLOR_APP_KEY=APP["key"], PARLOR_APP_SECRET=APP["secret"])
        cls.addClassCleanup(cls.server.stop)
        address = urlsplit(cls.server.url)
        cls.app = pusher.Pusher(**APP, host=address.hostname, port=address.port, ssl=False)

    def connect(self):
        url = self.server.url.replace("http", "ws") + f"/app/{APP['key']}?protocol=7"
        socket = websocket.create_connection(url, timeout=20)
        self.addCleanup(socket.close)
        return socket, json.loads(json.loads(socket.recv())["data"])["socket_id"]

    def subscribe(self, socket, channel, auth=None):
        socket.send(json.dumps({"event": "pusher:subscribe", "data": {"channel": channel, **(auth or {})}}))
        answer = json.loads(socket.recv())
        self.assertEqual(answer["event"], "pusher_internal:subscription_succeeded", answer)
        return answer

    def test_trigger_and_batch(self):
        socket, _ = self.connect()
        self.subscribe(socket, "news")
        self.app.trigger("news", "posted", {"text": "Grüße"})
        event = json.loads(socket.recv())
        self.assertEqual((event["event"], json.loads(event["data"])), ("posted", {"text": "Grüße"}))
        self.app.trigger_batch([{"channel": "news", "name": "n", "data": "1"}, {"channel": "news", "name": "n", "data": "2"}])
        self.assertEqual([json.loads(socket.recv())["data"] for _ in range(2)], ["1", "2"])

    def test_presence_and_questions(self):
        socket, socket_id = self.connect()
        auth = self.app.authenticate("presence-room", socket_id, {"user_id": "7", "user_info": {"name": "Ana"}})
        answer = self.subscribe(socket, "presence-room", auth)
        self.assertEqual(json.loads(answer["data"])["presence"]["hash"], {"7": {"name": "Ana"}})
        self.assertEqual(self.app.channel_info("presence-room", ["user_count"])["user_count"], 1)
        self.assertEqual(self.app.users_info("presence-room"), {"users": [{"id": "7"}]})
        self.assertIn("presence-room", self.app.channels_info("presence-", ["user_count"])["channels"])

    def test_private_channels_and_users(self):
        socket, socket_id = self.connect()
        self.subscribe(socket, "private-orders", self.app.authenticate("private-orders", socket_id))
        user = self.app.authenticate_user(socket_id, {"id": "7"})
        socket.send(json.dumps({"event": "pusher:signin", "data": user}))
        self.assertEqual(json.loads(socket.recv())["event"], "pusher:signin_success")
        self.subscribe(socket, "#server-to-user-7")
        self.app.send_to_user("7", "note", {"n": 1})
        self.assertEqual(json.loads(socket.recv())["event"], "note")

    def test_a_wrong_secret_is_refused(self):
        address = urlsplit(self.server.url)
        stranger = pusher.Pusher(**{**APP, "secret": "another"}, host=address.hostname, port=address.port, ssl=False)
        with self.assertRaises(pusher.errors.PusherBadAuth):
            stranger.trigger("news", "posted", {})


if __name__ == "__main__":
    unittest.main()
