"""Clients that are not from AWS, configured as their own manuals say: rclone, s3cmd, minio-py, and what S3A sends.

Proven: each does its everyday work (buckets, trees, multipart, copies, listings, deletion) with long-term keys and with
temporary ones; a session that may only read is refused in the client's own words; minio-py gets its keys from the gate
itself, by AssumeRole and by web identity; the S3 file systems of Hadoop and of the SDK for C++ find what they ask for.
What each cannot have here is in docs/s3.md, Clients.
"""

import base64
import hashlib
import io
import os
import re
import secrets
import shutil
import subprocess
from datetime import timedelta

import pytest
import requests
import urllib3
from clients import Keys, allow, assume, client, document, make_role, signed, unique
from gate import TESTER1, TESTER2
from idp import register, web_role, web_trust
from minio import Minio
from minio.commonconfig import ENABLED, ComposeSource, CopySource, Tags
from minio.credentials import AssumeRoleProvider, StaticProvider, WebIdentityProvider
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.versioningconfig import VersioningConfig

PART = 5 << 20
BIG = secrets.token_bytes(PART + 12345)
USER = "arn:aws:iam:::user/TESTER2"
NAMES = ["a.txt", "dir/sub/one", "dir/sub/two", "dir/with space+plus%25 ü.txt", "zero"]


@pytest.fixture(scope="module")
def served(gate):
    return gate(oidc={"allow_hosts": ["127.0.0.1"]})


@pytest.fixture(scope="module", params=["long-term", "session"])
def held(request, served):
    """The keys of TESTER2, or of a role that it assumed."""
    return Keys(*TESTER2) if request.param == "long-term" else session(served)


def session(served, **policy):
    return assume(served.endpoint, Keys(*TESTER2), make_role(served.endpoint, Keys(*TESTER1), USER, **policy)[1])


@pytest.fixture
def tree(tmp_path):
    """A folder with files of awkward names, and one of two parts."""
    for name in NAMES:
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text("" if name == "zero" else f"content of {name}")
    (tmp_path / "big").write_bytes(BIG)
    return tmp_path / "tree"


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(command, check=True, **options):
    """Runs a client; its output, both kinds. Without `check`: it must fail."""
    if not shutil.which(command[0]):
        pytest.fail(f"{command[0]} is not installed: run `tests/tools/setup clients` first", pytrace=False)
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run([*map(str, command)], text=True, timeout=120, **both, **options)
    assert (done.returncode == 0) is check, done.stdout
    return done.stdout


# rclone


def rclone(served, keys, folder):
    """rclone(*words): its remote `r:` is the gate, by variables alone."""
    given = {
        "TYPE": "s3",
        "PROVIDER": "Other",
        "ENDPOINT": served.endpoint,
        "REGION": "us-east-1",
        "ACCESS_KEY_ID": keys.access,
        "SECRET_ACCESS_KEY": keys.secret,
        "SESSION_TOKEN": keys.token or "",
    }
    (folder / "rclone.conf").touch()
    env = os.environ | {f"RCLONE_CONFIG_R_{name}": value for name, value in given.items()}
    env |= {"RCLONE_CONFIG": str(folder / "rclone.conf"), "RCLONE_RETRIES": "1", "RCLONE_LOW_LEVEL_RETRIES": "1"}
    env |= {"RCLONE_S3_UPLOAD_CUTOFF": "5M", "RCLONE_S3_CHUNK_SIZE": "5M", "RCLONE_S3_COPY_CUTOFF": "5M"}
    return lambda *words, check=True: run(["rclone", *words], check=check, env=env)


def test_rclone_does_its_everyday_work(served, held, tree, tmp_path):
    do, bucket = rclone(served, held, tmp_path), f"r:{unique('rclone-')}"
    do("mkdir", bucket)
    assert bucket[2:] in do("lsd", "r:")
    do("copy", tree, f"{bucket}/in")
    assert sorted(do("lsf", "-R", "--files-only", f"{bucket}/in").splitlines()) == sorted(NAMES)
    assert "0 differences found" in do("check", "--download", tree, f"{bucket}/in")
    (tree / "a.txt").write_text("changed")
    (tree / "dir/sub/one").unlink()
    do("sync", "--checksum", tree, f"{bucket}/in")
    do("copyto", tmp_path / "big", f"{bucket}/big")
    do("copyto", f"{bucket}/big", f"{bucket}/copied")  # by the server, in parts
    do("moveto", f"{bucket}/copied", f"{bucket}/moved")
    do("copy", bucket, tmp_path / "out")
    assert content(tmp_path / "out/in") == content(tree)
    out = content(tmp_path / "out")
    assert out["big"] == out["moved"] == BIG and "copied" not in out
    link = do("link", "--expire", "1m", f"{bucket}/in/a.txt").splitlines()[-1]
    assert requests.get(link, timeout=10).text == "changed"
    do("copy", "--s3-no-check-bucket", "--s3-no-head", tree, f"{bucket}/unchecked")
    assert "BucketNotEmpty" in do("rmdir", bucket, check=False)
    do("purge", bucket)
    assert bucket[2:] not in do("lsd", "r:")


def test_rclone_of_a_reader_reads(served, tree, tmp_path):
    owner, bucket = client("s3", served.endpoint, session(served)), unique("readable-")
    owner.create_bucket(Bucket=bucket)
    owner.put_object(Bucket=bucket, Key="open/x", Body=b"seen")
    owner.put_object(Bucket=bucket, Key="shut/x", Body=b"unseen")
    reading = document(
        allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition={"StringLike": {"s3:prefix": "open/*"}}),
        allow("s3:GetObject", f"arn:aws:s3:::{bucket}/open/*"),
    )
    do = rclone(served, session(served, policy=reading), tmp_path)
    do("copy", f"r:{bucket}/open", tmp_path / "out")
    assert content(tmp_path / "out") == {"x": b"seen"}
    assert "AccessDenied" in do("copy", f"r:{bucket}/shut", tmp_path / "shut", check=False)
    assert "AccessDenied" in do("copy", "--s3-no-check-bucket", tree, f"r:{bucket}/open", check=False)
    assert "AccessDenied" in do("deletefile", f"r:{bucket}/open/x", check=False)
    assert owner.get_object(Bucket=bucket, Key="open/x")["Body"].read() == b"seen"


# s3cmd


def s3cmd(served, keys, folder):
    lines = [f"access_key = {keys.access}", f"secret_key = {keys.secret}", f"access_token = {keys.token or ''}"]
    lines += [f"host_base = {served.address}", f"host_bucket = {served.address}", "use_https = False"]
    (folder / "s3cfg").write_text("\n".join(["[default]", *lines, ""]))
    fixed = ["s3cmd", f"--config={folder / 's3cfg'}", "--no-progress", "--multipart-chunk-size-mb=5"]
    return lambda *words, check=True: run([*fixed, *words], check=check)


def test_s3cmd_does_its_everyday_work(served, held, tree, tmp_path):
    do, name = s3cmd(served, held, tmp_path), unique("s3cmd-")
    bucket = f"s3://{name}"
    do("mb", bucket)
    do("put", "--recursive", f"{tree}/", f"{bucket}/in/")
    (tree / "a.txt").write_text("changed")
    (tree / "dir/sub/one").unlink()
    do("sync", "--delete-removed", f"{tree}/", f"{bucket}/in/")
    do("put", tmp_path / "big", f"{bucket}/big")
    do("cp", f"{bucket}/big", f"{bucket}/copied")
    do("mv", f"{bucket}/copied", f"{bucket}/moved")
    do("modify", "--add-header=Cache-Control: max-age=4", f"{bucket}/moved")
    listed = do("ls", "--recursive", bucket)
    assert f"{bucket}/in/zero" in listed and f"{bucket}/in/dir/sub/one" not in listed
    (tmp_path / "out").mkdir()
    do("get", "--recursive", f"{bucket}/", f"{tmp_path}/out/")
    out = content(tmp_path / "out")
    assert out.pop("big") == out.pop("moved") == BIG
    assert content(tmp_path / "out/in") == content(tree)
    assert "MIME type" in do("info", f"{bucket}/big") and "Location" in do("info", bucket)
    url = f"{served.endpoint}/{name}/in/a.txt"
    public = document(allow("s3:GetObject", f"arn:aws:s3:::{name}/in/a.txt", Principal="*"))
    (tmp_path / "policy").write_text(public)
    do("setpolicy", tmp_path / "policy", bucket)
    assert public in do("info", bucket) and requests.get(url, timeout=10).text == "changed"
    do("delpolicy", bucket)
    assert requests.get(url, timeout=10).status_code == 403
    assert "501 (NotImplemented)" in do("setacl", "--acl-public", f"{bucket}/big", check=False)
    by_version_2 = requests.get(do("signurl", f"{bucket}/in/a.txt", "+60").split()[-1], timeout=10)
    assert by_version_2.status_code == 400 and "Signature Version 2" in by_version_2.text
    do("rb", "--recursive", "--force", bucket)
    assert name not in do("ls")


# minio-py


@pytest.fixture(scope="module", params=["long-term", "session", "assume role", "web identity"])
def provider(request, served, issuer):
    """What gives minio-py its keys."""
    if request.param in ("long-term", "session"):
        keys = Keys(*TESTER2) if request.param == "long-term" else session(served)
        return StaticProvider(keys.access, keys.secret, keys.token)
    given = {"sts_endpoint": served.endpoint, "role_session_name": "minio-py"}
    if request.param == "assume role":
        _, arn = make_role(served.endpoint, Keys(*TESTER1), USER)
        return AssumeRoleProvider(access_key=TESTER2[0], secret_key=TESTER2[1], role_arn=arn, **given)
    server = issuer()
    role = web_role(served.endpoint, web_trust(register(served.endpoint, server)))
    return WebIdentityProvider(jwt_provider_func=lambda: {"access_token": server.token()}, role_arn=role, **given)


def test_minio_py_does_its_everyday_work(served, provider):
    http = urllib3.PoolManager(retries=False, timeout=60)
    s3, bucket = Minio(served.address, credentials=provider, secure=False, http_client=http), unique("minio-")
    if not s3.bucket_exists(bucket):  # as its manual has it
        s3.make_bucket(bucket)
    assert s3.bucket_exists(bucket) and bucket in [found.name for found in s3.list_buckets()]
    tags = Tags.new_object_tags()
    tags["team"] = "a"
    s3.put_object(bucket, "a b+ü.txt", io.BytesIO(b"hello"), 5, metadata={"k": "v"}, tags=tags)
    s3.put_object(bucket, "big", io.BytesIO(BIG), -1, part_size=PART)
    assert s3.get_object(bucket, "big").read() == BIG
    assert s3.get_object(bucket, "big", offset=7, length=9).read() == BIG[7:16]
    assert s3.stat_object(bucket, "a b+ü.txt").metadata["x-amz-meta-k"] == "v"
    assert s3.get_object_tags(bucket, "a b+ü.txt") == {"team": "a"}
    s3.copy_object(bucket, "copied", CopySource(bucket, "a b+ü.txt"))
    s3.compose_object(bucket, "composed", [ComposeSource(bucket, "big"), ComposeSource(bucket, "copied")])
    assert s3.get_object(bucket, "composed").read() == BIG + b"hello"
    link = s3.presigned_get_object(bucket, "copied", expires=timedelta(minutes=1))
    assert requests.get(link, timeout=10).text == "hello"
    link = s3.presigned_put_object(bucket, "put", expires=timedelta(minutes=1))
    assert requests.put(link, data=b"by link", timeout=10).status_code == 200
    names = ["a b+ü.txt", "big", "composed", "copied", "put"]
    for api_v1 in (False, True):
        assert [found.object_name for found in s3.list_objects(bucket, recursive=True, use_api_v1=api_v1)] == names
    with pytest.raises(S3Error, match="`metadata` is not known"):
        list(s3.list_objects(bucket, include_user_meta=True))  # MinIO's own
    policy = document(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*"))
    s3.set_bucket_policy(bucket, policy)
    assert s3.get_bucket_policy(bucket) == policy
    s3.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
    versions = [s3.put_object(bucket, "kept", io.BytesIO(body), 1).version_id for body in (b"1", b"2")]
    assert [s3.get_object(bucket, "kept", version_id=one).read() for one in versions] == [b"1", b"2"]
    found = s3.list_objects(bucket, recursive=True, include_version=True)
    assert not list(s3.remove_objects(bucket, [DeleteObject(one.object_name, one.version_id) for one in found]))
    s3.remove_bucket(bucket)
    assert not s3.bucket_exists(bucket)


# File systems on S3


@pytest.mark.parametrize("kept", ["filesystem", "exact"])
def test_what_s3a_sends_for_a_job(gate, kept):
    """Its markers of folders end in `/`: only where the gate is told that keys are kept exactly."""
    one, bucket = gate(backend={"keys": kept}), unique("s3a-")
    keys, marked = session(one), 200 if kept == "exact" else 400
    sent = {"User-Agent": "Hadoop 3.4.1, aws-sdk-java/2.29.52", "Referer": "https://audit.example.org/hadoop/1/"}
    sent |= {"amz-sdk-invocation-id": "1", "x-amz-api-version": "2006-03-01"}  # the second is from the SDK for C++

    def send(method, path="", body=b"", params=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return signed(method, f"{one.endpoint}/{bucket}{path}", keys, body, sent | headers, params=params)

    assert send("PUT").status_code == 200
    listing = {"list-type": "2", "delimiter": "/", "max-keys": "2", "prefix": "out/", "fetch-owner": "false"}
    assert [send("HEAD", "/out").status_code, send("GET", params=listing).status_code] == [404, 200]
    for folder in ("/out/", "/out/_temporary/0/"):
        assert send("PUT", folder, Content_Type="application/x-directory").status_code == marked
    etag = send("PUT", "/out/_temporary/0/part-0", b"data", If_None_Match="*").headers["ETag"]
    assert send("GET", "/out/_temporary/0/part-0", Range="bytes=0-1", If_Match=etag).status_code == 206
    renamed = {"x-amz-copy-source": f"{bucket}/out/_temporary/0/part-0", "x-amz-copy-source-if-match": etag}
    assert send("PUT", "/out/part-0", **renamed).status_code == 200
    begun = send("POST", "/out/part-1", params={"uploads": ""}).text  # the magic committer: begun, ended by the driver
    upload = {"uploadId": re.search("<UploadId>(.*)</UploadId>", begun)[1]}
    part = send("PUT", "/out/part-1", b"z" * 9, params={"partNumber": "1"} | upload).headers["ETag"]
    base = "/out/__magic_job-1/tasks/attempt_0/__base/part-1"
    assert send("PUT", base, **{"x-amz-meta-x-hadoop-s3a-magic-data-length": "9"}).status_code == 200
    assert "<Key>out/part-1</Key>" in send("GET", params={"uploads": "", "prefix": "out/"}).text
    done = f"<CompleteMultipartUpload><Part><ETag>{part}</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>"
    assert send("POST", "/out/part-1", done.encode(), params=upload).status_code == 200
    gone = [base[1:], "out/_temporary/0/part-0"] + (["out/_temporary/0/", "out/"] if marked == 200 else [])
    body = f"<Delete>{''.join(f'<Object><Key>{key}</Key></Object>' for key in gone)}<Quiet>true</Quiet></Delete>".encode()
    digest = base64.b64encode(hashlib.md5(body).digest()).decode()
    answer = send("POST", "", body, params={"delete": ""}, Content_MD5=digest)
    assert answer.status_code == 200 and "<Error>" not in answer.text
    left = re.findall("<Key>(.*?)</Key>", send("GET", params={"list-type": "2", "prefix": "out/"}).text)
    assert left == ["out/part-0", "out/part-1"]
