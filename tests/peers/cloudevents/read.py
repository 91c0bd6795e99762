"""Reads every CloudEvents JSON file of a directory with the `cloudevents` library (structured mode) and prints, one JSON
line a file in order of name, the event as the library writes it after having understood and validated it."""

import pathlib
import sys

from cloudevents.core.bindings.http import HTTPMessage, from_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

HEADERS = {"content-type": "application/cloudevents+json"}


def main() -> None:
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.json"))
    if not files:
        sys.exit("no events to read")
    json_format = JSONFormat()
    for path in files:
        message = HTTPMessage(headers=HEADERS, body=path.read_bytes())
        event = from_structured(message, json_format, CloudEvent)
        print(json_format.write(event).decode())


main()
