"""The requests of test_bad_requests.py: how each is made wrong, and the one answer it gets."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from urllib.parse import quote

from clients import S3_ALL, Keys, allow, document, trust
from gate import TESTER1, TESTER2
from raw import FORM, message, presigned_target, signed_headers

OWNER, USER = Keys(*TESTER1), Keys(*TESTER2)
ANY = object()  # any code, or no document: what the HTTP layer answers before a request has a head


@dataclass
class S3:
    """A signed S3 request on `/BUCKET/k`; `after` changes the signed headers (a list of pairs may come back)."""

    method: str = "GET"
    query: str = ""
    body: bytes = b""
    headers: dict = None
    key: str = "/k"
    path: str = None
    keys: object = None
    after: object = None
    sent: bytes = None  # a body other than the signed one

    def __call__(self, served):
        path = f"/{served.bucket}{self.key}" if self.path is None else self.path
        keys = self.keys(served) if self.keys else served.keys
        headers = signed_headers(served.address, self.method, path + self.query, keys, self.body, self.headers)
        headers = self.after(headers) if self.after else headers
        return message(self.method, path + self.query, headers, self.body if self.sent is None else self.sent)


@dataclass
class Form:
    """A signed IAM call (`service="sts"`: STS) with a form body."""

    text: object
    service: str = "iam"
    keys: object = None
    headers: dict = None
    after: object = None
    target: str = "/"

    def __call__(self, served):
        text = self.text(served) if callable(self.text) else self.text
        body = text if isinstance(text, bytes) else text.encode()
        keys = self.keys(served) if self.keys else OWNER
        more = FORM | (self.headers or {})
        headers = signed_headers(served.address, "POST", self.target, keys, body, more, self.service)
        return message("POST", self.target, self.after(headers) if self.after else headers, body)


@dataclass
class Plain:
    """Unsigned, the bytes as they are; `HOST` and `BUCKET` stand for the gate's."""

    data: bytes

    def __call__(self, served):
        return self.data.replace(b"HOST", served.address.encode()).replace(b"BUCKET", served.bucket.encode())


@dataclass
class Presigned:
    """A presigned GET whose target `after` changes."""

    after: object
    headers: dict = None

    def __call__(self, served):
        target = presigned_target(served.address, "GET", f"/{served.bucket}/k", served.keys)
        return message("GET", self.after(target), {"Host": served.address} | (self.headers or {}))


def changed(name, pattern, value):
    """Replaces in one signed header."""
    return lambda headers: headers | {name: re.sub(pattern, value, headers[name], count=1)}


def put(name, value):
    return lambda headers: headers | {name: value}


def add(*pairs):
    return lambda headers: [*headers.items(), *pairs]


def authorization(pattern, value=""):
    return S3(after=changed("Authorization", pattern, value))


def xml(text, query="?delete", method="POST", key="", **more):
    body = text if isinstance(text, bytes) else text.encode()
    digest = base64.b64encode(hashlib.md5(body).digest()).decode()
    return S3(method, query, body, {"Content-MD5": digest} | more.pop("headers", {}), key=key, **more)


def tags(*pairs):
    return "<Tagging><TagSet>" + "".join(f"<Tag><Key>{k}</Key><Value>{v}</Value></Tag>" for k, v in pairs) + "</TagSet></Tagging>"


def delete(count):
    return "<Delete>" + "".join(f"<Object><Key>k{n}</Key></Object>" for n in range(count)) + "</Delete>"


def role_of(policy, name="Never"):
    return f"Action=CreateRole&Version=2010-05-08&RoleName={name}&AssumeRolePolicyDocument={quote(policy)}"


def inline(policy):
    policy = policy if isinstance(policy, str) else json.dumps(policy)
    return lambda served: f"Action=PutRolePolicy&RoleName={served.role}&PolicyName=p&PolicyDocument={quote(policy)}"


def session(extra):
    return Form(
        lambda served: f"Action=AssumeRole&RoleArn={served.arn}&RoleSessionName=Bob{extra}", "sts", keys=lambda _: USER
    )


def streaming(kind, body, headers=None, after=None):
    return S3("PUT", body=body, headers={"X-Amz-Content-SHA256": kind} | (headers or {}), after=after, key="/new")


TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
TRAILING = {"x-amz-decoded-content-length": "3", "x-amz-trailer": "x-amz-checksum-crc32"}
LONG = "x" * 3000
DEEP_XML = "<Delete>" + "<a>" * 20_000 + "</a>" * 20_000 + "</Delete>"
BOMB = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><Delete><Object><Key>&b;</Key></Object></Delete>'
DEEP_JSON = '{"Version":"2012-10-17","Statement":' + "[" * 50_000 + "]" * 50_000 + "}"
GOOD_TRUST = trust("arn:aws:iam:::user/TESTER2")

CASES = [
    # ---- Authorization that is none
    ("only the algorithm", authorization(r"^(\S+).*", r"\1"), 400, "AuthorizationHeaderMalformed"),
    ("no credential", authorization(r"Credential=[^,]+, ?"), 400, "AuthorizationHeaderMalformed"),
    ("no signed headers", authorization(r"SignedHeaders=[^,]+, ?"), 400, "AuthorizationHeaderMalformed"),
    ("no signature", authorization(r", ?Signature=.*"), 400, "AuthorizationHeaderMalformed"),
    ("empty credential", authorization(r"Credential=[^,]+", "Credential="), 400, "AuthorizationHeaderMalformed"),
    ("two credentials", authorization(r"(Credential=[^,]+)", r"\1, \1"), 400, "AuthorizationHeaderMalformed"),
    ("two signatures in one header", authorization(r"(Signature=\S+)", r"\1, \1"), 400, "AuthorizationHeaderMalformed"),
    ("an unknown part", authorization(r"(Signature=\S+)", r"\1, Extra=1"), 400, "AuthorizationHeaderMalformed"),
    ("a signature that is no hex", authorization(r"Signature=\w{64}", "Signature=" + "g" * 64), 403, "SignatureDoesNotMatch"),
    ("a short signature", authorization(r"Signature=\w{64}", "Signature=abc"), 403, "SignatureDoesNotMatch"),
    ("a signature in capitals", S3(after=lambda h: h | {"Authorization": re.sub(r"\w{64}", lambda m: m[0].upper(), h["Authorization"])}), 403, "SignatureDoesNotMatch"),
    ("a scope of three parts", authorization(r"/us-east-1/s3/aws4_request", "/s3/aws4_request"), 400, "AuthorizationHeaderMalformed"),
    ("a scope of another day", authorization(r"/\d{8}/", "/20200101/"), 400, "AuthorizationHeaderMalformed"),
    ("a scope with another end", authorization("aws4_request", "aws5_request"), 400, "AuthorizationHeaderMalformed"),
    ("a date that is none", S3(after=put("X-Amz-Date", "yesterday")), 403, "AccessDenied"),
    ("no date", S3(after=lambda h: {n: v for n, v in h.items() if n != "X-Amz-Date"}), 403, "AccessDenied"),
    ("a date twice", S3(after=lambda h: [*h.items(), ("X-Amz-Date", h["X-Amz-Date"])]), 400, "InvalidArgument"),
    ("bytes that are no text", S3(after=put("Authorization", "AWS4-HMAC-SHA256 Credential=\xff\xfe, x=\x80")), 400, "AuthorizationHeaderMalformed"),
    ("a credential of 6 KiB", authorization(r"Credential=\w+", "Credential=" + "A" * 6000), 403, "InvalidAccessKeyId"),
    ("signed headers that are not there", authorization("SignedHeaders=host", "SignedHeaders=absent;host"), 403, "SignatureDoesNotMatch"),
    ("host not signed", authorization("SignedHeaders=host;", "SignedHeaders="), 403, "AccessDenied"),
    ("an x-amz header not signed", S3("PUT", after=put("x-amz-meta-late", "1"), key="/new"), 403, "AccessDenied"),
    # ---- two at once
    ("two Authorization headers", S3(after=lambda h: [*h.items(), ("Authorization", h["Authorization"])]), 400, "InvalidArgument"),
    ("a header and a presigned query", Presigned(lambda t: t, {"Authorization": "AWS4-HMAC-SHA256 Credential=A/20200101/r/s3/aws4_request, SignedHeaders=host, Signature=" + "5a" * 32}), 400, "InvalidArgument"),
    ("SigV4 and SigV2 in one query", Presigned(lambda t: t + "&AWSAccessKeyId=A&Signature=x&Expires=1"), 400, "InvalidArgument"),
    ("a signature twice in the query", Presigned(lambda t: t + "&X-Amz-Signature=" + "5a" * 32), 400, "InvalidArgument"),
    ("a credential twice in the query", Presigned(lambda t: t + "&X-Amz-Credential=A"), 400, "InvalidArgument"),
    ("a presigned query without its signature", Presigned(lambda t: re.sub(r"&X-Amz-Signature=\w+", "", t)), 400, "AuthorizationQueryParametersError"),
    ("a presigned life that is no number", Presigned(lambda t: re.sub(r"Expires=60", "Expires=1e3", t)), 400, "AuthorizationQueryParametersError"),
    ("a token in query and header", Presigned(lambda t: t, {"X-Amz-Security-Token": "x"}), 400, "AuthorizationQueryParametersError"),
    # ---- keys and tokens
    ("an unknown key", S3(keys=lambda _: Keys("AKIANOBODYNOBODYNOBO", "x" * 40)), 403, "InvalidAccessKeyId"),
    ("a key with odd characters", S3(keys=lambda _: Keys("a-b$c", "x" * 40)), 403, "InvalidAccessKeyId"),
    ("a temporary key without its token", S3(keys=lambda s: Keys(s.keys.access, s.keys.secret)), 403, "InvalidAccessKeyId"),
    ("a token beside a long-term key", S3(keys=lambda s: Keys(*TESTER2, s.keys.token)), 400, "InvalidToken"),
    ("a token altered", S3(keys=lambda s: Keys(s.keys.access, s.keys.secret, s.keys.token[:-5] + "AAAAA")), 400, "InvalidToken"),
    ("a token cut", S3(keys=lambda s: Keys(s.keys.access, s.keys.secret, s.keys.token[:100])), 400, "InvalidToken"),
    ("a token of 9000 bytes", S3(keys=lambda s: Keys(s.keys.access, s.keys.secret, "A" * 9000)), 400, "InvalidToken"),
    ("a token that is no base64", S3(keys=lambda s: Keys(s.keys.access, s.keys.secret, "!!!" * 40)), 400, "InvalidToken"),
    ("a token with another key", S3(keys=lambda s: Keys("ASIA" + "A" * 16, s.keys.secret, s.keys.token)), 400, "InvalidToken"),
    ("a token twice", S3(after=lambda h: [*h.items(), ("X-Amz-Security-Token", h["X-Amz-Security-Token"])]), 400, "InvalidArgument"),
    ("an unknown key at STS", Form("Action=GetCallerIdentity", "sts", keys=lambda _: Keys("AKIANOBODYNOBODYNOBO", "x" * 40)), 403, "InvalidClientTokenId"),
    ("a token altered at STS", Form("Action=GetCallerIdentity", "sts", keys=lambda s: Keys(s.keys.access, s.keys.secret, s.keys.token[:-5] + "AAAAA")), 403, "InvalidClientTokenId"),
    # ---- parameters of S3
    ("two sub-resources", S3(query="?acl&tagging"), 400, "InvalidArgument"),
    ("an unknown sub-resource", S3(query="?nonsense"), 400, "InvalidArgument"),
    ("a parameter twice", S3(query="?versionId=a&versionId=b"), 400, "InvalidArgument"),
    ("a parameter twice, once encoded", S3(query="?%76ersionId=b&versionId=a"), 400, "InvalidArgument"),
    ("a part number of zero", S3("PUT", "?partNumber=0&uploadId=x", b"x"), 400, "InvalidArgument"),
    ("a part number of 10001", S3("PUT", "?partNumber=10001&uploadId=x", b"x"), 400, "InvalidArgument"),
    ("a part number beyond 64 bits", S3("PUT", "?partNumber=99999999999999999999999&uploadId=x", b"x"), 400, "InvalidArgument"),
    ("a part number that is none", S3("PUT", "?partNumber=one&uploadId=x", b"x"), 400, "InvalidArgument"),
    ("a part without its upload", S3("PUT", "?partNumber=1", b"x"), 400, "InvalidArgument"),
    ("max-keys below zero", S3(query="?list-type=2&max-keys=-1", key=""), 400, "InvalidArgument"),
    ("max-keys that is no number", S3(query="?list-type=2&max-keys=all", key=""), 400, "InvalidArgument"),
    ("a list type of three", S3(query="?list-type=3", key=""), 400, "InvalidArgument"),
    ("half a percent escape", Plain(b"GET /BUCKET/k%2 HTTP/1.1\r\nHost: HOST\r\n\r\n"), 400, "InvalidURI"),
    ("a percent escape that is none", Plain(b"GET /BUCKET/%zz HTTP/1.1\r\nHost: HOST\r\n\r\n"), 400, "InvalidURI"),
    ("NUL in the key", S3(key="/a%00b"), 400, "InvalidArgument"),
    ("dots in the key", S3(path="/bkt/../other/k"), 400, "InvalidArgument"),
    ("a bucket name that is none", S3(path="/A%3Ab/k"), 400, "InvalidBucketName"),
    ("a reserved bucket", S3(path="/minio/admin/v3/info"), 400, "InvalidBucketName"),
    ("a key of 1025 bytes", S3("PUT", body=b"x", key="/" + "k" * 1025), 400, "KeyTooLongError"),
    ("a key that is no UTF-8", S3("PUT", body=b"x", key="/%ff%fe"), 400, "InvalidArgument"),
    # ---- headers of S3
    ("a length that is none", S3("PUT", after=put("Content-Length", "five"), key="/new"), 400, ANY),
    ("a length below zero", S3("PUT", after=put("Content-Length", "-1"), key="/new"), 400, ANY),
    ("a length of 2^64", S3("PUT", after=put("Content-Length", "18446744073709551616"), key="/new"), 400, ANY),
    ("lengths that differ", S3("PUT", after=add(("Content-Length", "5"), ("Content-Length", "6")), key="/new"), 400, ANY),
    ("a length beside a coding", S3("PUT", after=add(("Content-Length", "5"), ("Transfer-Encoding", "chunked")), key="/new", sent=b"0\r\n\r\n"), 400, "InvalidRequest"),
    ("a transfer coding of another kind", S3("PUT", after=put("Transfer-Encoding", "gzip"), key="/new"), 501, "NotImplemented"),
    ("a chunk size that is none", S3("PUT", after=put("Transfer-Encoding", "chunked"), key="/new", sent=b"zz\r\nabc\r\n0\r\n\r\n"), 411, "MissingContentLength"),
    ("a payload hash that is none", S3("PUT", body=b"x", headers={"X-Amz-Content-SHA256": "nonsense"}, key="/new"), 400, "InvalidArgument"),
    ("a payload hash of another body", S3("PUT", body=b"first", sent=b"other", key="/new"), 400, "XAmzContentSHA256Mismatch"),
    ("a payload hash of another body, read by the gate", xml(tags(("a", "b")), "?tagging", "PUT", key="/k", sent=tags(("a", "c")).encode()), 400, "XAmzContentSHA256Mismatch"),
    ("Content-MD5 that is none", S3("PUT", body=b"x", headers={"Content-MD5": "nonsense"}, key="/new"), 400, "BadDigest"),
    ("Content-MD5 of another body", S3("PUT", body=b"x", headers={"Content-MD5": base64.b64encode(b"0" * 16).decode()}, key="/new"), 400, "BadDigest"),
    ("Content-MD5 of another document", xml(delete(1), headers={"Content-MD5": base64.b64encode(b"0" * 16).decode()}), 400, "BadDigest"),
    ("a checksum of another document", xml(delete(1), headers={"x-amz-checksum-crc32": "AAAAAA=="}), 400, "BadDigest"),
    ("a checksum that is none", xml(delete(1), headers={"x-amz-checksum-crc32": "A"}), 400, "InvalidDigest"),
    ("a copy source without a key", S3("PUT", headers={"x-amz-copy-source": "onlyabucket"}, key="/new"), 400, "InvalidArgument"),
    ("an empty copy source", S3("PUT", headers={"x-amz-copy-source": ""}, key="/new"), 400, "InvalidArgument"),
    ("a copy source with half an escape", S3("PUT", headers={"x-amz-copy-source": "/b/k%2"}, key="/new"), 400, "InvalidBucketName"),
    ("a copy source that climbs", S3("PUT", headers={"x-amz-copy-source": "/b/../c/k"}, key="/new"), 400, "InvalidBucketName"),
    ("a copy source with a second version", S3("PUT", headers={"x-amz-copy-source": "/b/k?versionId=1&versionId=2"}, key="/new"), 400, "InvalidArgument"),
    ("an unknown x-amz header", S3("PUT", headers={"x-amz-nonsense": "1"}, key="/new"), 400, "InvalidArgument"),
    ("an acl that is none", S3("PUT", body=b"x", headers={"x-amz-acl": "everyone"}, key="/new"), 400, "InvalidArgument"),
    ("tags that repeat a key", S3("PUT", body=b"x", headers={"x-amz-tagging": "a=1&a=2"}, key="/new"), 400, "InvalidTag"),
    ("eleven tags", S3("PUT", body=b"x", headers={"x-amz-tagging": "&".join(f"t{n}=1" for n in range(11))}, key="/new"), 400, "InvalidTag"),
    # ---- floods
    ("300 headers", S3(after=add(*[(f"h{n}", "1") for n in range(300)])), 400, ANY),
    ("2000 headers", S3(after=add(*[(f"h{n}", "1") for n in range(2000)])), 400, ANY),
    ("a header of 30 KB", S3(after=put("h", "x" * 30_000)), 400, "RequestHeaderSectionTooLarge"),
    ("a header of 1 MiB", S3(after=put("h", "x" * (1 << 20))), 400, ANY),
    ("a target of 100 KB", Plain(b"GET /BUCKET/" + b"k" * 100_000 + b" HTTP/1.1\r\nHost: HOST\r\n\r\n"), 400, ANY),
    ("a query of 5000 parameters", S3(query="?" + "&".join(f"a{n}" for n in range(1500))), 400, "InvalidURI"),
    # ---- XML
    ("a list of no keys", xml(delete(0)), 400, "MalformedXML"),
    ("1001 keys", xml(delete(1001)), 400, "MalformedXML"),
    ("XML 20000 deep", xml(DEEP_XML), 400, "MalformedXML"),
    ("XML of 3 MiB", xml("<Delete>" + " " * (3 << 20) + "</Delete>"), 400, "MaxMessageLengthExceeded"),
    ("entities", xml(BOMB), 400, "MalformedXML"),
    ("no XML", xml("{}"), 400, "MalformedXML"),
    ("half an XML document", xml(delete(2)[:-9]), 400, "MalformedXML"),
    ("two XML documents", xml(delete(1) * 2), 400, "MalformedXML"),
    ("XML that is no UTF-8", xml(b"<Delete><Object><Key>\xff\xfe</Key></Object></Delete>"), 400, "MalformedXML"),
    ("XML in UTF-16", xml(delete(1).encode("utf-16")), 400, "MalformedXML"),
    ("an element twice", xml("<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>"), 400, "MalformedXML"),
    ("an unknown element", xml("<Delete><Object><Key>a</Key><Force/></Object></Delete>"), 400, "MalformedXML"),
    ("another document", xml(tags(("a", "b"))), 400, "MalformedXML"),
    ("tags that repeat", xml(tags(("a", "b"), ("a", "c")), "?tagging", "PUT", key="/k"), 400, "InvalidTag"),
    ("eleven tags in a document", xml(tags(*[(f"t{n}", "1") for n in range(11)]), "?tagging", "PUT", key="/k"), 400, "InvalidTag"),
    ("a tag key of 129", xml(tags(("k" * 129, "1")), "?tagging", "PUT", key="/k"), 400, "InvalidTag"),
    ("a versioning state that is none", xml("<VersioningConfiguration><Status>Perhaps</Status></VersioningConfiguration>", "?versioning", "PUT"), 400, "MalformedXML"),
    # ---- aws-chunked
    ("no decoded length", streaming(TRAILER, b"0\r\n\r\n", {"x-amz-trailer": "x-amz-checksum-crc32"}), 411, "MissingContentLength"),
    ("a decoded length below zero", streaming(TRAILER, b"0\r\n\r\n", TRAILING | {"x-amz-decoded-content-length": "-1"}), 400, "InvalidArgument"),
    ("a decoded length beyond 5 TiB", streaming(TRAILER, b"0\r\n\r\n", TRAILING | {"x-amz-decoded-content-length": str(1 << 62)}), 400, "EntityTooLarge"),
    ("a trailer not announced", streaming(TRAILER, b"3\r\nabc\r\n0\r\nx-amz-checksum-sha1:x\r\n\r\n", TRAILING), 400, "MalformedTrailerError"),
    ("a trailer that is no checksum", streaming(TRAILER, b"3\r\nabc\r\n0\r\n\r\n", TRAILING | {"x-amz-trailer": "x-amz-meta-a"}), 400, "InvalidRequest"),
    ("a chunk size of 2^64", streaming(TRAILER, b"10000000000000000\r\nabc\r\n", TRAILING), 400, "IncompleteBody"),
    ("a chunk without its end", streaming(TRAILER, b"3\r\nabcd\r\n0\r\n\r\n", TRAILING), 400, "IncompleteBody"),
    ("a chunk of other signatures", streaming("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", b"3;chunk-signature=" + b"5a" * 32 + b"\r\nabc\r\n0;chunk-signature=" + b"5a" * 32 + b"\r\n\r\n", {"x-amz-decoded-content-length": "3"}), 403, "SignatureDoesNotMatch"),
    ("an unknown streaming payload", streaming("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", b"0\r\n\r\n", TRAILING), 400, "UnsupportedSignature"),
    ("a chunk size that is none, in a transfer coding", streaming(TRAILER, b"zz\r\nabc\r\n0\r\n\r\n", TRAILING, after=put("Transfer-Encoding", "chunked")), 400, ANY),
    # ---- IAM
    ("no action", Form("Version=2010-05-08"), 400, "MissingAction"),
    ("an unknown action", Form("Action=DropEverything"), 400, "InvalidAction"),
    ("an action twice", Form("Action=ListRoles&Action=ListRoles"), 400, "ValidationError"),
    ("a parameter twice at IAM", Form("Action=GetRole&RoleName=a&RoleName=b"), 400, "ValidationError"),
    ("another version", Form("Action=ListRoles&Version=1999-01-01"), 400, "InvalidAction"),
    ("half an escape in a form", Form("Action=GetRole&RoleName=%2"), 400, "ValidationError"),
    ("a form that is no UTF-8", Form(b"Action=GetRole&RoleName=%ff%fe"), 400, "ValidationError"),
    ("a role name of 10 KB", Form("Action=GetRole&RoleName=" + "r" * 10_000), 400, "ValidationError"),
    ("a role name with a slash", Form("Action=GetRole&RoleName=a%2Fb"), 400, "ValidationError"),
    ("max items of zero", Form("Action=ListRoles&MaxItems=0"), 400, "ValidationError"),
    ("max items beyond 64 bits", Form("Action=ListRoles&MaxItems=99999999999999999999"), 400, "ValidationError"),
    ("a marker that is none", Form("Action=ListRoles&Marker=%00%ff"), 400, "ValidationError"),
    ("a list index of 2^64", Form(role_of(GOOD_TRUST) + "&Tags.member.18446744073709551616.Key=a&Tags.member.18446744073709551616.Value=b"), 400, "ValidationError"),
    ("a policy that is no JSON", Form(inline("not json")), 400, "MalformedPolicyDocument"),
    ("a policy 50000 deep", Form(inline(DEEP_JSON)), 409, "LimitExceeded"),
    ("a policy with a key twice", Form(inline('{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}')), 400, "MalformedPolicyDocument"),
    ("a policy of no statements", Form(inline({"Version": "2012-10-17", "Statement": []})), 400, "MalformedPolicyDocument"),
    ("a policy with half a surrogate", Form(inline('{"Version":"2012-10-17","Statement":[{"Sid":"\\ud800","Effect":"Allow","Action":"s3:*","Resource":"*"}]}')), 400, "MalformedPolicyDocument"),
    ("a policy with a number of 1e400", Form(inline('{"Version":"2012-10-17","Statement":1e400}')), 400, "MalformedPolicyDocument"),
    ("a policy of 20 KB", Form(inline(document(*[allow("s3:GetObject", f"arn:aws:s3:::b/{n}") for n in range(220)]))), 409, "LimitExceeded"),
    ("a policy of 900 KB", Form(inline(document(allow("s3:GetObject", ["arn:aws:s3:::" + "b" * 60] * 5000)))), 400, "ValidationError"),
    ("a form of 1 MiB and more", Form(b"Action=ListRoles&A=" + b"x" * (1 << 20)), 413, "RequestEntityTooLarge"),
    ("a trust policy with a resource", Form(role_of(S3_ALL)), 400, "MalformedPolicyDocument"),
    ("a policy with a principal", Form(inline(GOOD_TRUST)), 400, "MalformedPolicyDocument"),
    ("a form of another content type", Form("Action=ListRoles", headers={"Content-Type": "text/plain"}), 400, "ValidationError"),
    ("a form of another body than signed", Form("Action=ListRoles", after=put("X-Amz-Content-SHA256", "0" * 64)), 403, "SignatureDoesNotMatch"),
    ("parameters in query and body", Form("Action=ListRoles", target="/?Action=ListRoles"), 400, "InvalidParameterCombination"),
    ("no signature at IAM", Plain(b"POST / HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 16\r\n\r\nAction=ListRoles"), 403, "MissingAuthenticationToken"),
    ("malformed Authorization at IAM", Form("Action=ListRoles", after=put("Authorization", "AWS4-HMAC-SHA256 x")), 400, "IncompleteSignature"),
    # ---- STS
    ("a life below zero", session("&DurationSeconds=-1"), 400, "ValidationError"),
    ("a life that is no number", session("&DurationSeconds=1e3"), 400, "ValidationError"),
    ("a life beyond 64 bits", session("&DurationSeconds=99999999999999999999"), 400, "ValidationError"),
    ("a session policy of 3000", session("&Policy=" + LONG), 400, "ValidationError"),
    ("a session policy 50000 deep", session("&Policy=" + DEEP_JSON), 400, "ValidationError"),
    ("a session name twice", session("&RoleSessionName=Eve"), 400, "ValidationError"),
    ("an MFA device", session("&SerialNumber=arn:aws:iam:::mfa/x&TokenCode=123456"), 400, "InvalidParameterValue"),
    ("a role that is none", Form("Action=AssumeRole&RoleArn=nonsense&RoleSessionName=Bob", "sts", keys=lambda _: USER), 400, "ValidationError"),
    ("a session name with a blank", Form(lambda s: f"Action=AssumeRole&RoleArn={s.arn}&RoleSessionName=a+b", "sts", keys=lambda _: USER), 400, "ValidationError"),
    ("a web identity", Plain(b"POST / HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 46\r\n\r\nAction=AssumeRoleWithWebIdentity&WebIdentityTo"), 400, "ValidationError"),
]  # fmt: skip
