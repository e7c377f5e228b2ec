//! Whether upload ids hold for their bucket and key alone (security rule 10).
//!
//! The gate judges a request by the bucket and key it names. Were an upload id good elsewhere, who may write one
//! key could write, read or abort the upload of another.

use super::bench::{Ask, Bench, Bucket, Spot, document, taken};
use super::report::Finding;
use crate::gateway::BackendError;
use crate::wire::{Method, percent};

const OWN: Spot<'static> = (Bucket::One, b"upload-one");
const PART: &str = "the one part";

#[derive(Clone, Copy, Debug)]
enum Try {
    List,
    Part,
    PartCopy,
    Complete,
    Abort,
}

impl Try {
    fn name(self) -> &'static str {
        match self {
            Self::List => "ListParts",
            Self::Part => "UploadPart",
            Self::PartCopy => "UploadPartCopy",
            Self::Complete => "CompleteMultipartUpload",
            Self::Abort => "AbortMultipartUpload",
        }
    }
}

/// An open upload of [`OWN`] with one part.
struct Upload {
    id: String,
    tag: String,
}

pub(super) async fn upload_ids(bench: &mut Bench<'_>) -> Result<Finding, BackendError> {
    const NAME: &str = "upload ids";
    bench.put((Bucket::One, b"upload-source"), "source").await?;
    let Some(upload) = begin(bench).await? else {
        return Ok(Finding::note(NAME, "the backend takes no multipart uploads", "Large objects cannot be uploaded"));
    };
    let completed = complete(bench, OWN, &upload.id, &upload.tag).await? && bench.holds(OWN, PART).await?;
    bench.end_upload(OWN, &upload.id).await?;
    bench.ask(Ask::new(Method::Delete, OWN)).await?;

    let mut faults = Vec::new();
    for (at, place) in [
        ((Bucket::One, &b"upload-two"[..]), "another key"),
        ((Bucket::Two, OWN.1), "another bucket"),
        ((Bucket::Two, b"upload-two"), "another bucket and key"),
    ] {
        for form in ["ID", "x/../ID", "../../BUCKET/.uploads/ID"] {
            for attempt in [Try::List, Try::Part, Try::PartCopy, Try::Complete, Try::Abort] {
                let Some(upload) = begin(bench).await? else { continue };
                let id = form.replace("ID", &upload.id).replace("BUCKET", bench.name(OWN.0));
                if reaches(bench, attempt, at, &id, &upload).await? {
                    faults.push(format!("{} of {place} with {form}", attempt.name()));
                }
                bench.end_upload(OWN, &upload.id).await?;
            }
        }
    }
    Ok(match (faults.is_empty(), completed) {
        (false, _) => {
            let seen = format!("an upload is reached under other names: {}", faults.join(", "));
            Finding::fail(
                NAME,
                seen,
                "A right to write one object would reach the uploads of others; use another backend",
            )
        }
        (true, false) => {
            Finding::note(NAME, "an upload of one part is not completed", "Large objects cannot be uploaded")
        }
        (true, true) => Finding::ok(NAME, "hold for their bucket and key alone"),
    })
}

async fn begin(bench: &mut Bench<'_>) -> Result<Option<Upload>, BackendError> {
    let Some(id) = bench.begin_upload(OWN).await? else { return Ok(None) };
    let query = format!("partNumber=1&uploadId={}", percent::encode(id.as_bytes()));
    let answer = bench.ask(Ask::new(Method::Put, OWN).query(query).body(PART)).await?;
    Ok(answer.header("etag").filter(|_| taken(&answer)).map(|tag| Upload { id: id.clone(), tag: tag.to_owned() }))
}

/// Whether `attempt` at another place was served, or did anything to the upload.
async fn reaches(
    bench: &mut Bench<'_>,
    attempt: Try,
    at: Spot<'_>,
    id: &str,
    upload: &Upload,
) -> Result<bool, BackendError> {
    let encoded = percent::encode(id.as_bytes());
    let served = match attempt {
        Try::List => taken(&bench.ask(Ask::new(Method::Get, at).query(format!("uploadId={encoded}"))).await?),
        Try::Part => {
            let query = format!("partNumber=1&uploadId={encoded}");
            taken(&bench.ask(Ask::new(Method::Put, at).query(query).body("other bytes")).await?)
        }
        Try::PartCopy => {
            let source = bench.copy_source((Bucket::One, b"upload-source"), None);
            let query = format!("partNumber=2&uploadId={encoded}");
            taken(&bench.ask(Ask::new(Method::Put, at).query(query).header("x-amz-copy-source", source)).await?)
        }
        Try::Complete => complete(bench, at, id, &upload.tag).await?,
        Try::Abort => {
            // Some say 204 to whatever is not there: what counts is whether it is gone.
            bench.ask(Ask::new(Method::Delete, at).query(format!("uploadId={encoded}"))).await?;
            false
        }
    };
    let untouched = parts(bench, upload).await? == [upload.tag.trim_matches('"')];
    Ok(served || !untouched || bench.read(at).await?.is_some())
}

async fn complete(bench: &mut Bench<'_>, at: Spot<'_>, id: &str, tag: &str) -> Result<bool, BackendError> {
    let document = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part></CompleteMultipartUpload>"
    );
    let query = format!("uploadId={}", percent::encode(id.as_bytes()));
    let ask = Ask::new(Method::Post, at).query(query).header("content-type", "application/xml").body(document);
    Ok(taken(&bench.ask(ask).await?))
}

/// The ETags of the upload's parts.
async fn parts(bench: &mut Bench<'_>, upload: &Upload) -> Result<Vec<String>, BackendError> {
    let query = format!("uploadId={}", percent::encode(upload.id.as_bytes()));
    let answer = bench.ask(Ask::new(Method::Get, OWN).query(query)).await?;
    let list = document(&answer).map(|list| list.children).unwrap_or_default();
    let tags = list.iter().filter(|item| item.name == "Part").filter_map(|part| part.child_text("ETag"));
    Ok(tags.map(|tag| tag.trim_matches('"').to_owned()).collect())
}
