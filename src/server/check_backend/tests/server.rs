//! A server in memory that does all right, but for one fault.

mod objects;

use super::super::*;
use crate::backend::Manner;
use crate::gateway::{BackendAnswer, BackendRequest};
use crate::wire::{Method, QueryString, percent};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// What the server does wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
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
    ShowsForTags,
    OverwritesForTags,
    DeletesForTags,
    DeletesForUploads,
    ShowsForUploads,
    ListsForLocation,
    DeletesBucketsForTags,
}

type Key = (String, Vec<u8>);

#[derive(Default)]
pub(super) struct State {
    pub(super) buckets: BTreeSet<String>,
    /// Versions, oldest first: id, body, Content-Encoding.
    pub(super) objects: BTreeMap<Key, Vec<(String, Bytes, bool)>>,
    pub(super) uploads: BTreeMap<String, (Key, BTreeMap<String, Bytes>)>,
    tags: BTreeMap<Key, Bytes>,
    versioned: BTreeSet<String>,
    made: usize,
    requests: usize,
}

pub(super) struct Server {
    fault: Fault,
    pub(super) state: Mutex<State>,
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
    pub(super) fn new(fault: Fault) -> Self {
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
        let passes_over = match request.method {
            Method::Get => self.has(Fault::ShowsForUploads),
            Method::Delete => self.has(Fault::DeletesForUploads),
            _ => false,
        };
        // Of uploads that there are it knows; else the checks of uploads would fail too.
        let passes_over = passes_over && query.get("uploadId").is_some_and(|id| !state.uploads.contains_key(id));
        if (query.contains_key("uploads") || query.contains_key("uploadId")) && !passes_over {
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
        let setting = ["tagging", "location", "versioning", "uploads"].iter().any(|name| query.contains_key(*name));
        match request.method {
            Method::Get if query.contains_key("location") && self.has(Fault::ListsForLocation) => {
                let keys = state.objects.keys().filter(|(of, _)| *of == bucket);
                answer(200, keys.flat_map(|(_, key)| key.clone()).collect::<Vec<u8>>())
            }
            Method::Get if setting => answer(200, "<Setting/>"),
            Method::Delete if setting && !self.has(Fault::DeletesBucketsForTags) => answer(204, ""),
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
}
