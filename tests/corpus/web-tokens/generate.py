#!/usr/bin/env python3
"""Makes keys.json and signatures.jsonl anew, with Python's `cryptography` (48.0): another implementation than the gate's.

    python3 tests/corpus/web-tokens/generate.py

The keys are for tests alone; whoever reads this has them. RFC 7515's and RFC 8037's examples are copied from the RFCs.
"""

import base64
import json
import pathlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

HERE = pathlib.Path(__file__).parent
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, length=None):
    return b64(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


def der(key, form):
    return base64.b64encode(
        key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
    ).decode()


def entry(key, kid):
    if isinstance(key, rsa.RSAPrivateKey):
        public = key.public_key().public_numbers()
        jwk = {"kty": "RSA", "n": number(public.n), "e": number(public.e)}
        private = der(key, serialization.PrivateFormat.TraditionalOpenSSL)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        public, size = key.public_key().public_numbers(), key.curve.key_size // 8
        curve = {"secp256r1": "P-256", "secp384r1": "P-384"}[key.curve.name]
        jwk = {"kty": "EC", "crv": curve, "x": number(public.x, size), "y": number(public.y, size)}
        private = der(key, serialization.PrivateFormat.PKCS8)
    else:
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
        private = der(key, serialization.PrivateFormat.PKCS8)
    return {"private": private, "jwk": jwk | {"kid": kid}}


KEYS = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "rsa-other": rsa.generate_private_key(65537, 2048),
    "rsa-3072": rsa.generate_private_key(3, 3072),
    "rsa-weak": rsa.generate_private_key(65537, 1024),
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p256-other": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ed25519-other": ed25519.Ed25519PrivateKey.generate(),
}
ENTRIES = {name: entry(key, name) for name, key in KEYS.items()}


def raw_ecdsa(signature, size):
    r, s = utils.decode_dss_signature(signature)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def sign(name, algorithm, message):
    key, digest = KEYS[name], HASHES.get(algorithm[2:])
    match algorithm[:2]:
        case "RS":
            return key.sign(message, padding.PKCS1v15(), digest)
        case "PS":
            return key.sign(message, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        case "ES":
            return raw_ecdsa(key.sign(message, ec.ECDSA(digest)), key.curve.key_size // 8)
        case "Ed":
            return key.sign(message)


LINES = []


def line(name, good, algorithm, jwk, message, signature):
    LINES.append(
        {"name": name, "good": good, "alg": algorithm, "jwk": jwk, "message": message.decode(), "signature": b64(signature)}
    )


def made():
    message = b"eyJhbGciOiI_In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIn0"
    for name, algorithm in [
        *[("rsa", kind + size) for kind in ("RS", "PS") for size in HASHES],
        ("rsa-3072", "RS256"), ("rsa-3072", "PS512"), ("p256", "ES256"), ("p384", "ES384"), ("ed25519", "EdDSA"),
    ]:
        jwk = ENTRIES[name]["jwk"]
        good = sign(name, algorithm, message)
        say = lambda what, is_good, signature, key=jwk, text=message, alg=algorithm: line(
            f"{name} {algorithm}: {what}", is_good, alg, key, text, signature
        )
        say("as signed", True, good)
        say("another message", False, good, text=message + b"A")
        say("no signature", False, b"")
        say("a byte less", False, good[:-1])
        say("a byte more", False, good + b"\0")
        say("a zero before it", False, b"\0" + good)
        say("all zeros", False, bytes(len(good)))
        say("all ones", False, b"\xff" * len(good))
        say("twice", False, good + good)
        for bit in (0, 7, len(good) * 4, len(good) * 8 - 1):
            bent = bytearray(good)
            bent[bit // 8] ^= 1 << (bit % 8)
            say(f"bit {bit} turned", False, bytes(bent))
        other = {"rsa": "rsa-other", "p256": "p256-other", "ed25519": "ed25519-other"}.get(name)
        if other:
            say("another's key", False, good, ENTRIES[other]["jwk"])

    rsa_key, jwk = KEYS["rsa"], ENTRIES["rsa"]["jwk"]
    numbers = rsa_key.private_numbers()
    n, d, size = numbers.public_numbers.n, numbers.d, 256
    for algorithm, wrong in [("RS256", "RS384"), ("RS256", "PS256"), ("PS256", "RS256"), ("PS256", "PS384"), ("PS512", "PS256")]:
        line(f"{wrong} for {algorithm}", False, algorithm, jwk, message, sign("rsa", wrong, message))
    for length in (0, 20, 31, 33, padding.PSS.MAX_LENGTH):
        salted = rsa_key.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), length), hashes.SHA256())
        shown = length if isinstance(length, int) else "the most"
        line(f"PS256 with a salt of {shown} (RFC 7518 section 3.5: 32)", False, "PS256", jwk, message, salted)
    other_mask = rsa_key.sign(message, padding.PSS(padding.MGF1(hashes.SHA1()), 32), hashes.SHA256())
    line("PS256 with MGF1 of SHA-1", False, "PS256", jwk, message, other_mask)
    sha1 = rsa_key.sign(message, padding.PKCS1v15(), hashes.SHA1())
    line("RS256 with SHA-1", False, "RS256", jwk, message, sha1)

    digest = hashes.Hash(hashes.SHA256())
    digest.update(message)
    digest = digest.finalize()
    prefix = bytes.fromhex("3031300d060960864801650304020105000420")
    without_null = bytes.fromhex("302f300b0609608648016503040201" + "0420")

    def padded(encoded):
        return pow(int.from_bytes(encoded.ljust(size, b"\0"), "big"), d, n).to_bytes(size, "big")

    whole = b"\0\1" + b"\xff" * (size - 3 - len(prefix) - 32) + b"\0" + prefix + digest
    line("RS256 padded by hand, right", True, "RS256", jwk, message, padded(whole))
    short = b"\0\1" + b"\xff" * 8 + b"\0" + prefix + digest
    line("RS256 with short padding and rubbish after the digest (CVE-2006-4339)", False, "RS256", jwk, message, padded(short))
    line("RS256 without NULL in the digest's algorithm", False, "RS256", jwk, message,
         padded(b"\0\1" + b"\xff" * (size - 3 - len(without_null) - 32) + b"\0" + without_null + digest))
    line("RS256 with block type 2", False, "RS256", jwk, message, padded(b"\0\2" + whole[2:]))
    line("RS256 with a hole in the padding", False, "RS256", jwk, message, padded(whole[:20] + b"\xfe" + whole[21:]))
    value = int.from_bytes(sign("rsa", "RS256", message), "big")
    if (value + n).bit_length() <= size * 8:
        line("RS256 plus the modulus", False, "RS256", jwk, message, (value + n).to_bytes(size, "big"))
    line("RS256 plus the modulus, a byte longer", False, "RS256", jwk, message, (value + n).to_bytes(size + 1, "big"))

    jwk = ENTRIES["p256"]["jwk"]
    encoded = KEYS["p256"].sign(message, ec.ECDSA(hashes.SHA256()))
    r, s = utils.decode_dss_signature(encoded)
    pair = lambda r, s: r.to_bytes(32, "big") + s.to_bytes(32, "big")
    line("ES256 in DER", False, "ES256", jwk, message, encoded)
    line("ES256, s negated: as good, by ECDSA's nature", True, "ES256", jwk, message, pair(r, P256_ORDER - s))
    for what, bad in [
        ("r = 0", pair(0, s)), ("s = 0", pair(r, 0)), ("r = s = 0", pair(0, 0)), ("r = order", pair(P256_ORDER, s)),
        ("s = order", pair(r, P256_ORDER)), ("r = s = order", pair(P256_ORDER, P256_ORDER)), ("r = 0, s = 1", pair(0, 1)),
        ("r = 1, s = 0", pair(1, 0)), ("r = s = 1", pair(1, 1)), ("r and s exchanged", pair(s, r)),
        ("of SHA-384", raw_ecdsa(KEYS["p256"].sign(message, ec.ECDSA(hashes.SHA384())), 32)),
        ("in 96 bytes", r.to_bytes(48, "big") + s.to_bytes(48, "big")),
    ]:
        line(f"ES256, {what}", False, "ES256", jwk, message, bad)
    if s + P256_ORDER < 1 << 256:
        line("ES256, s plus the order", False, "ES256", jwk, message, pair(r, s + P256_ORDER))

    jwk = ENTRIES["ed25519"]["jwk"]
    signature = sign("ed25519", "EdDSA", message)
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(signature[32:], "little")
    line("EdDSA, S plus the order", False, "EdDSA", jwk, message, signature[:32] + (s + order).to_bytes(32, "little"))


def of_rfcs():
    payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    for name, algorithm, jwk, message, signature in [
        ("RFC 7515 A.2", "RS256", {"kty": "RSA", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ", "e": "AQAB"},
         f"eyJhbGciOiJSUzI1NiJ9.{payload}", "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"),
        ("RFC 7515 A.3", "ES256", {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
         f"eyJhbGciOiJFUzI1NiJ9.{payload}", "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"),
        ("RFC 8037 A.4", "EdDSA", {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
         "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"),
    ]:
        bytes_of = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        line(name, True, algorithm, jwk, message.encode(), bytes_of)
        line(f"{name}, of another message", False, algorithm, jwk, message[:-1].encode() + b"A", bytes_of)


made()
of_rfcs()
(HERE / "keys.json").write_text(json.dumps(ENTRIES, indent=1) + "\n")
(HERE / "signatures.jsonl").write_text("".join(json.dumps(one) + "\n" for one in LINES))
print(len(LINES), "signatures")
