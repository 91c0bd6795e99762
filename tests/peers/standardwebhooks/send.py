"""Posts chat webhooks signed by the PyPI library `standardwebhooks` and prints `<case> <status>` for each.

    python send.py URL SECRET NEXT_SECRET
"""

import sys
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

from standardwebhooks import Webhook

URL, SECRET, NEXT_SECRET = sys.argv[1:4]
STRANGER = "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldCBvZiAzMiBieXQ="


def body(message, text="hello"):
    return (
        '{"type": "chat.message", "data": {"chat_id": "py", "message_id": "py-%s", "author": "visitor", '
        '"content": {"type": "text", "text": "%s"}}}' % (message, text)
    )


def post(case, text, headers):
    headers = {"content-type": "application/json", **headers}
    request = urllib.request.Request(URL, data=text.encode(), headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            status = response.status
    except urllib.error.HTTPError as error:
        status = error.code
    print(case, status, flush=True)


def headers(identity, text, *secrets, age=0):
    at = datetime.now(tz=timezone.utc) - timedelta(seconds=age)
    signatures = " ".join(Webhook(secret).sign(identity, at, text) for secret in secrets)
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signatures,
    }


post("good", body(1), headers("py_1", body(1), SECRET))
post("duplicate", body(1), headers("py_1", body(1), SECRET))
post("renamed", body(1), headers("py_2", body(1), SECRET))
post("next_secret", body(2), headers("py_3", body(2), NEXT_SECRET))
post("two_signatures", body(3), headers("py_4", body(3), STRANGER, NEXT_SECRET))
post("chinese", body(4, "退款"), headers("py_5", body(4, "退款"), SECRET))
post("late_by_four_minutes", body(5), headers("py_6", body(5), SECRET, age=240))
post("tampered", body(6, "changed"), headers("py_7", body(6), SECRET))
post("stranger", body(6), headers("py_8", body(6), STRANGER))
post("too_old", body(6), headers("py_9", body(6), SECRET, age=360))
post("too_new", body(6), headers("py_10", body(6), SECRET, age=-360))
post("unsigned", body(6), {"webhook-id": "py_11"})
