"""A local OpenID Connect issuer: what a user pool or an identity provider is to the deployed desk.

It serves its discovery document and its public key over HTTPS, because the desk's stacks take no other issuer, with a
certificate made for this run. `certificate` is for whoever has to trust it. Keys live in memory and end with the run.
"""

import datetime
import http.server
import ipaddress
import json
import ssl
import threading
import time
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

KEY_ID = "of-this-run"


def new_key():
    """A private key to sign tokens with."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Issuer:
    """The issuer, serving on a loopback port while its `with` block lasts."""

    LIFETIME_S = 3600

    def __init__(self, port: int, audience: str, folder: Path):
        self.url = f"https://127.0.0.1:{port}"
        self.audience = audience
        self.certificate = folder / "issuer.pem"
        self._key = new_key()
        documents = {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/jwks.json"},
            "/jwks.json": {"keys": [self._public_key()]},
        }
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), serving(documents))
        self._server.daemon_threads = True
        self._server.socket = self._secured(self._server.socket, folder / "issuer.key")

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def token(self, subject, key=None, audience=None, expires_in_s=LIFETIME_S):
        """A token for `subject`: good, unless told to use another key or audience, or to have expired."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": subject,
            "aud": audience or self.audience,
            "iat": min(now, now + expires_in_s) - 1,
            "exp": now + expires_in_s,
        }
        return jwt.encode(claims, key or self._key, algorithm="RS256", headers={"kid": KEY_ID})

    def _public_key(self):
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {**public, "kid": KEY_ID, "use": "sig", "alg": "RS256"}

    def _secured(self, socket, key_file):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer of this run")])
        now = datetime.datetime.now(datetime.UTC)
        here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        key = new_key()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(here, critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        plain = serialization.NoEncryption()
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.touch(mode=0o600)
        key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key_file)
        return context.wrap_socket(socket, server_side=True)


def serving(documents):
    """A handler of GET requests for a few JSON documents."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            document = documents.get(self.path)
            body = json.dumps(document).encode()
            self.send_response(404 if document is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Nobody reads the access log of a test."""

    return Handler
