//! The checks against a server in memory that does all right, and with one fault at a time.

use super::*;
use crate::backend::Manner;
use crate::gateway::{BackendAnswer, BackendRequest};
use crate::wire::{Method, QueryString, percent};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// What the server does wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    None,
    NoCredentials,
    Down,
    AnySignature,
    AnonymousRead,
    AnonymousList,
    AnonymousWrite,
    HeadOfAbsentIs403,
    FoldsSlashes,
    FoldsCase,
    HidesUploads,
    TrailingSlashReads,
    UploadOfAnyKey,
    UploadOfAnyBucket,
    AbortOfAnyKey,
    UploadPaths,
    VersionOfAnyKey,
    VersionDeleteOfAnyKey,
    VersionKeys,
    NoVersions,
    StoresFraming,
    StoresUnannounced,
    RefusesFraming,
    KeepsEncoding,
    AnyPayloadHash,
    NoConditions,
    NoTags,
    NoBatchDelete,
    NoMultipart,
    Administrator,
    DiesInTheMiddle,
    KeepsBuckets,
    DeletesFullBuckets,
}

type Key = (String, Vec<u8>);

#[derive(Default)]
struct State {
    buckets: BTreeSet<String>,
    /// Versions, oldest first: id, body, Content-Encoding.
    objects: BTreeMap<Key, Vec<(String, Bytes, bool)>>,
    uploads: BTreeMap<String, (Key, BTreeMap<String, Bytes>)>,
    tags: BTreeMap<Key, Bytes>,
    versioned: BTreeSet<String>,
    made: usize,
    requests: usize,
}

struct Server {
    fault: Fault,
    state: Mutex<State>,
}

fn answer(status: u16, body: impl Into<Bytes>) -> BackendAnswer {
    BackendAnswer { status, headers: Vec::new(), body: body.into() }
}

fn error(status: u16, code: &str) -> BackendAnswer {
    answer(status, format!("<Error><Code>{code}</Code></Error>"))
}

#[async_trait]
impl Sender for Server {
    async fn send(&self, request: BackendRequest, manner: Manner) -> Result<BackendAnswer, BackendError> {
        let mut state = self.state.lock().unwrap();
        state.requests += 1;
        match self.fault {
            Fault::Down => return Err(BackendError::Unreachable),
            Fault::DiesInTheMiddle if state.requests > 100 && request.method == Method::Get => {
                return Err(BackendError::Ambiguous);
            }
            _ => {}
        }
        Ok(self.serve(&mut state, &request, &manner))
    }
}

impl Server {
    fn new(fault: Fault) -> Self {
        Self { fault, state: Mutex::default() }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn lets_in(&self, request: &BackendRequest, manner: &Manner) -> bool {
        let (root, list) = (request.target == "/", request.target.contains("list-type"));
        match manner {
            Manner::Anonymous => match self.fault {
                Fault::AnonymousRead => request.method == Method::Get && !root && !list,
                Fault::AnonymousList => root,
                Fault::AnonymousWrite => request.method == Method::Put,
                _ => false,
            },
            Manner::Forged => self.has(Fault::AnySignature),
            _ => !self.has(Fault::NoCredentials),
        }
    }

    fn serve(&self, state: &mut State, request: &BackendRequest, manner: &Manner) -> BackendAnswer {
        if !self.lets_in(request, manner) {
            return error(403, "AccessDenied");
        }
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let query = QueryString::parse(query.as_bytes()).unwrap();
        let query: BTreeMap<String, String> = query
            .pairs()
            .iter()
            .map(|pair| {
                let value = percent::decode(pair.raw_value.as_deref().unwrap_or_default()).unwrap();
                (String::from_utf8(pair.raw_key.to_vec()).unwrap(), String::from_utf8(value).unwrap())
            })
            .collect();
        let path = percent::decode(path.strip_prefix('/').unwrap().as_bytes()).unwrap();
        let at = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
        let bucket = String::from_utf8(path[..at].to_vec()).unwrap();
        let key = path.get(at + 1..).unwrap_or_default().to_vec();
        if bucket.is_empty() {
            return answer(200, "<ListAllMyBucketsResult/>");
        }
        if bucket == "minio" {
            let status = if self.has(Fault::Administrator) { 200 } else { 404 };
            return answer(status, "");
        }
        if key.is_empty() {
            return self.bucket(state, request, bucket, &query);
        }
        let key = self.fold(key);
        if !state.buckets.contains(&bucket) {
            return error(404, "NoSuchBucket");
        }
        if query.contains_key("uploads") || query.contains_key("uploadId") {
            return self.upload(state, request, (bucket, key), &query);
        }
        self.object(state, request, (bucket, key), &query, manner)
    }

    fn fold(&self, key: Vec<u8>) -> Vec<u8> {
        match self.fault {
            Fault::FoldsSlashes => String::from_utf8_lossy(&key).replace("//", "/").into_bytes(),
            Fault::FoldsCase => key.to_ascii_lowercase(),
            _ => key,
        }
    }

    fn bucket(
        &self,
        state: &mut State,
        request: &BackendRequest,
        bucket: String,
        query: &BTreeMap<String, String>,
    ) -> BackendAnswer {
        match request.method {
            Method::Head if state.buckets.contains(&bucket) => answer(200, ""),
            Method::Head => answer(if self.has(Fault::HeadOfAbsentIs403) { 403 } else { 404 }, ""),
            Method::Put if query.contains_key("versioning") => {
                if self.has(Fault::NoVersions) {
                    return error(501, "NotImplemented");
                }
                state.versioned.insert(bucket);
                answer(200, "")
            }
            Method::Put => {
                state.buckets.insert(bucket);
                answer(200, "")
            }
            Method::Post if self.has(Fault::NoBatchDelete) => error(501, "NotImplemented"),
            Method::Post => {
                assert!(query.contains_key("delete"));
                state.objects.remove(&(bucket, b"feature".to_vec()));
                answer(200, "<DeleteResult/>")
            }
            Method::Delete
                if self.has(Fault::KeepsBuckets)
                    || !self.has(Fault::DeletesFullBuckets) && state.objects.keys().any(|(of, _)| *of == bucket) =>
            {
                error(409, "BucketNotEmpty")
            }
            Method::Delete if self.has(Fault::DeletesFullBuckets) => {
                state.objects.retain(|(of, _), _| *of != bucket);
                answer(if state.buckets.remove(&bucket) { 204 } else { 404 }, "")
            }
            Method::Delete => answer(if state.buckets.remove(&bucket) { 204 } else { 404 }, ""),
            _ => {
                let mut items = String::new();
                for ((of, key), versions) in &state.objects {
                    let hidden = self.has(Fault::HidesUploads) && key.starts_with(b".uploads/");
                    if *of == bucket && !hidden {
                        for (version, ..) in versions {
                            let plain = String::from_utf8_lossy(key).into_owned();
                            let key = if query.contains_key("encoding-type") { percent::encode(key) } else { plain };
                            items += &format!("<Item><Key>{key}</Key><VersionId>{version}</VersionId></Item>");
                        }
                    }
                }
                answer(200, format!("<ListBucketResult>{items}</ListBucketResult>"))
            }
        }
    }

    fn upload(
        &self,
        state: &mut State,
        request: &BackendRequest,
        at: Key,
        query: &BTreeMap<String, String>,
    ) -> BackendAnswer {
        if self.has(Fault::NoMultipart) {
            return error(501, "NotImplemented");
        }
        let Some(id) = query.get("uploadId") else {
            state.made += 1;
            let id = format!("upload{}", state.made);
            state.uploads.insert(id.clone(), (at, BTreeMap::new()));
            return answer(200, format!("<R><UploadId>{id}</UploadId></R>"));
        };
        let paths = self.has(Fault::UploadPaths);
        let id = if paths { id.rsplit('/').next().unwrap().to_owned() } else { id.clone() };
        let fits = |of: &Key| match self.fault {
            Fault::UploadOfAnyKey => of.0 == at.0,
            Fault::UploadOfAnyBucket => of.1 == at.1,
            Fault::AbortOfAnyKey => *of == at || request.method == Method::Delete,
            Fault::UploadPaths => *of == at || query["uploadId"].contains('/'),
            _ => *of == at,
        };
        let Some((_, parts)) = state.uploads.get_mut(&id).filter(|(of, _)| fits(of)) else {
            return error(404, "NoSuchUpload");
        };
        match request.method {
            Method::Put => {
                parts.insert(query["partNumber"].clone(), request.body.clone());
                let tag = crate::sigv4::hex_sha256(&request.body);
                BackendAnswer { headers: vec![("etag".to_owned(), format!("\"{tag}\"").into())], ..answer(200, "") }
            }
            Method::Get => {
                let parts = parts.values().map(|part| crate::sigv4::hex_sha256(part));
                let parts: String = parts.map(|tag| format!("<Part><ETag>\"{tag}\"</ETag></Part>")).collect();
                answer(200, format!("<ListPartsResult>{parts}</ListPartsResult>"))
            }
            Method::Delete => {
                state.uploads.remove(&id);
                answer(204, "")
            }
            _ => {
                let body = parts.values().flat_map(|part| part.to_vec()).collect::<Vec<u8>>();
                state.uploads.remove(&id);
                state.objects.insert(at, vec![("null".to_owned(), body.into(), false)]);
                answer(200, "<CompleteMultipartUploadResult/>")
            }
        }
    }

    /// The version asked for, or the newest.
    fn find(&self, state: &State, at: &Key, version: Option<&String>) -> Option<(Bytes, bool)> {
        let (objects, folded) = (&state.objects, String::from_utf8_lossy(&at.1).into_owned());
        let newest = |at: &Key| objects.get(at).and_then(|all| all.last()).map(|(_, body, kept)| (body.clone(), *kept));
        if self.has(Fault::TrailingSlashReads) && folded.ends_with('/') && newest(at).is_none() {
            return newest(&(at.0.clone(), folded.trim_end_matches('/').into()));
        }
        if let Some((name, id)) = folded.split_once(".versions/v_").filter(|_| self.has(Fault::VersionKeys)) {
            return self.find(state, &(at.0.clone(), name.into()), Some(&id.to_owned()));
        }
        let Some(version) = version else { return newest(at) };
        let mut all = objects.iter().filter(|(of, _)| self.has(Fault::VersionOfAnyKey) || *of == at);
        all.find_map(|(_, all)| all.iter().find(|(id, ..)| id == version)).map(|(_, body, kept)| (body.clone(), *kept))
    }

    fn object(
        &self,
        state: &mut State,
        request: &BackendRequest,
        at: Key,
        query: &BTreeMap<String, String>,
        manner: &Manner,
    ) -> BackendAnswer {
        let header = |name: &str| {
            let found = request.headers.iter().find(|(of, _)| of == name);
            found.map(|(_, value)| String::from_utf8(value.clone()).unwrap())
        };
        let version = query.get("versionId");
        match request.method {
            _ if query.contains_key("tagging") && self.has(Fault::NoTags) => error(501, "NotImplemented"),
            Method::Put if query.contains_key("tagging") => {
                state.tags.insert(at, request.body.clone());
                answer(200, "")
            }
            Method::Put => {
                if header("if-none-match").is_some()
                    && state.objects.contains_key(&at)
                    && !self.has(Fault::NoConditions)
                {
                    return error(412, "PreconditionFailed");
                }
                let body = match header("x-amz-copy-source") {
                    None => self.decoded(request, manner),
                    Some(source) => self.copied(state, &source).ok_or((404, "NoSuchKey")),
                };
                match body {
                    Ok(body) => self.store(state, at, body, announces(request, manner)),
                    Err((status, code)) => error(status, code),
                }
            }
            Method::Delete => {
                match version {
                    Some(version) => {
                        let any = self.has(Fault::VersionDeleteOfAnyKey);
                        for (of, all) in &mut state.objects {
                            all.retain(|(id, ..)| id != version || !(any || *of == at));
                        }
                        state.objects.retain(|_, all| !all.is_empty());
                    }
                    None if state.versioned.contains(&at.0) => {}
                    None => drop(state.objects.remove(&at)),
                }
                answer(204, "")
            }
            _ => match self.find(state, &at, version) {
                None => error(404, "NoSuchKey"),
                Some(_) if query.contains_key("tagging") => {
                    answer(200, state.tags.get(&at).cloned().unwrap_or_default())
                }
                Some((body, kept)) => {
                    let headers = if kept && self.has(Fault::KeepsEncoding) {
                        vec![("content-encoding".to_owned(), b"aws-chunked".to_vec())]
                    } else {
                        Vec::new()
                    };
                    BackendAnswer { headers, ..answer(200, body) }
                }
            },
        }
    }

    fn store(&self, state: &mut State, at: Key, body: Bytes, kept: bool) -> BackendAnswer {
        if !state.versioned.contains(&at.0) {
            state.objects.insert(at, vec![("null".to_owned(), body, kept)]);
            return answer(200, "");
        }
        state.made += 1;
        let version = format!("version{}", state.made);
        state.objects.entry(at).or_default().push((version.clone(), body, kept));
        BackendAnswer { headers: vec![("x-amz-version-id".to_owned(), version.into())], ..answer(200, "") }
    }

    fn copied(&self, state: &State, source: &str) -> Option<Bytes> {
        let (path, version) = source.split_once("?versionId=").map_or((source, None), |(path, id)| (path, Some(id)));
        let version = version.map(|id| String::from_utf8(percent::decode(id.as_bytes()).unwrap()).unwrap());
        let (bucket, key) = path.split_once('/').unwrap();
        let key = self.fold(percent::decode(key.as_bytes()).unwrap());
        self.find(state, &(bucket.to_owned(), key), version.as_ref()).map(|(body, _)| body)
    }

    fn decoded(&self, request: &BackendRequest, manner: &Manner) -> Result<Bytes, (u16, &'static str)> {
        let announced = announces(request, manner);
        let streaming = match manner {
            Manner::Declared(hash) => hash.starts_with("STREAMING"),
            Manner::Chunked { .. } => true,
            _ => false,
        };
        match (streaming, self.fault) {
            (true, Fault::RefusesFraming) => Err((501, "NotImplemented")),
            (true, fault) if fault == Fault::StoresFraming || fault == Fault::StoresUnannounced && !announced => {
                Ok(Bytes::from_static(b"3\r\nabc\r\n0\r\n\r\n"))
            }
            (true, _) => {
                let text = String::from_utf8(request.body.to_vec()).unwrap();
                Ok(text.split("\r\n").nth(1).map_or(request.body.clone(), |line| Bytes::from(line.to_owned())))
            }
            (false, fault) if matches!(manner, Manner::Declared(_)) && fault != Fault::AnyPayloadHash => {
                Err((400, "XAmzContentSHA256Mismatch"))
            }
            _ => Ok(request.body.clone()),
        }
    }
}

fn announces(request: &BackendRequest, manner: &Manner) -> bool {
    request.headers.iter().any(|(name, _)| name == "content-encoding")
        || matches!(manner, Manner::Chunked { announced: true, .. })
}

struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

/// The report, how many checks failed, and the server afterwards.
fn report(fault: Fault, keys: KeyRules, framing: Framing) -> (String, usize, Server) {
    let server = Server::new(fault);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut out = Vec::new();
    let failed = runtime.block_on(check(&server, &Fixed, Settings { keys, framing }, &mut out)).unwrap();
    (String::from_utf8(out).unwrap(), failed, server)
}

fn line<'a>(report: &'a str, check: &str) -> &'a str {
    let found =
        report.lines().find(|line| line.get(6..).is_some_and(|rest| rest.starts_with(&format!("{check:<19} "))));
    found.unwrap_or_else(|| panic!("no line {check} in\n{report}"))
}

fn assert_clean(server: &Server) {
    let state = server.state.lock().unwrap();
    assert!(state.buckets.is_empty() && state.objects.is_empty() && state.uploads.is_empty(), "{:?}", state.objects);
}

#[test]
fn a_good_server_passes_and_is_left_clean() {
    let (text, failed, server) = report(Fault::None, KeyRules::Exact, Framing::Passed);
    assert_eq!(failed, 0, "{text}");
    assert!(text.lines().all(|line| line.starts_with("ok    ")), "{text}");
    assert_eq!(text.lines().count(), 15, "{text}");
    assert_clean(&server);
}

#[test]
fn a_good_server_may_be_used_more_freely_than_configured() {
    let (text, failed, _) = report(Fault::None, KeyRules::Filesystem, Framing::Decoded);
    assert_eq!(failed, 0, "{text}");
    assert!(line(&text, "keys").starts_with("note") && line(&text, "keys").contains("\"exact\""), "{text}");
    assert!(line(&text, "aws-chunked").starts_with("note"), "{text}");
}

/// Exactly this check fails, says so in these words, and all is removed.
fn fails(fault: Fault, keys: KeyRules, check: &str, words: &str) {
    let (text, failed, server) = report(fault, keys, Framing::Passed);
    let found = line(&text, check);
    assert!(found.starts_with("FAIL") && found.contains(words), "{fault:?}\n{text}");
    assert_eq!(failed, 1, "{fault:?}\n{text}");
    assert_clean(&server);
}

#[test]
fn rule_11_who_gets_in() {
    let exact = KeyRules::Exact;
    fails(Fault::NoCredentials, exact, "credentials", "403 AccessDenied");
    fails(Fault::Down, exact, "credentials", "cannot be reached");
    fails(Fault::AnySignature, exact, "signatures", "200");
    fails(Fault::AnonymousRead, exact, "anonymous", "signature: GetObject.");
    fails(Fault::AnonymousList, exact, "anonymous", "signature: ListBuckets.");
    fails(Fault::AnonymousWrite, exact, "anonymous", "signature: PutObject.");
}

#[test]
fn rule_01_buckets_are_seen_only_once_they_are_there() {
    fails(Fault::HeadOfAbsentIs403, KeyRules::Exact, "buckets", "answered 403");
}

#[test]
fn objects_outlive_the_deletion_of_their_bucket() {
    fails(Fault::DeletesFullBuckets, KeyRules::Exact, "full buckets", "the objects are gone");
}

#[test]
fn rule_02_administrators_are_noted() {
    let (text, failed, _) = report(Fault::Administrator, KeyRules::Exact, Framing::Passed);
    assert!(failed == 0 && line(&text, "administration").starts_with("note"), "{text}");
}

#[test]
fn rule_04_keys_that_the_gate_would_let_through_must_be_apart() {
    fails(Fault::FoldsSlashes, KeyRules::Exact, "keys", "empty segments");
    fails(Fault::HidesUploads, KeyRules::Exact, "keys", ".uploads/");
    fails(Fault::TrailingSlashReads, KeyRules::Exact, "keys", "a trailing `/`");
    fails(Fault::FoldsCase, KeyRules::Exact, "keys", "upper and lower case");
    // The gate refuses none of these in either mode.
    fails(Fault::FoldsCase, KeyRules::Filesystem, "keys", "upper and lower case");
    for fault in [Fault::FoldsSlashes, Fault::HidesUploads, Fault::TrailingSlashReads] {
        let (text, failed, server) = report(fault, KeyRules::Filesystem, Framing::Passed);
        assert!(failed == 0 && line(&text, "keys").starts_with("ok"), "{text}");
        assert_clean(&server);
    }
}

#[test]
fn rule_10_upload_and_version_ids_hold_for_their_place() {
    let exact = KeyRules::Exact;
    fails(Fault::UploadOfAnyKey, exact, "upload ids", "CompleteMultipartUpload of another key with ID");
    fails(Fault::UploadOfAnyBucket, exact, "upload ids", "ListParts of another bucket with ID");
    fails(Fault::AbortOfAnyKey, exact, "upload ids", "AbortMultipartUpload of another bucket and key with ID");
    fails(Fault::UploadPaths, exact, "upload ids", "UploadPartCopy of another key with x/../ID");
    fails(Fault::VersionOfAnyKey, exact, "version ids", "GetObject of another bucket with ID");
    fails(Fault::VersionDeleteOfAnyKey, exact, "version ids", "DeleteObject of another key with ID");
    fails(Fault::VersionKeys, exact, "version keys", "filesystem");
    let (text, failed, _) = report(Fault::VersionKeys, KeyRules::Filesystem, Framing::Passed);
    assert!(failed == 0 && line(&text, "version keys").starts_with("ok"), "{text}");
}

#[test]
fn framing_that_is_stored_is_refused_unless_the_gate_decodes() {
    fails(Fault::StoresFraming, KeyRules::Exact, "aws-chunked", "Set backend.aws_chunked to \"decode\"");
    fails(Fault::StoresUnannounced, KeyRules::Exact, "aws-chunked", "Set backend.aws_chunked to \"announce\"");
    for (fault, framing, words) in [
        (Fault::StoresUnannounced, Framing::Announced, "ok"),
        (Fault::StoresUnannounced, Framing::Decoded, "note"),
        (Fault::KeepsEncoding, Framing::Passed, "ok"),
    ] {
        let (text, failed, _) = report(fault, KeyRules::Exact, framing);
        assert!(failed == 0 && line(&text, "aws-chunked").starts_with(words), "{fault:?}\n{text}");
    }
    let (text, failed, _) = report(Fault::KeepsEncoding, KeyRules::Exact, Framing::Announced);
    assert!(failed == 0 && line(&text, "content-encoding").contains("to \"pass\""), "{text}");
    for fault in [Fault::StoresFraming, Fault::RefusesFraming] {
        let (text, failed, _) = report(fault, KeyRules::Exact, Framing::Decoded);
        assert!(failed == 0 && line(&text, "aws-chunked").starts_with("ok"), "{text}");
    }
}

#[test]
fn what_clients_will_miss_is_noted() {
    for (fault, check) in [
        (Fault::RefusesFraming, "aws-chunked"),
        (Fault::AnyPayloadHash, "payload hash"),
        (Fault::NoConditions, "conditional writes"),
        (Fault::NoTags, "tags"),
        (Fault::NoBatchDelete, "batch delete"),
        (Fault::NoMultipart, "upload ids"),
        (Fault::NoVersions, "version ids"),
    ] {
        let (text, failed, server) = report(fault, KeyRules::Exact, Framing::Passed);
        assert!(failed == 0 && line(&text, check).starts_with("note"), "{fault:?}\n{text}");
        assert_clean(&server);
    }
}

#[test]
fn what_is_not_proven_fails_and_what_stays_is_named() {
    let (text, failed, _) = report(Fault::DiesInTheMiddle, KeyRules::Exact, Framing::Passed);
    assert!(failed > 0 && text.contains("the backend gave no whole answer"), "{text}");
    let (text, failed, _) = report(Fault::KeepsBuckets, KeyRules::Exact, Framing::Passed);
    let last = text.lines().last().unwrap();
    assert!(failed == 0 && last.starts_with("note") && last.contains("rolegate-check-070707070707-1"), "{text}");
}
