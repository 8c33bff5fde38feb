"""The client core on its own, as the example program uses it, and what it says of bad company."""

from sedge import ROOT, expect_equal, stop


def _example(box, port, client_id, topic, topics, qos):
    return box.start(
        "stdbuf", "-oL", ROOT / "build/mqtt-client", "127.0.0.1", port, client_id, topic, topics,
        qos, text_in=True,
    )  # fmt: skip


def _type(program, *lines):
    program.write("".join(f"{line}\n" for line in lines))


def _end(program):
    """The end of stdin; it ends by itself when all is acknowledged."""
    program.process.stdin.close()
    program.process.stdin = None
    expect_equal(program.wait_exit(), 0, "exit code of the example")


def _survives_a_restart(box, port, broker, start_again):
    reader = _example(box, port, "reader", "up/r", "up/#", 0)
    writer = _example(box, port, "writer", "up/w", "down/#", 2)
    for program in (reader, writer):
        program.wait_line("^subscribed$")
    _type(writer, "1", "2")
    reader.wait_line("^up/w 2$")
    stop(broker)
    for program in (reader, writer):
        program.wait_line("^down: ")
    _type(writer, "3", "4")
    start_again()
    _type(writer, "5")
    reader.wait_line("^up/w 5$")
    _end(writer)
    got = [line for line in reader.lines if line.startswith("up/")]
    expect_equal(got, [f"up/w {i}" for i in range(1, 6)], "lines, each once and in order")


def the_example_client_survives_a_restart_of_mosquitto(box):
    _survives_a_restart(box, box.cloud, box.mosquitto(), box.mosquitto)


def the_example_client_survives_a_restart_of_sedge(box):
    store = box.dir / "sedge.db"
    _survives_a_restart(box, box.tcp, box.gateway(store=store), lambda: box.gateway(store=store))


def two_clients_of_one_id_are_told_so(box):
    box.mosquitto()
    first = _example(box, box.cloud, "twin", "a", "a", 1)
    second = _example(box, box.cloud, "twin", "a", "a", 1)
    first.wait_line("is our id used twice", 60)
    second.wait_line("is our id used twice", 60)


def an_upstream_whose_id_another_gateway_has_says_so(box):
    upstream = f"""
[upstream cloud]
url = mqtt://127.0.0.1:{box.cloud}
receive = cmd/#
reconnect = 100ms..500ms
"""
    box.mosquitto()
    gateway = box.gateway(upstream)
    rival = _example(box, box.cloud, "gw-7", "a", "a", 1)
    gateway.wait_line("another client uses this id, or the broker drops us: 5 times", 60)
    rival.kill()
