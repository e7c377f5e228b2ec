//! [`Bench`]: two buckets of the checks' own at the backend, the requests to them, and their removal.

use crate::backend::{HttpBackend, Manner};
use crate::gateway::{BackendAnswer, BackendError, BackendRequest};
use crate::types::Entropy;
use crate::wire::xml::{self, Element, XmlLimits};
use crate::wire::{Method, percent};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeSet;

/// The most of an answer that is read.
const ANSWER_BYTES: usize = 4 << 20;
const ANSWER_XML: XmlLimits = XmlLimits { bytes: ANSWER_BYTES, depth: 16, elements: 50_000 };

/// Sends a request to the backend under test.
#[async_trait]
pub(super) trait Sender: Send + Sync {
    /// Once, in this manner.
    async fn send(&self, request: BackendRequest, manner: Manner) -> Result<BackendAnswer, BackendError>;
}

#[async_trait]
impl Sender for HttpBackend {
    async fn send(&self, request: BackendRequest, manner: Manner) -> Result<BackendAnswer, BackendError> {
        self.call_in(request, &manner, ANSWER_BYTES).await
    }
}

/// One of the two buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bucket {
    One,
    Two,
}

/// A place for an object.
pub(super) type Spot<'a> = (Bucket, &'a [u8]);

/// The backend, and what the checks have left there.
pub(super) struct Bench<'a> {
    sender: &'a dyn Sender,
    one: String,
    two: String,
    made: BTreeSet<Bucket>,
    keys: BTreeSet<(Bucket, Vec<u8>)>,
    uploads: Vec<(Bucket, Vec<u8>, String)>,
}

/// A request to a spot, or to the bucket where the key is empty.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) spot: Spot<'a>,
    /// Encoded, without the `?`.
    pub(super) query: String,
    pub(super) headers: Vec<(&'static str, Vec<u8>)>,
    pub(super) body: Bytes,
    pub(super) manner: Manner,
}

impl<'a> Ask<'a> {
    pub(super) fn new(method: Method, spot: Spot<'a>) -> Self {
        let (query, headers) = (String::new(), Vec::new());
        Self { method, spot, query, headers, body: Bytes::new(), manner: Manner::Signed }
    }

    pub(super) fn query(mut self, query: impl Into<String>) -> Self {
        self.query = query.into();
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(super) fn manner(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }
}

impl<'a> Bench<'a> {
    pub(super) fn new(sender: &'a dyn Sender, entropy: &dyn Entropy) -> Self {
        let mut random = [0; 6];
        entropy.fill(&mut random);
        let stem = format!("rolegate-check-{}", hex::encode(random));
        let (one, two) = (format!("{stem}-1"), format!("{stem}-2"));
        Self { sender, one, two, made: BTreeSet::new(), keys: BTreeSet::new(), uploads: Vec::new() }
    }

    pub(super) fn name(&self, bucket: Bucket) -> &str {
        match bucket {
            Bucket::One => &self.one,
            Bucket::Two => &self.two,
        }
    }

    /// Asks for a path of the server's own.
    pub(super) async fn ask_path(&self, target: &str, manner: Manner) -> Result<BackendAnswer, BackendError> {
        let request =
            BackendRequest { method: Method::Get, target: target.to_owned(), headers: Vec::new(), body: Bytes::new() };
        self.sender.send(request, manner).await
    }

    pub(super) async fn ask(&mut self, ask: Ask<'_>) -> Result<BackendAnswer, BackendError> {
        let (bucket, key) = ask.spot;
        // Noted before it is sent: no answer does not mean that nothing was done.
        match ask.method {
            Method::Put | Method::Post if !key.is_empty() => drop(self.keys.insert((bucket, key.to_owned()))),
            Method::Put => drop(self.made.insert(bucket)),
            _ => {}
        }
        let mut target = format!("/{}", self.name(bucket));
        if !key.is_empty() {
            target.push('/');
            percent::encode_path_into(key, &mut target);
        }
        if !ask.query.is_empty() {
            target.push('?');
            target.push_str(&ask.query);
        }
        let headers = ask.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let request = BackendRequest { method: ask.method, target, headers, body: ask.body };
        self.sender.send(request, ask.manner).await
    }

    /// PutObject; whether the backend took it.
    pub(super) async fn put(&mut self, spot: Spot<'_>, body: &str) -> Result<bool, BackendError> {
        Ok(taken(&self.ask(Ask::new(Method::Put, spot).body(body.to_owned())).await?))
    }

    /// GetObject; none if the backend gives none.
    pub(super) async fn read(&mut self, spot: Spot<'_>) -> Result<Option<Bytes>, BackendError> {
        let answer = self.ask(Ask::new(Method::Get, spot)).await?;
        Ok((answer.status == 200).then_some(answer.body))
    }

    pub(super) async fn holds(&mut self, spot: Spot<'_>, body: &str) -> Result<bool, BackendError> {
        Ok(self.read(spot).await?.is_some_and(|found| found == body.as_bytes()))
    }

    /// CopyObject; what the copy then holds, none if the backend refused.
    pub(super) async fn copy(
        &mut self,
        source: Spot<'_>,
        version: Option<&str>,
        to: Spot<'_>,
    ) -> Result<Option<Bytes>, BackendError> {
        self.ask(Ask::new(Method::Delete, to)).await?;
        let source = self.copy_source(source, version);
        let answer = self.ask(Ask::new(Method::Put, to).header("x-amz-copy-source", source)).await?;
        if taken(&answer) { self.read(to).await } else { Ok(None) }
    }

    pub(super) fn copy_source(&self, (bucket, key): Spot<'_>, version: Option<&str>) -> String {
        let mut out = format!("{}/", self.name(bucket));
        percent::encode_path_into(key, &mut out);
        if let Some(version) = version {
            out.push_str("?versionId=");
            percent::encode_into(version.as_bytes(), &mut out);
        }
        out
    }

    /// Whether a listing names the key.
    pub(super) async fn lists(&mut self, (bucket, key): Spot<'_>) -> Result<bool, BackendError> {
        let ask = Ask::new(Method::Get, (bucket, b"")).query("list-type=2&encoding-type=url");
        let answer = self.ask(ask).await?;
        let Some(list) = document(&answer) else { return Ok(false) };
        Ok(list.children.iter().filter_map(|item| item.child_text("Key")).any(|name| {
            let name = name.as_bytes();
            // Some servers encode a space as `+`, some leave the names as they are.
            let decoded = [percent::decode(name), percent::decode_form(name)];
            name == key || decoded.iter().any(|decoded| decoded.as_deref() == Ok(key))
        }))
    }

    /// CreateMultipartUpload; its id, none if the backend has none.
    pub(super) async fn begin_upload(&mut self, spot: Spot<'_>) -> Result<Option<String>, BackendError> {
        let answer = self.ask(Ask::new(Method::Post, spot).query("uploads=")).await?;
        let id = document(&answer).and_then(|answer| answer.child_text("UploadId").map(str::to_owned));
        if let Some(id) = &id {
            self.uploads.push((spot.0, spot.1.to_owned(), id.clone()));
        }
        Ok(id)
    }

    /// AbortMultipartUpload of one of our own.
    pub(super) async fn end_upload(&mut self, (bucket, key): Spot<'_>, id: &str) -> Result<(), BackendError> {
        let query = format!("uploadId={}", percent::encode(id.as_bytes()));
        self.ask(Ask::new(Method::Delete, (bucket, key)).query(query)).await?;
        self.uploads.retain(|(_, _, open)| open != id);
        Ok(())
    }

    /// Deletes every object that the checks wrote until now. Once versions are kept, that would leave markers.
    pub(super) async fn sweep(&mut self) {
        for (bucket, key) in std::mem::take(&mut self.keys) {
            // What cannot be removed is seen when the bucket cannot be.
            let _ = self.ask(Ask::new(Method::Delete, (bucket, &key))).await;
        }
    }

    /// Removes whatever the checks left, and both buckets; gives the names of buckets that stay.
    pub(super) async fn clear(mut self) -> Vec<String> {
        for (bucket, key, id) in std::mem::take(&mut self.uploads) {
            let _ = self.end_upload((bucket, &key), &id).await;
        }
        self.sweep().await;
        let mut left = Vec::new();
        for bucket in std::mem::take(&mut self.made) {
            let _ = self.clear_versions(bucket).await;
            let answer = self.ask(Ask::new(Method::Delete, (bucket, b""))).await;
            if !answer.is_ok_and(|answer| matches!(answer.status, 200..=299 | 404)) {
                left.push(self.name(bucket).to_owned());
            }
        }
        left
    }

    /// Deletes every version and marker of a bucket.
    async fn clear_versions(&mut self, bucket: Bucket) -> Result<(), BackendError> {
        let answer = self.ask(Ask::new(Method::Get, (bucket, b"")).query("versions=")).await?;
        for item in document(&answer).map(|list| list.children).unwrap_or_default() {
            let (Some(key), Some(version)) = (item.child_text("Key"), item.child_text("VersionId")) else { continue };
            let query = format!("versionId={}", percent::encode(version.as_bytes()));
            self.ask(Ask::new(Method::Delete, (bucket, key.as_bytes())).query(query)).await?;
        }
        Ok(())
    }
}

/// Whether the backend did what was asked: some answer 200 and then say in the body that they did not.
pub(super) fn taken(answer: &BackendAnswer) -> bool {
    (200..300).contains(&answer.status) && document(answer).is_none_or(|answer| answer.name != "Error")
}

/// The answer's XML.
pub(super) fn document(answer: &BackendAnswer) -> Option<Element> {
    xml::parse(&answer.body, ANSWER_XML).ok()
}

/// The status, and the error code if the answer has one.
pub(super) fn shown(answer: &BackendAnswer) -> String {
    let code = document(answer).and_then(|answer| answer.child_text("Code").map(str::to_owned));
    code.map_or_else(|| answer.status.to_string(), |code| format!("{} {code}", answer.status))
}
