#!/usr/bin/env python3
"""Paho for Python, by the lines of steps.h: paho_python.py PORT [again]"""

import queue
import sys
import threading

import paho.mqtt.client as paho


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")  # at once: two threads speak
    sys.stdout.flush()


class Refused(Exception):
    pass


class Client:
    def __init__(self, port, again):
        self.port = port
        self.again = again
        self.inbox = queue.Queue()
        self.moved = threading.Condition()
        self.open = 0  # sent, and not acknowledged
        self.is_lost = False
        self.mqtt = None

    def connect(self, version, name, session, keepalive, *will):
        self.end()
        name = "" if name == "-" else name
        self.mqtt = paho.Client(name, session == "clean", protocol=int(version))
        self.mqtt.on_connect = self._connected
        self.mqtt.on_disconnect = self._disconnected
        self.mqtt.on_subscribe = lambda _c, _d, _mid, granted: self.inbox.put(granted[0])
        self.mqtt.on_unsubscribe = lambda _c, _d, _mid: self.inbox.put(0)
        self.mqtt.on_message = self._message
        self.mqtt.on_publish = self._sent
        self.is_lost = False
        if will:
            topic, qos, retain, text = will
            self.mqtt.will_set(topic, text, int(qos), retain == "1")
        self.inbox = queue.Queue()
        self.mqtt.connect("127.0.0.1", self.port, int(keepalive))
        self.mqtt.loop_start()
        return "connected", self._answer()

    def subscribe(self, topic, qos):
        self._check(self.mqtt.subscribe(topic, int(qos))[0])
        granted = self._answer()
        if granted > 2:
            raise Refused(granted)
        return "subscribed", granted

    def unsubscribe(self, topic):
        self._check(self.mqtt.unsubscribe(topic)[0])
        self._answer()
        return ("unsubscribed",)

    def publish(self, topic, qos, retain, text=""):
        self._send(topic, text, int(qos), retain == "1")
        return self._settle()

    def burst(self, topic, qos, count):
        for i in range(int(count)):
            self._send(topic, str(i), int(qos))
        return self._settle()

    def disconnect(self):
        self._check(self.mqtt.disconnect())
        self._answer()
        return ("disconnected",)

    def end(self):
        if self.mqtt:
            self.mqtt.disconnect()
            self.mqtt.loop_stop()

    def _send(self, topic, text, qos, retain=False):
        code = self.mqtt.publish(topic, text, qos, retain).rc
        if code != paho.MQTT_ERR_SUCCESS and not (code == paho.MQTT_ERR_NO_CONN and self.again):
            raise Refused(paho.error_string(code))
        with self.moved:
            self.open += 1  # or has been told to be over already

    def _sent(self, *_mid):
        with self.moved:
            self.open -= 1
            self.moved.notify_all()

    def _settle(self):
        with self.moved:
            self.moved.wait_for(lambda: self.open <= 0 or (self.is_lost and not self.again))
            lost, self.open = self.open > 0, 0
        if lost:
            raise Refused("connection lost")
        return ("published",)

    def _check(self, code):
        if code != paho.MQTT_ERR_SUCCESS:
            raise Refused(paho.error_string(code))

    def _answer(self):
        answer = self.inbox.get(timeout=20)
        if isinstance(answer, str):
            raise Refused(answer)
        return answer

    def _connected(self, client, _data, flags, code):
        self.inbox.put(flags["session present"] if code == 0 else paho.connack_string(code))
        if code != 0:
            client.disconnect()  # else its thread tries for ever

    def _disconnected(self, client, _data, code):
        if code == 0:
            self.inbox.put(0)
            return
        say("lost")
        if not self.again:
            client.disconnect()
            self.inbox.put("connection lost")
            with self.moved:
                self.is_lost = True
                self.moved.notify_all()

    def _message(self, _client, _data, message):
        say("message", message.topic, message.qos, int(message.retain), message.payload.decode())


WORDS = {"connect": 8, "subscribe": 2, "unsubscribe": 1, "publish": 4, "burst": 3, "disconnect": 0}


def main():
    client = Client(int(sys.argv[1]), "again" in sys.argv[2:])
    for line in sys.stdin:
        verb, _, rest = line.rstrip("\n").partition(" ")
        words = rest.split(" ", WORDS[verb] - 1) if rest else []
        try:
            say(*getattr(client, verb)(*words))
        except (Refused, ValueError, OSError, queue.Empty) as why:
            say("refused", repr(why))
    client.end()


main()
