"""Identity providers that say what a test tells them: tokens with any claims and headers, documents with any flaw.

`SigningKey` signs whatever it is given, right or wrong. `Issuer` is an HTTP or HTTPS server with a discovery document and
a key set; it counts the connections and requests that reach it, and any of its answers can be replaced.
"""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from leaks import LEAKS
from servers import HOST

CLIENT = "customer-portal"
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def b64(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class SigningKey:
    """A key of a provider: RSA of `bits`, or the curve P-256, which signs with `alg`."""

    def __init__(self, kid, alg="RS256", bits=2048):
        self.kid, self.alg = kid, alg
        self.private = ec.generate_private_key(ec.SECP256R1()) if alg == "ES256" else _rsa(bits)

    def jwk(self, **more):
        """The public key as a key set has it; a member given as None is left out."""
        public = self.private.public_key().public_numbers()
        if isinstance(public, rsa.RSAPublicNumbers):
            shown = {"kty": "RSA", "n": number(public.n), "e": number(public.e)}
        else:
            shown = {"kty": "EC", "crv": "P-256", "x": number(public.x, 32), "y": number(public.y, 32)}
        shown = {"kid": self.kid, "use": "sig", "alg": self.alg, **shown, **more}
        return {name: value for name, value in shown.items() if value is not None}

    def private_jwk(self):
        """The RSA key with its private half, for a provider's own file."""
        secret = self.private.private_numbers()
        halves = {"d": secret.d, "p": secret.p, "q": secret.q, "dp": secret.dmp1, "dq": secret.dmq1, "qi": secret.iqmp}
        return self.jwk() | {name: number(value) for name, value in halves.items()}

    def pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, claims, header=None, raw_claims=None, raw_header=None):
        """A token. `header` is laid over the right one (None removes); `raw_…` are bytes in place of the JSON."""
        named = {"alg": self.alg, "typ": "JWT", "kid": self.kid, **(header or {})}
        named = {name: value for name, value in named.items() if value is not None}
        first = raw_header if raw_header is not None else json.dumps(named).encode()
        second = raw_claims if raw_claims is not None else json.dumps(claims).encode()
        signed = f"{b64(first)}.{b64(second)}"
        token = f"{signed}.{b64(self._signature(named.get('alg', self.alg), signed.encode()))}"
        LEAKS.know("web token", token)
        return token

    def _signature(self, alg, signed):
        if alg == "none":
            return b""
        if alg.startswith("HS"):  # the forger's trick: the public key as the secret of a MAC
            return hmac.new(self.pem(), signed, hashlib.sha256).digest()
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.private.sign(signed, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        hashed = HASHES.get(alg[2:], hashes.SHA256())
        if alg.startswith("PS"):
            pss = padding.PSS(padding.MGF1(hashed), padding.PSS.DIGEST_LENGTH)
            return self.private.sign(signed, pss, hashed)
        return self.private.sign(signed, padding.PKCS1v15(), hashed)


def _rsa(bits):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@dataclass
class Answer:
    """What the server says for a path; `delay` seconds before it, `pace` seconds before each piece of `piece` bytes."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict = field(default_factory=lambda: {"Content-Type": "application/json"})
    delay: float = 0
    pace: float = 0
    piece: int = 1


class Issuer:
    """A provider under test control, at `url`; serves until `stop()`, again from `start()` on the same port.

    `identity` (certificates.Identity) makes it HTTPS. `bearer`: what it answers 401 without. `jwks_path` is where the keys are.
    """

    def __init__(self, path="/auth/realms/demo", identity=None, host=HOST, bearer=None, jwks_path=None, key=None):
        self.path, self.identity, self.host, self.bearer = path, identity, host, bearer
        self.key = key or SigningKey("first")
        self.keys = [self.key.jwk()]
        self.answers = {}  # path -> Answer, in place of what it would say
        self.connections, self.requests = 0, []  # [(path, headers)]
        self.port, self._server = 0, None
        self.start()
        self.jwks_path = jwks_path or f"{path}/protocol/openid-connect/certs"
        self.discovery = {
            "issuer": self.url,
            "jwks_uri": f"{self.origin}{self.jwks_path}",
            "authorization_endpoint": f"{self.url}/auth",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        }

    @property
    def origin(self):
        return f"{'https' if self.identity else 'http'}://{self.address}"

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    @property
    def url(self):
        return f"{self.origin}{self.path}"

    @property
    def name(self):
        """As the provider's ARN and condition keys have it."""
        return f"{self.address}{self.path}"

    @property
    def discovery_path(self):
        return f"{self.path}/.well-known/openid-configuration"

    def claims(self, **claims):
        """What an ID token for alice says, with `claims` laid over it (None removes one)."""
        now = int(time.time())
        all_claims = {"iss": self.url, "sub": "alice", "aud": CLIENT, "iat": now, "nbf": now, "exp": now + 3600} | claims
        return {name: value for name, value in all_claims.items() if value is not None}

    def token(self, key=None, header=None, **claims):
        return (key or self.key).sign(self.claims(**claims), header)

    def rotate(self, kid, alg="RS256", keep=False):
        """Signs with a new key from now on; `keep`: the old one stays published."""
        self.key = SigningKey(kid, alg)
        self.keys = [self.key.jwk(), *(self.keys if keep else [])]
        return self.key

    def take(self):
        """The paths that were asked for since the last call."""
        seen, self.requests[:] = [path for path, _ in self.requests], []
        return seen

    def answer(self, path):
        if path in self.answers:
            return self.answers[path]
        if path == self.discovery_path:
            return Answer(json.dumps(self.discovery).encode())
        if path == self.jwks_path:
            return Answer(json.dumps({"keys": self.keys}).encode())
        return Answer(b"", 404)

    def start(self):
        self._server = _Server(self)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads, block_on_close = True, False

    def __init__(self, issuer):
        self.issuer, self.tls = issuer, None
        if issuer.identity:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(issuer.identity.certificate, issuer.identity.key)
        super().__init__((HOST, issuer.port), _Handler)

    def get_request(self):
        connection, address = super().get_request()
        self.issuer.connections += 1
        return connection, address

    def finish_request(self, request, client_address):
        with contextlib.suppress(OSError):  # who hangs up, or does not trust us, does so in his own thread
            request.settimeout(30)
            if self.tls:
                request = self.tls.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)

    def shutdown_request(self, request):
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)
        self.close_request(request)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        issuer = self.server.issuer
        issuer.requests.append((self.path, self.headers))
        if issuer.bearer and self.headers.get("Authorization") != f"Bearer {issuer.bearer}":
            return self._send(Answer(b'{"kind":"Status","code":401}', 401))
        return self._send(issuer.answer(self.path))

    def _send(self, answer):
        time.sleep(answer.delay)
        self.send_response(answer.status)
        self.close_connection = True
        common = {"Content-Length": str(len(answer.body)), "Connection": "close"}
        for name, value in {**common, **answer.headers}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        pieces = answer.piece if answer.pace else max(len(answer.body), 1)
        for at in range(0, len(answer.body), pieces):
            time.sleep(answer.pace)
            self.wfile.write(answer.body[at : at + pieces])
            self.wfile.flush()

    def log_message(self, *_):
        pass
