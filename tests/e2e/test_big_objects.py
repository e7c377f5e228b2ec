"""Objects of any size stream through: 2 GiB up and down while the gate's memory stays flat.

Proven by /proc: the highest resident size of the gate process, ever, stays under a bound far below the object's size,
for an unsigned body, for one whose SHA-256 is signed (whose last bytes are held back until it matches), for four at
once, and for a reader that is slower than the backend.
"""

import concurrent.futures
import hashlib
import time

import pytest
import requests
from clients import Keys, assume, client, make_role, refused, signed, unique
from gate import TESTER1, TESTER2

MIB = 1 << 20
GIB = 1 << 30
BOUND = 200 * MIB
BLOCK = bytes(range(256)) * (MIB // 256)

pytestmark = pytest.mark.timeout(900)


class Pattern:
    """`size` bytes, made while they are read; `requests` sends it with a Content-Length."""

    def __init__(self, size):
        self.size, self.at = size, 0

    def __len__(self):
        return self.size

    def __iter__(self):
        raise TypeError("read me in blocks")  # a length beside an iterator would make requests send chunks

    def read(self, amount=MIB):
        start, amount = self.at % MIB, min(amount, MIB, self.size - self.at)
        self.at += amount
        return (BLOCK + BLOCK)[start : start + amount] if start + amount > MIB else BLOCK[start : start + amount]


def pattern_digest(size):
    digest = hashlib.sha256()
    for _ in range(size // MIB):
        digest.update(BLOCK)
    return digest.hexdigest()


@pytest.fixture(scope="module")
def served(gate):
    return gate()


@pytest.fixture(scope="module")
def keys(served):
    _, arn = make_role(served.endpoint, Keys(*TESTER1), "arn:aws:iam:::user/TESTER2")
    return assume(served.endpoint, Keys(*TESTER2), arn)


@pytest.fixture
def url(served, keys):
    """Where to put an object; it is deleted after the test, with its bucket."""
    s3, bucket = client("s3", served.endpoint, keys), unique("big-")
    s3.create_bucket(Bucket=bucket)
    yield f"{served.endpoint}/{bucket}/object"
    for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=entry["Key"])
    s3.delete_bucket(Bucket=bucket)


def download(url, keys, pause=0):
    """(bytes, SHA-256) of the object, read in blocks; with `pause`, a slow reader for the first blocks."""
    digest, size = hashlib.sha256(), 0
    with signed("GET", url, keys, stream=True) as answer:
        assert answer.status_code == 200, answer.text
        for number, block in enumerate(answer.iter_content(MIB)):
            digest.update(block)
            size += len(block)
            if pause and number < 20:
                time.sleep(pause)
    return size, digest.hexdigest()


def test_2_gib_up_and_down(served, keys, url):
    size = 2 * GIB
    answer = signed("PUT", url, keys, Pattern(size), {"Content-Length": str(size)}, payload="UNSIGNED-PAYLOAD")
    assert answer.status_code == 200, answer.text
    assert served.memory("VmHWM") < BOUND
    assert download(url, keys) == (size, pattern_digest(size))
    assert served.memory("VmHWM") < BOUND


def test_hashed_body_is_checked_while_streaming(served, keys, url):
    size = 256 * MIB
    answer = signed("PUT", url, keys, Pattern(size), {"Content-Length": str(size)}, payload=pattern_digest(size))
    assert answer.status_code == 200, answer.text
    assert download(url, keys) == (size, pattern_digest(size))
    wrong = pattern_digest(size - MIB)
    answer = signed("PUT", url + "-wrong", keys, Pattern(size), {"Content-Length": str(size)}, payload=wrong)
    assert answer.status_code == 400 and "XAmzContentSHA256Mismatch" in answer.text
    assert signed("HEAD", url + "-wrong", keys).status_code == 404
    assert served.memory("VmHWM") < BOUND


def test_several_at_once_and_a_slow_reader(served, keys, url):
    size = 128 * MIB
    digest = pattern_digest(size)

    def there_and_back(number):
        one = f"{url}-{number}"
        headers = {"Content-Length": str(size)}
        assert signed("PUT", one, keys, Pattern(size), headers, payload="UNSIGNED-PAYLOAD").status_code == 200
        return download(one, keys, pause=0.05)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert list(pool.map(there_and_back, range(4))) == [(size, digest)] * 4
    assert served.memory("VmHWM") < BOUND


def test_client_that_goes_away_leaves_no_object(served, keys, url):
    class Broken(Pattern):
        def read(self, amount=MIB):
            if self.at > 64 * MIB:
                raise ConnectionError("the client is gone")
            return super().read(amount)

    size = 256 * MIB
    with pytest.raises((requests.ConnectionError, ConnectionError)):
        signed("PUT", url, keys, Broken(size), {"Content-Length": str(size)}, payload="UNSIGNED-PAYLOAD")
    bucket = url.split("/")[-2]
    assert refused(client("s3", served.endpoint, keys).head_object, Bucket=bucket, Key="object")[1] == 404
    assert served.memory("VmHWM") < BOUND
