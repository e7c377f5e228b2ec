"""What a signature must be: every wrong one is refused with S3's or IAM's code, and nothing of it reaches the backend.

Proven over HTTP: a wrong secret shows canonical request and string to sign, and no secret; clocks, presigned lives, scopes,
older signatures, several signatures at once, altered requests; that IAM and STS calls are signed for their own service.
"""

import datetime
from types import SimpleNamespace
from xml.etree import ElementTree

import botocore.auth
import pytest
import requests
from botocore.auth import HmacV1Auth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from clients import REGION, Keys, assume, client, make_role, refused, signed, unique
from gate import TESTER1, TESTER2

OWNER, USER, TRUSTED = Keys(*TESTER1), Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WHO_AM_I = b"Action=GetCallerIdentity&Version=2011-06-15"
LIST_ROLES = b"Action=ListRoles&Version=2010-05-08"


@pytest.fixture(scope="module")
def served(gate, recorder):
    one = gate(backend=recorder.endpoint)
    _, arn = make_role(one.endpoint, OWNER, TRUSTED)
    keys = assume(one.endpoint, USER, arn)
    s3, bucket = client("s3", one.endpoint, keys), unique("signed-")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"content")
    return SimpleNamespace(endpoint=one.endpoint, url=f"{one.endpoint}/{bucket}/k", keys=keys, s3=s3, bucket=bucket)


@pytest.fixture(autouse=True)
def nothing_is_changed(served, recorder):
    """Whatever a test here sends, only reads come through; of an upload with another body than signed, no byte does."""
    recorder.take()
    yield
    seen = [request for request in recorder.take() if request.method not in ("GET", "HEAD")]
    assert not [request for request in seen if request.body_bytes or request.method != "PUT"]
    assert served.s3.get_object(Bucket=served.bucket, Key="k")["Body"].read() == b"content"


@pytest.fixture
def at(monkeypatch):
    """at(seconds): from now on botocore signs so many seconds from now."""

    def shift(seconds):
        def now(remove_tzinfo=True):
            then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
            return then.replace(tzinfo=None) if remove_tzinfo else then

        monkeypatch.setattr(botocore.auth, "get_current_datetime", now)

    return shift


def headers_of(auth, method, url, keys, body=b"", headers=None, service="s3", region=REGION):
    request = AWSRequest(method, url, data=body, headers=dict(headers or {}))
    credentials = Credentials(keys.access, keys.secret, keys.token)
    (auth(credentials) if auth is HmacV1Auth else auth(credentials, service, region)).add_auth(request)
    return dict(request.headers)


def s3_error(answer):
    error = ElementTree.fromstring(answer.content)
    assert error.tag == "Error" and error.findtext("RequestId") == answer.headers["x-amz-request-id"]
    return answer.status_code, error.findtext("Code"), error


def control_error(answer):
    error = ElementTree.fromstring(answer.content)
    names = {element.tag.rpartition("}")[2]: element.text for element in error.iter()}
    return answer.status_code, names["Code"], names["Message"]


def test_wrong_secret_shows_what_was_signed_and_no_secret(served):
    for keys in (Keys(USER.access, "not-the-secret"), Keys(served.keys.access, "no", served.keys.token)):
        answer = signed("GET", served.url, keys)
        status, code, error = s3_error(answer)
        assert (status, code) == (403, "SignatureDoesNotMatch")
        assert error.findtext("AWSAccessKeyId") == keys.access
        assert error.findtext("StringToSign").startswith("AWS4-HMAC-SHA256\n")
        canonical = error.findtext("CanonicalRequest")
        assert canonical.startswith(f"GET\n/{served.bucket}/k\n\nhost:")
        shown = bytes.fromhex(error.findtext("CanonicalRequestBytes")).decode()
        assert shown == canonical
        assert bytes.fromhex(error.findtext("StringToSignBytes")).decode() == error.findtext("StringToSign")
        assert len(error.findtext("SignatureProvided")) == 64
        assert "no-store" in answer.headers["Cache-Control"]
        assert USER.secret not in answer.text and served.keys.secret not in answer.text
        right = headers_of(S3SigV4Auth, "GET", served.url, Keys(keys.access, USER.secret))["Authorization"]
        assert right.rpartition("Signature=")[2] not in answer.text
        status, code, _ = control_error(
            signed("POST", served.endpoint, keys, body=WHO_AM_I, headers=FORM, service="sts")
        )
        assert (status, code) == (403, "SignatureDoesNotMatch")


def test_altered_requests_do_not_match(served):
    headers = headers_of(S3SigV4Auth, "GET", served.url, served.keys)
    assert requests.get(served.url, headers=headers).status_code == 200
    for method, url in (("GET", served.url + "2"), ("GET", served.url + "?versionId=x"), ("DELETE", served.url)):
        assert s3_error(requests.request(method, url, headers=headers))[:2] == (403, "SignatureDoesNotMatch")
    date = headers["X-Amz-Date"]
    later = f"{date[:-2]}{(int(date[-2]) + 1) % 10}Z"
    for name, value in (("X-Amz-Date", later), ("X-Amz-Content-SHA256", "0" * 64)):
        assert requests.get(served.url, headers=headers | {name: value}).status_code in (400, 403)
    body = headers_of(S3SigV4Auth, "PUT", served.url, served.keys, body=b"first")
    assert s3_error(requests.put(served.url, data=b"other", headers=body))[:2] == (400, "XAmzContentSHA256Mismatch")
    form = headers_of(SigV4Auth, "POST", served.endpoint + "/", OWNER, body=LIST_ROLES, headers=FORM, service="iam")
    other = LIST_ROLES.replace(b"ListRoles", b"GetRole&RoleName=x")
    assert requests.post(served.endpoint, data=LIST_ROLES, headers=form).status_code == 200
    answer = control_error(requests.post(served.endpoint, data=other, headers=form))
    assert answer[:2] == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("seconds", [-7 * 86400, -1000, 1000, 7 * 86400])
def test_clock_skew(served, at, seconds):
    at(seconds)
    status, code, error = s3_error(signed("GET", served.url, served.keys))
    assert (status, code) == (403, "RequestTimeTooSkewed")
    assert error.findtext("MaxAllowedSkewMilliseconds") == "900000"
    assert error.findtext("RequestTime") and error.findtext("ServerTime")
    status, code, message = control_error(
        signed("POST", served.endpoint, USER, body=WHO_AM_I, headers=FORM, service="sts")
    )
    assert (status, code) == (403, "SignatureDoesNotMatch"), message


@pytest.mark.parametrize("seconds", [-800, 800])
def test_small_skew_is_allowed(served, at, seconds):
    at(seconds)
    assert signed("GET", served.url, served.keys).status_code == 200


def presigned(served, method="get_object", **more):
    return served.s3.generate_presigned_url(method, {"Bucket": served.bucket, "Key": "k"}, **more)


def test_presigned_lives(served, at):
    assert requests.get(presigned(served, ExpiresIn=604800)).content == b"content"
    for wrong in (0, 604801, -5):
        status, code, _ = s3_error(requests.get(presigned(served, ExpiresIn=wrong)))
        assert (status, code) == (400, "AuthorizationQueryParametersError"), wrong
    at(-100)
    assert requests.get(presigned(served, ExpiresIn=200)).status_code == 200
    status, code, error = s3_error(requests.get(presigned(served, ExpiresIn=60)))
    assert (status, code) == (403, "AccessDenied") and error.findtext("Message") == "Request has expired"
    assert error.findtext("X-Amz-Expires") == "60" and error.findtext("Expires") and error.findtext("ServerTime")
    at(3000)
    assert s3_error(requests.get(presigned(served, ExpiresIn=60)))[:2] == (403, "AccessDenied")


def test_altered_presigned_urls(served):
    url = presigned(served, ExpiresIn=60)
    for bad in (
        url.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"),
        url.replace("/k?", "/K?"),
        url + "&response-content-type=text%2Fhtml",
    ):
        assert s3_error(requests.get(bad))[:2] == (403, "SignatureDoesNotMatch"), bad
    for bad in (url + "&X-Amz-Expires=60", url.replace("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "")):
        assert requests.get(bad).status_code in (400, 403), bad
    assert requests.put(url, data=b"x").status_code == 403
    without_token = "&".join(part for part in url.split("&") if not part.startswith("X-Amz-Security-Token"))
    assert s3_error(requests.get(without_token))[:2] == (403, "InvalidAccessKeyId")


def test_only_one_way_of_authentication(served):
    url = presigned(served, ExpiresIn=60)
    headers = headers_of(S3SigV4Auth, "GET", served.url, served.keys)
    assert s3_error(requests.get(url, headers=headers))[:2] == (400, "InvalidArgument")


@pytest.mark.parametrize(
    "authorization", ["Basic dXNlcjpwYXNz", "Bearer eyJhbGciOi", "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256 x", "nonsense"]
)
def test_rule_05_what_looks_like_authentication_is_never_anonymous(served, authorization):
    answer = requests.get(served.url, headers={"Authorization": authorization})
    assert answer.status_code == 400 and "AccessDenied" not in answer.text, answer.text
    answer = requests.post(served.endpoint, data=WHO_AM_I, headers=FORM | {"Authorization": authorization})
    assert answer.status_code in (400, 403) and "MissingAuthenticationToken" not in answer.text, answer.text


def test_tokens_without_a_signature_are_refused(served):
    for headers, query in (
        ({"x-amz-security-token": served.keys.token}, ""),
        ({}, "?X-Amz-Security-Token=x"),
        ({}, "?X-Amz-Signature=x"),
    ):
        answer = requests.get(served.url + query, headers=headers)
        assert answer.status_code in (400, 403), answer.text
        assert s3_error(answer)[1] != "NoSuchKey"


def test_sigv2_is_refused_with_what_to_do(served):
    headers = headers_of(HmacV1Auth, "GET", served.url, USER)
    assert headers["Authorization"].startswith("AWS TESTER2:")
    status, code, error = s3_error(requests.get(served.url, headers=headers))
    assert (status, code) == (400, "InvalidRequest") and "AWS4-HMAC-SHA256" in error.findtext("Message")
    answer = requests.post(served.endpoint, data=WHO_AM_I, headers=FORM | {"Authorization": headers["Authorization"]})
    assert control_error(answer)[:2] == (400, "IncompleteSignature")


def test_rule_05_the_scope_is_of_the_actions_own_service(served):
    """Scope `s3` on an IAM or STS call is refused, and each of these for the other."""
    for body, right in ((LIST_ROLES, "iam"), (WHO_AM_I, "sts")):
        for service in ("s3", "iam", "sts", "ec2"):
            answer = signed("POST", served.endpoint, OWNER, body=body, headers=FORM, service=service)
            if service == right:
                assert answer.status_code == 200, answer.text
            else:
                status, code, _ = control_error(answer)
                assert (status, code) in ((403, "SignatureDoesNotMatch"), (400, "InvalidAction")), (service, code)
    for service in ("iam", "sts"):
        answer = signed("GET", served.url, served.keys, service=service)
        assert answer.status_code in (400, 403) and answer.content != b"content"


def test_rule_05_control_calls_are_hashed_and_presigned_only_without_a_body(served):
    for payload in ("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"):
        request = AWSRequest("POST", served.endpoint + "/", data=WHO_AM_I, headers=dict(FORM))
        request.headers["x-amz-content-sha256"] = payload
        SigV4Auth(Credentials(OWNER.access, OWNER.secret), "sts", REGION).add_auth(request)
        answer = requests.post(served.endpoint, data=WHO_AM_I, headers=dict(request.headers))
        assert control_error(answer)[:2] == (403, "SignatureDoesNotMatch"), payload
    request = AWSRequest("GET", f"{served.endpoint}/?{WHO_AM_I.decode()}")
    SigV4QueryAuth(Credentials(USER.access, USER.secret), "sts", REGION, expires=60).add_auth(request)
    answer = requests.get(request.prepare().url)
    assert answer.status_code == 200 and "arn:aws:iam:::user/TESTER2" in answer.text, answer.text
    assert requests.post(request.prepare().url, data=b"Action=x", headers=FORM).status_code in (400, 403)


def test_rule_05_control_parameters_stand_in_one_place(served):
    url = f"{served.endpoint}/?Action=GetCallerIdentity"
    answer = control_error(signed("POST", url, OWNER, body=WHO_AM_I, headers=FORM, service="sts"))
    assert answer[:2] == (400, "InvalidParameterCombination")
    twice = signed("POST", served.endpoint, OWNER, body=WHO_AM_I + b"&Action=AssumeRole", headers=FORM, service="sts")
    assert twice.status_code == 400
    other = signed("POST", served.endpoint, OWNER, body=b"{}", headers={"Content-Type": "application/json"}, service="sts")
    assert other.status_code == 400
    unsigned = requests.post(served.endpoint, data=WHO_AM_I, headers=FORM)
    assert control_error(unsigned)[:2] == (403, "MissingAuthenticationToken")


def test_any_region_in_the_scope_unless_one_is_pinned(served, gate):
    for region in ("", "eu-west-1", "nowhere"):
        headers = headers_of(S3SigV4Auth, "GET", served.url, served.keys, region=region)
        assert requests.get(served.url, headers=headers).status_code == 200, region
    pinned = gate(sigv4={"region": "eu-central-1"})
    url = f"{pinned.endpoint}/some-bucket"
    status, code, error = s3_error(requests.get(url, headers=headers_of(S3SigV4Auth, "GET", url, USER)))
    assert (status, code) == (400, "AuthorizationHeaderMalformed") and error.findtext("Region") == "eu-central-1"
    right = headers_of(S3SigV4Auth, "GET", url, USER, region="eu-central-1")
    assert s3_error(requests.get(url, headers=right))[0] in (403, 404)


def test_unknown_and_impossible_keys(served):
    for access in ("AKIAIOSFODNN7EXAMPLE", "nobody", "tester2"):
        s3 = client("s3", served.endpoint, Keys(access, "x" * 40))
        assert refused(s3.list_buckets)[:2] == ("InvalidAccessKeyId", 403)
        sts = client("sts", served.endpoint, Keys(access, "x" * 40))
        assert refused(sts.get_caller_identity)[:2] == ("InvalidClientTokenId", 403)
    assert refused(client("s3", served.endpoint, Keys("a-b", "x")).list_buckets)[:2] == ("InvalidAccessKeyId", 403)


def test_payload_hash_is_required_of_s3(served):
    headers = headers_of(SigV4Auth, "GET", served.url, served.keys)
    headers.pop("X-Amz-Content-SHA256", None)
    assert s3_error(requests.get(served.url, headers=headers))[:2] == (400, "InvalidRequest")


def test_presigned_head_is_not_a_get(served):
    request = AWSRequest("HEAD", served.url)
    credentials = Credentials(served.keys.access, served.keys.secret, served.keys.token)
    S3SigV4QueryAuth(credentials, "s3", REGION, expires=60).add_auth(request)
    url = request.prepare().url
    assert requests.head(url).status_code == 200
    assert requests.get(url).status_code == 403
