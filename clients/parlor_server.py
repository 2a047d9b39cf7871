"""A real server for the Python tests of this folder: the binary, a fresh data folder, a free port, and its people."""
import base64
import hashlib
import hmac
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.request
import uuid

BIN = os.environ.get("PARLOR_BIN") or str(pathlib.Path(__file__).resolve().parent.parent / "target/debug/parlor")
SECRET = "the secret of the host application in these tests"


def token(claims, secret=SECRET):
    """A token as a host application signs it; an hour long unless the claims say otherwise."""
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    def text(value):
        return part(json.dumps(value).encode())

    signed = text({"alg": "HS256", "typ": "JWT"}) + b"." + text({"exp": int(time.time()) + 3600, **claims})
    return (signed + b"." + part(hmac.new(secret.encode(), signed, hashlib.sha256).digest())).decode()


class Person:
    """Somebody who calls the native API."""

    def __init__(self, server, claims):
        self.server = server
        self.token = token(claims)
        self.id = self.call("GET", "/me")["id"]

    def call(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.server.url}/api/v1{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def group(self, title, others):
        return self.call("POST", "/conversations", {"kind": "group", "title": title, "user_ids": [other.id for other in others]})

    def say(self, conversation, body):
        path = f"/conversations/{conversation['id']}/messages"
        return self.call("POST", path, {"body": body, "client_id": str(uuid.uuid4())})


class Server:
    """Starts when made; give `stop` to addCleanup or tearDownClass."""

    def __init__(self, **env):
        self.data = tempfile.mkdtemp(prefix="parlor-clients-")
        own = {"PARLOR_DATA": self.data, "PARLOR_JWT_SECRET": SECRET, "PARLOR_LOG": "warn", "DATABASE_URL": ""}
        self.env = {**os.environ, **own, **env}
        self.begin("127.0.0.1:0")

    def begin(self, listen):
        env = {**self.env, "PARLOR_LISTEN": listen}
        self.process = subprocess.Popen([BIN, "serve"], env=env, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line
        self.url = line.removeprefix("listening on ").strip()

    def restart(self):
        self.end()
        self.begin(self.url.removeprefix("http://"))

    def end(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()

    def stop(self):
        self.end()
        shutil.rmtree(self.data, ignore_errors=True)

    def user(self, name, **claims):
        return Person(self, {"sub": name.lower(), "name": name, **claims})
