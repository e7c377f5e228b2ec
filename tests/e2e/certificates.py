"""Certificates for the run: an authority, what it issues, and servers that vouch for themselves."""

import datetime
import hashlib
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from servers import private_file

HOSTS = ("127.0.0.1", "localhost")
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    """A server's certificate (with the chain that it sends) and key, as files."""

    certificate: Path
    key: Path
    thumbprint: str  # SHA-1 of its own certificate, 40 hex digits

    def as_config(self):
        return {"cert": str(self.certificate), "key": str(self.key)}


class Authority:
    """A certificate authority. `issue()` makes servers' certificates."""

    def __init__(self, folder, name="Rolegate tests"):
        self._folder, self._name = Path(folder), name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = _certificate(_subject(name), self._key, _subject(name), self._key, authority=True)
        self.file = self._folder / f"{_file_name(name)}.pem"
        self.file.write_bytes(_pem(self._certificate))

    @property
    def thumbprint(self):
        return _thumbprint(self._certificate)

    def issue(self, name, hosts=HOSTS, valid=(-1, 30), send_authority=False):
        """A leaf for `hosts`, valid from and to these days; `send_authority`: its chain ends with the authority itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = _certificate(_subject(name), key, self._certificate.subject, self._key, hosts=hosts, valid=valid)
        return _identity(self._folder, name, key, [leaf, self._certificate] if send_authority else [leaf])


def self_signed(folder, name, hosts=HOSTS, valid=(-1, 30)):
    """A server that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = _certificate(_subject(name), key, _subject(name), key, hosts=hosts, valid=valid)
    return _identity(Path(folder), name, key, [leaf])


def _certificate(subject, key, issuer, issuer_key, hosts=(), valid=(-1, 30), authority=False):
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + valid[0] * DAY)
        .not_valid_after(now + valid[1] * DAY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if authority:
        builder = builder.add_extension(_usage(sign_certificates=True), critical=True)
    else:
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
        builder = builder.add_extension(_usage(sign_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(sign_certificates):
    others = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
        False,
    )
    signs = sign_certificates
    return x509.KeyUsage(digital_signature=True, key_cert_sign=signs, crl_sign=signs, **others)


def _identity(folder, name, key, chain):
    certificate = folder / f"{_file_name(name)}.pem"
    certificate.write_bytes(b"".join(map(_pem, chain)))
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()
    return Identity(certificate, private_file(folder / f"{_file_name(name)}.key", pem), _thumbprint(chain[0]))


def _thumbprint(certificate):
    return hashlib.sha1(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def _subject(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def _file_name(name):
    return name.replace(" ", "-").lower()
