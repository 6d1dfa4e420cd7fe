"""MiniStack, the AWS emulator, as a process of our own: loopback only, on a free port, with its logs in a file.

What is told to it, and why:

- `BIND_HOST`: it listens on every interface otherwise; `IOT_MTLS_ENABLED`, `SFTP_ENABLED`: these would all the same.
- `AWS_ENDPOINT_URL`: handed on to every Lambda process, so that the functions' AWS clients come back to the emulator.
- `SSL_CERT_FILE`: its API gateway reads the keys of a local issuer, whose certificate it has to trust.
- a bare environment: every function inherits the emulator's, and must not see that of whoever runs the tests.
- `TMPDIR`: it unpacks functions there, and leaves them behind.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

from cloud.failing import Failed

ACCOUNT = "000000000000"
REGION = "eu-central-1"


def free_port():
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Emulator:
    """A running MiniStack. Use it with `with`: the process and the functions it runs end with the block."""

    READY_WITHIN_S = 60
    STOPPED_WITHIN_S = 10

    def __init__(self, folder: Path, trusted: Path):
        self.folder = folder
        self.trusted = trusted
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "ministack.log"
        self.process = None

    def __enter__(self):
        temporary = self.folder / "ministack"
        temporary.mkdir(parents=True)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "GATEWAY_PORT": str(self.port),
            "AWS_ENDPOINT_URL": self.url,
            "SSL_CERT_FILE": str(self.trusted),
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                cwd=temporary,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def client(self, service):
        """An AWS client that talks to the emulator. Nothing is retried: what fails here has failed."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=90, connect_timeout=5),
        )

    def stop(self):
        """Ends the emulator and the functions' processes, which share its process group."""
        if self.process is None:
            return
        process, self.process = self.process, None
        process.terminate()
        try:
            process.wait(self.STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _wait_until_ready(self):
        deadline = time.monotonic() + self.READY_WITHIN_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failed(f"MiniStack ended with {self.process.returncode}: see {self.log}")
            try:
                with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2):
                    return
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                time.sleep(0.1)
        raise Failed(f"MiniStack did not answer within {self.READY_WITHIN_S} s: see {self.log}")
