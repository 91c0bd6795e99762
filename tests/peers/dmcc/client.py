#!/usr/bin/env python3
"""A minimal DMCC client, Python standard library only.

It stands beside the Rust code as another pair of eyes: written from the public wire facts (ECMA-323 framing,
ECMA-354 sessions, Avaya's login block), sharing nothing with connector or simulator. It logs in, sets monitors,
keeps the session alive, recovers it after a lost connection, and prints what it learns as JSON lines:

  {"line": "session", "id": ..., "recovered": ..., "version": ..., "duration": ...}
  {"line": "monitor", "device": ..., "type": ..., "cross_reference": ...}
  {"line": "event", "root": ..., "cross_reference": ..., "call": ..., "ucid": ..., ...}
  {"line": "answer", "root": ..., ...}
  {"line": "problem", "what": ...}

Exit codes: 0 all calls seen, 1 the server refused or went away, 2 wrong arguments.
"""

import argparse
import json
import select
import socket
import ssl
import struct
import sys
import time
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape

SESSION_NS = "http://www.ecma-international.org/standards/ecma-354/appl_session"
CSTA_NS = "http://www.ecma-international.org/standards/ecma-323/csta/ed3"
AVAYA_NS = "http://www.avaya.com/csta"
VERSION = "http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv6"
EVENT_ID = "9999"


class Refused(Exception):
    """The server said no."""


def say(**fields):
    print(json.dumps(fields, ensure_ascii=False), flush=True)


def local(element):
    return element.tag.rsplit("}", 1)[-1]


def find(element, *path):
    """Walks down by local names; None where the path ends early."""
    for name in path:
        element = next((child for child in element if local(child).lower() == name.lower()), None)
        if element is None:
            return None
    return element


def text(element, *path):
    found = find(element, *path)
    if found is None or found.text is None:
        return None
    return found.text.strip() or None


def anywhere(element, name):
    return next((node for node in element.iter() if local(node) == name), None)


def extension(device_id):
    return device_id.split(":", 1)[0] if device_id else device_id


def party(event, name):
    """A device of an event: its extension, or the word the network gave instead."""
    holder = find(event, name)
    if holder is None:
        return None
    for child in holder:
        word = local(child)
        return extension((child.text or "").strip()) if word in ("deviceIdentifier", "numberDialed") else word
    return None


class Link:
    """One TCP connection: frames in and out."""

    def __init__(self, arguments):
        plain = socket.create_connection((arguments.host, arguments.port), timeout=10)
        if arguments.ca:
            context = ssl.create_default_context(cafile=arguments.ca)
            self.socket = context.wrap_socket(plain, server_hostname=arguments.host)
        else:
            self.socket = plain
        self.pending = b""

    def send(self, invoke_id, document):
        body = document.encode("utf-8")
        total = len(body) + 8
        if total > 0xFFFF:
            raise ValueError("document too long for a frame")
        self.socket.sendall(b"\x00\x00" + struct.pack(">H", total) + ("%04d" % invoke_id).encode("ascii") + body)

    def receive(self, deadline):
        """The next frame as (invoke id, root element), or None when the deadline came first."""
        while True:
            if len(self.pending) >= 8:
                indicator, total = struct.unpack(">HH", self.pending[:4])
                if indicator != 0 or total < 8:
                    raise ConnectionError("stream out of step")
                if len(self.pending) >= total:
                    frame, self.pending = self.pending[:total], self.pending[total:]
                    return frame[4:8].decode("ascii"), frame[8:]
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            if not getattr(self.socket, "pending", lambda: 0)():
                if not select.select([self.socket], [], [], left)[0]:
                    return None
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("server closed the connection")
            self.pending += data

    def close(self):
        self.socket.close()


class Client:
    def __init__(self, arguments):
        self.arguments = arguments
        self.link = None
        self.session = ""
        self.invoke_id = -1
        self.events = 0
        self.cleared = 0
        self.kept_alive = 0
        self.duration = 60

    def next_id(self):
        self.invoke_id = (self.invoke_id + 1) % 9999
        return self.invoke_id

    def request(self, document, wait=10):
        """Sends a request and handles whatever comes before its answer."""
        invoke_id = self.next_id()
        self.link.send(invoke_id, document)
        deadline = time.monotonic() + wait
        while True:
            frame = self.link.receive(deadline)
            if frame is None:
                raise Refused("no answer in time")
            answer = self.handle(frame, "%04d" % invoke_id)
            if answer is not None:
                return answer

    def handle(self, frame, awaited=None):
        """Prints an event, answers a server's request; gives back the awaited answer."""
        invoke_id, body = frame
        try:
            root = ElementTree.fromstring(body.decode("utf-8"))
        except (UnicodeDecodeError, ElementTree.ParseError) as error:
            say(line="problem", what="unreadable body", detail=type(error).__name__)
            return None
        name = local(root)
        if name == "SystemStatus":
            self.link.send(int(invoke_id), '<SystemStatusResponse xmlns="%s"/>' % CSTA_NS)
            say(line="status", status=text(root, "systemStatus"))
            return None
        if name == "ApplicationSessionTerminated":
            raise ConnectionError("the server ended the session")
        if invoke_id == EVENT_ID or name.endswith("Event"):
            self.show(name, root)
            return None
        if invoke_id == awaited:
            return root
        say(line="problem", what="answer nobody awaits", root=name)
        return None

    def show(self, name, root):
        self.events += 1
        fields = {"line": "event", "root": name, "cross_reference": text(root, "monitorCrossRefID")}
        fields["order"] = [local(child) for child in root]
        for connection in ("connection", "establishedConnection", "queuedConnection", "droppedConnection",
                           "heldConnection", "retrievedConnection", "initiatedConnection", "originatedConnection",
                           "failedConnection", "outboundConnection", "clearedCall", "primaryOldCall"):
            found = find(root, connection)
            if found is not None:
                fields["call"] = text(found, "callID")
                fields["device"] = extension(text(found, "deviceID"))
        for device in ("alertingDevice", "answeringDevice", "callingDevice", "calledDevice", "releasingDevice",
                       "queue", "transferringDevice", "transferredToDevice", "addedParty", "agentDevice",
                       "lastRedirectionDevice", "failingDevice", "divertingDevice", "newDestination"):
            value = party(root, device)
            if value is not None:
                fields[device] = value
        ucid = text(root, "callLinkageData", "globalCallData", "globalCallLinkageID", "globallyUniqueCallLinkageID")
        fields["ucid"] = ucid
        for side in ("new", "old"):
            linked = find(root, "callLinkageDataList", side + "CallLinkageData")
            if linked is not None:
                fields[side + "_ucid"] = anywhere(linked, "globallyUniqueCallLinkageID").text
        uui = text(root, "userData", "string")
        if uui:
            fields["uui"] = bytes.fromhex(uui).decode("utf-8", "replace")
        original = anywhere(root, "originalCallInfo")
        if original is not None:
            fields["original_ani"] = party(original, "networkCallingDevice")
            fields["original_reason"] = text(original, "reason")
        digits = anywhere(root, "userEnteredCode")
        if digits is not None:
            fields["digits"] = text(digits, "data")
        fields["agent"] = text(root, "agentID")
        fields["cause"] = text(root, "cause")
        fields["local"] = text(root, "localConnectionInfo")
        say(**{key: value for key, value in fields.items() if value is not None})
        if name == "CallClearedEvent":
            self.cleared += 1

    def start(self):
        arguments = self.arguments
        self.link = Link(arguments)
        login = (
            '<StartApplicationSession xmlns="%s"><applicationInfo><applicationID>peer</applicationID>'
            '<applicationSpecificInfo><ns1:SessionLoginInfo xmlns:ns1="%s" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="ns1:SessionLoginInfo">'
            "<ns1:userName>%s</ns1:userName><ns1:password>%s</ns1:password>"
            "<ns1:sessionCleanupDelay>%d</ns1:sessionCleanupDelay><ns1:sessionID>%s</ns1:sessionID>"
            "</ns1:SessionLoginInfo></applicationSpecificInfo></applicationInfo>"
            "<requestedProtocolVersions><protocolVersion>%s</protocolVersion></requestedProtocolVersions>"
            "<requestedSessionDuration>%d</requestedSessionDuration></StartApplicationSession>"
        ) % (SESSION_NS, AVAYA_NS, escape(arguments.user), escape(arguments.password), arguments.cleanup,
             escape(self.session), VERSION, arguments.duration)
        answer = self.request('<?xml version="1.0" encoding="UTF-8"?>' + login)
        if local(answer) != "StartApplicationSessionPosResponse":
            raise Refused("%s: %s" % (local(answer), text(answer, "errorCode", "definedError")))
        recovered = bool(self.session) and text(answer, "sessionID") == self.session
        self.session = text(answer, "sessionID")
        self.duration = int(text(answer, "actualSessionDuration"))
        say(line="session", id=self.session, recovered=recovered, version=text(answer, "actualProtocolVersion"),
            duration=self.duration)
        return recovered

    def device_id(self, device):
        answer = self.request(
            '<GetThirdPartyDeviceId xmlns="%s"><switchName>%s</switchName><extension>%s</extension>'
            "</GetThirdPartyDeviceId>" % (AVAYA_NS, escape(self.arguments.switch), escape(device)))
        found = text(answer, "device")
        if found is None:
            raise Refused("%s for device %s" % (local(answer), device))
        return found

    def monitor(self, device, kind):
        answer = self.request(
            '<MonitorStart xmlns="%s"><monitorObject><deviceObject typeOfNumber="other" mediaClass="notKnown">%s'
            "</deviceObject></monitorObject><monitorType>%s</monitorType></MonitorStart>"
            % (CSTA_NS, escape(self.device_id(device)), kind))
        reference = text(answer, "monitorCrossRefID")
        if reference is None:
            category = next(iter(answer), None)
            raise Refused("%s %s for device %s" % (local(answer), category.text if category is not None else "", device))
        say(line="monitor", device=device, type=kind, cross_reference=reference)

    def monitor_all(self):
        for station in self.arguments.station:
            self.monitor(station, "device")
        for skill in self.arguments.skill:
            self.monitor(skill, "device")
        for vdn in self.arguments.vdn:
            self.monitor(vdn, "call")

    def keep_alive(self):
        answer = self.request(
            '<ResetApplicationSessionTimer xmlns="%s"><sessionID>%s</sessionID><requestedSessionDuration>%d'
            "</requestedSessionDuration></ResetApplicationSessionTimer>"
            % (SESSION_NS, escape(self.session), self.arguments.duration))
        if local(answer) != "ResetApplicationSessionTimerPosResponse":
            raise Refused(local(answer))
        self.kept_alive += 1
        say(line="answer", root=local(answer), duration=int(text(answer, "actualSessionDuration")))

    def stop(self):
        answer = self.request(
            '<StopApplicationSession xmlns="%s"><sessionID>%s</sessionID><sessionEndReason><definedEndReason>normal'
            "</definedEndReason></sessionEndReason></StopApplicationSession>" % (SESSION_NS, escape(self.session)))
        say(line="answer", root=local(answer))
        self.link.close()

    def reconnect(self):
        """The old session first; a fresh one with new monitors when it is gone."""
        self.link.close()
        try:
            if self.start():
                return
        except Refused as refusal:
            say(line="problem", what="session not recovered", detail=str(refusal))
            self.link.close()
            self.session = ""
            self.start()
        self.monitor_all()

    def done(self):
        arguments = self.arguments
        return self.cleared >= arguments.calls and self.kept_alive >= arguments.keep_alives

    def run(self):
        self.start()
        self.monitor_all()
        lose_at = self.arguments.lose_connection_after
        while not self.done():
            next_keep_alive = time.monotonic() + self.duration / 2
            while not self.done():
                try:
                    frame = self.link.receive(next_keep_alive)
                    if frame is None:
                        break
                    self.handle(frame)
                except ConnectionError as error:
                    say(line="problem", what=str(error))
                    self.reconnect()
                if lose_at and self.events >= lose_at:
                    lose_at = 0
                    self.reconnect()
            if not self.done():
                self.keep_alive()
        self.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ca", help="CA certificate: speak TLS")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--switch", default="CM1")
    parser.add_argument("--station", action="append", default=[])
    parser.add_argument("--skill", action="append", default=[])
    parser.add_argument("--vdn", action="append", default=[])
    parser.add_argument("--duration", type=int, default=60, help="session duration, seconds")
    parser.add_argument("--cleanup", type=int, default=60, help="session clean-up delay, seconds")
    parser.add_argument("--calls", type=int, default=1, help="end after so many calls were cleared")
    parser.add_argument("--keep-alives", type=int, default=0, help="and after so many keep-alives")
    parser.add_argument("--lose-connection-after", type=int, default=0, help="events, then reconnect once")
    try:
        Client(parser.parse_args()).run()
    except (Refused, OSError) as error:
        say(line="problem", what=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
