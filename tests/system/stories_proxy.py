"""Upstreams by a proxy: HTTP CONNECT by tinyproxy, SOCKS 5 by microsocks."""

import socket

from authority import Authority
from sedge import WAIT_S, Program, expect, expect_equal, free_port, with_sbin

CLOUD = """
[upstream cloud]
url = {url}
proxy = {proxy}
send = farm/# to dt/%t qos 1
reconnect = 100ms..500ms
"""


def _tinyproxy(box, port, login=""):
    conf = box.dir / "tinyproxy.conf"
    conf.write_text(f"Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 600\n{login}\n")
    proxy = box.own(Program(["tinyproxy", "-d", "-c", conf], box.dir, env=with_sbin()))
    proxy.wait_line("Accepting connections")
    return proxy


def _microsocks(box, port, *login):
    """It says nothing when it is ready, so it is asked."""
    proxy = box.start("microsocks", "-i", "127.0.0.1", "-p", port, *login)
    while proxy.process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return proxy
    proxy.wait_exit()
    return proxy


def _mosquitto_with_tls(box, authority):
    crt, key = authority.issue("far")
    conf = box.dir / "mosquitto-tls.conf"
    conf.write_text(
        f"listener {box.cloud} localhost\ncertfile {crt}\nkeyfile {key}\nallow_anonymous true\n"
        "user root\nlog_dest stderr\nlog_type all\n"
    )
    broker = box.own(Program(["mosquitto", "-c", conf], box.dir, env=with_sbin()))
    broker.wait_line(r"mosquitto version .* running")
    return broker


def _goes_up(box, cloud, text="21"):
    """Only by way of the proxy, which has a connection to the broker's port."""
    box.mqtt_pub("-t", "farm/t", "-m", text, "-q", "1")
    cloud.wait_line(r"Received PUBLISH from gw-7 \(d0, q1, .*'dt/t'")


def an_upstream_goes_by_an_http_proxy(box):
    port = free_port()
    proxy = _tinyproxy(box, port, "BasicAuth me secret")
    cloud = box.mosquitto(host="localhost")
    url = f"mqtt://localhost:{box.cloud}"
    box.gateway(CLOUD.format(url=url, proxy=f"http://me:secret@127.0.0.1:{port}"))
    _goes_up(box, cloud)
    proxy.wait_line(rf"CONNECT localhost:{box.cloud} HTTP/1.1")


def an_upstream_with_tls_goes_by_an_http_proxy(box):
    port = free_port()
    proxy = _tinyproxy(box, port)
    authority = Authority(box)
    cloud = _mosquitto_with_tls(box, authority)
    more = CLOUD.format(url=f"mqtts://localhost:{box.cloud}", proxy=f"http://127.0.0.1:{port}")
    box.gateway(more + f"ca = {authority.crt}\n")
    _goes_up(box, cloud)
    proxy.wait_line(rf"CONNECT localhost:{box.cloud} HTTP/1.1")


def an_upstream_goes_by_a_socks_proxy(box):
    port = free_port()
    proxy = _microsocks(box, port, "-u", "me", "-P", "secret")
    cloud = box.mosquitto(host="localhost")
    url = f"mqtt://localhost:{box.cloud}"
    box.gateway(CLOUD.format(url=url, proxy=f"socks5://me:secret@127.0.0.1:{port}"))
    _goes_up(box, cloud)
    proxy.wait_line(rf"connected to localhost:{box.cloud}")


def an_upstream_with_tls_goes_by_a_socks_proxy(box):
    port = free_port()
    proxy = _microsocks(box, port)
    authority = Authority(box)
    cloud = _mosquitto_with_tls(box, authority)
    more = CLOUD.format(url=f"mqtts://localhost:{box.cloud}", proxy=f"socks5://127.0.0.1:{port}")
    box.gateway(more + f"ca = {authority.crt}\n")
    _goes_up(box, cloud)
    proxy.wait_line(rf"connected to localhost:{box.cloud}")


def what_a_proxy_refuses_is_told_in_words(box):
    http, socks, nobody = free_port(), free_port(), free_port()
    _tinyproxy(box, http, "BasicAuth me secret")
    _microsocks(box, socks, "-u", "me", "-P", "secret")
    ways = (
        (f"http://127.0.0.1:{http}", r"the proxy says 407: .*: `proxy` has no USER:PASSWORD@"),
        (f"http://me:wrong@127.0.0.1:{http}", r"the proxy says 40[17]: .*: is the login in `proxy` right"),
        (f"http://me:secret@127.0.0.1:{http}", r"the proxy says 5\d\d: "),
        (f"http://127.0.0.1:{socks}", r"the proxy does not speak HTTP"),
        (f"http://127.0.0.1:{nobody}", r"the proxy: Connection refused"),
        (f"socks5://127.0.0.1:{socks}", r"the proxy wants a login"),
        (f"socks5://me:wrong@127.0.0.1:{socks}", r"the proxy refuses the login"),
        (f"socks5://me:secret@127.0.0.1:{socks}", r"the proxy says 5: Connection refused"),
        (f"socks5://127.0.0.1:{http}", r"the proxy does not answer"),
        (f"socks5://127.0.0.1:{nobody}", r"the proxy: Connection refused"),
    )
    url = f"mqtt://127.0.0.1:{box.cloud}"
    sections = [
        CLOUD.format(url=url, proxy=proxy).replace("cloud]", f"way{i}]")
        for i, (proxy, _) in enumerate(ways)
    ]
    gateway = box.gateway("".join(sections))
    for i, (_, cause) in enumerate(ways):
        gateway.wait_line(rf"cannot reach way{i}: {cause}")
    expect(not any("secret" in line for line in gateway.lines), "no login is logged")


def _dies_and_comes_back(box, proxy_url, start):
    proxy = start()
    cloud = box.mosquitto()
    gateway = box.gateway(CLOUD.format(url=f"mqtt://127.0.0.1:{box.cloud}", proxy=proxy_url))
    watcher = box.subscriber("-q", "1", port=box.cloud, topics=("dt/#",))
    _goes_up(box, cloud, "0")
    box.sedge("upstream", "drain", "cloud")  # or its acknowledgement is lost, and it goes again
    proxy.kill()
    gateway.wait_line(r"lost cloud: ")
    lines = "".join(f"{i}\n" for i in range(1, 21))
    box.mqtt_pub("-t", "farm/t", "-q", "1", "-l", text_in=lines)
    gateway.wait_line(r"cannot reach cloud: the proxy: ")
    start()
    texts = [text for _, _, _, text in watcher.messages(21)]
    expect_equal(texts, [str(i) for i in range(21)], "messages in order")


def what_waits_while_an_http_proxy_is_dead_arrives_when_it_is_back(box):
    port = free_port()
    _dies_and_comes_back(box, f"http://127.0.0.1:{port}", lambda: _tinyproxy(box, port))


def what_waits_while_a_socks_proxy_is_dead_arrives_when_it_is_back(box):
    port = free_port()
    _dies_and_comes_back(box, f"socks5://127.0.0.1:{port}", lambda: _microsocks(box, port))


def a_proxy_that_says_nothing_holds_nothing_up(box):
    """It takes connections and is silent: nodes and clients do not feel it, and it is told."""
    silent = box.own(socket.create_server(("127.0.0.1", 0)))
    proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
    gateway = box.gateway(CLOUD.format(url=f"mqtt://127.0.0.1:{box.cloud}", proxy=proxy))
    silent.settimeout(WAIT_S)
    box.own(silent.accept()[0])
    watcher = box.subscriber("-q", "1")
    box.sn_pub("-i", "bed-1", "-t", "farm/x", "-m", "1", "-q", "1")
    watcher.messages(1)
    expect(not any("cannot reach" in line for line in gateway.lines), "it is still being asked")
    gateway.wait_line(r"cannot reach cloud: the proxy does not answer")
