"""A service that is told of questions. It answers as it was told to, and keeps what it got.

It verifies every signature with the libraries that real receivers use, once as it came, once as if
it had come ten minutes later, once with a flipped byte. It knows nothing of Sentinel.
"""

import json
import sys
import threading
import time
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

from slack_sdk.signature import Clock, SignatureVerifier
from standardwebhooks import webhooks

SLACK_SECRET, WEBHOOK_SECRET = sys.argv[1], sys.argv[2]
LATER = timedelta(minutes=10)

lock = threading.Lock()
script, log = {}, []


class LaterClock(Clock):
    def now(self):
        return time.time() + LATER.total_seconds()


class LaterTime(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + LATER


def standard(body, headers):
    try:
        webhooks.Webhook(WEBHOOK_SECRET).verify(body, headers, json_parse=False)
    except webhooks.WebhookVerificationError:
        return False
    return True


def standard_later(body, headers):
    with mock.patch.object(webhooks, "datetime", LaterTime):
        return standard(body, headers)


def verified(body, headers):
    flipped = body.replace(b"a", b"b", 1)
    now, later = SignatureVerifier(SLACK_SECRET), SignatureVerifier(SLACK_SECRET, LaterClock())
    return {
        "slack": now.is_valid_request(body, headers),
        "slackLater": later.is_valid_request(body, headers),
        "slackFlipped": now.is_valid_request(flipped, headers),
        "standard": standard(body, headers),
        "standardFlipped": standard(flipped, headers),
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body, headers=()):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/_log":
            with lock:
                return self.reply(200, log)
        if self.path == "/_script":
            with lock:
                script.update(json.loads(body))
            return self.reply(200, {})
        headers = dict(self.headers.items())
        own = verified(body, headers)
        # Not with others at the same time: it changes what the time is.
        with lock:
            own["standardLater"] = standard_later(body, headers)
            log.append({
                "method": self.command,
                "path": self.path,
                "headers": {name.lower(): value for name, value in headers.items()},
                "body": body.decode(),
                "verified": own,
                "at": time.time(),
            })
            answers = script.get(self.path) or script.get("*") or [{}]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.reply(answer.get("status", 200), answer.get("body", "ok"), answer.get("headers", {}))

    do_GET = do_POST = handle_any


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
