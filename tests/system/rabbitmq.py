"""RabbitMQ with its MQTT plugin, as a program of the story: own folder, ports and cookie, loopback."""

import os
import pathlib
import shutil
import signal
import tempfile

from sedge import Failed, Program, Skipped, free_port

SERVER = pathlib.Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # Debian's wrapper wants its own user
START_S = 90


class Names:
    """The name server of Erlang nodes, and the home and cookie that they share."""

    def __init__(self):
        if not SERVER.exists() or not shutil.which("epmd"):
            raise Skipped("rabbitmq-server is not installed")
        self.folder = tempfile.TemporaryDirectory(prefix="sedge-rabbitmq-")
        self.dir = pathlib.Path(self.folder.name)
        self.port = free_port()
        env = {**os.environ, "ERL_EPMD_ADDRESS": "127.0.0.1", "HOME": str(self.dir)}
        epmd = ["epmd", "-address", "127.0.0.1", "-port", self.port]
        self.program = Program(epmd, self.dir, env=env)

    def end(self):
        self.program.end()
        self.folder.cleanup()


class RabbitMQ:
    """One node with MQTT at `port`; start() and stop() as often as is wanted, end() once. Nodes of a
    cluster have `names` in common, and each knows the names of all."""

    def __init__(self, name="sedge", names=None, all_of_them=()):
        self.name, self.own = name, names is None
        self.names = names or Names()
        self.dir = self.names.dir / name
        self.dir.mkdir()
        self.port = free_port()
        self.env = self._environment(free_port(), free_port())
        (self.dir / "plugins").write_text("[rabbitmq_mqtt].\n")
        (self.dir / "advanced.config").write_text("[].\n")
        (self.dir / "rabbitmq.conf").write_text(
            f"listeners.tcp.local = 127.0.0.1:{self.env['RABBITMQ_NODE_PORT']}\n"
            f"mqtt.listeners.tcp.local = 127.0.0.1:{self.port}\n"
            "mqtt.allow_anonymous = true\nvm_memory_high_watermark.absolute = 512MiB\n"
            "log.console.level = info\n" + self._formation(all_of_them)
        )
        self.node = None

    @staticmethod
    def _formation(names):
        lines = [
            f"cluster_formation.classic_config.nodes.{i} = {name}@localhost\n"
            for i, name in enumerate(names, 1)
        ]
        if lines:
            lines.insert(0, "cluster_formation.peer_discovery_backend = classic_config\n")
        return "".join(lines)

    def _environment(self, amqp, nodes):
        here = self.dir
        return {
            **os.environ,
            "HOME": str(self.names.dir),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.names.port),
            "RABBITMQ_NODENAME": f"{self.name}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(amqp),
            "RABBITMQ_DIST_PORT": str(nodes),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(here / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(here / "mnesia"),
            "RABBITMQ_LOG_BASE": str(here / "log"),
            "RABBITMQ_PID_FILE": str(here / "pid"),
            "RABBITMQ_LOGS": "-",
        }

    def launch(self):
        """Starts it; wait_started waits until it serves."""
        self.node = Program([SERVER], self.dir, env=self.env)

    def wait_started(self, wait_s=START_S):
        self.node.wait_line(r"Server startup complete", wait_s)

    def kill(self):
        os.kill(int((self.dir / "pid").read_text()), signal.SIGKILL)  # the script hides it
        self.node.wait_exit()
        self.node.end()
        self.node = None

    def start(self):
        self.launch()
        self.wait_started()

    def stop(self):
        self.node.process.terminate()
        try:
            self.node.wait_exit(START_S)
        except Failed:
            self.kill()
            return
        self.node.end()
        self.node = None

    def end(self):
        if self.node:
            self.stop()
        if self.own:
            self.names.end()
