//! Operations that read one object. Rows of the routing table, held together with `s3-operations.json` by a test.

use super::groups::{IF_TIMES, OVERRIDES, OWNER, PAYER, SSE_C, VERSION};
use super::{On, Row, When, always, need, plain, row, versioned};
use crate::s3::operation::Operation;

/// GET on an object.
pub(super) static GET_OBJECT: &[Row] = &[
    row(Operation::GetObject)
        .query(&[OVERRIDES, &["partNumber", "versionId"]])
        .headers(&[SSE_C, IF_TIMES, OWNER, PAYER, &["range", "x-amz-checksum-mode"]])
        .needs(&[plain("s3:GetObject"), versioned("s3:GetObjectVersion")]),
    row(Operation::GetObjectAcl)
        .marker("acl")
        .query(&[VERSION])
        .headers(&[OWNER, PAYER])
        .needs(&[plain("s3:GetObjectAcl"), versioned("s3:GetObjectVersionAcl")]),
    row(Operation::GetObjectAnnotation)
        .marker("annotation")
        .required_query(&["annotationName"])
        .query(&[VERSION])
        .headers(&[OWNER, PAYER, &["x-amz-checksum-mode"]])
        .needs(&[plain("s3:GetObjectAnnotation"), versioned("s3:GetObjectVersionAnnotation")]),
    row(Operation::GetObjectAttributes)
        .marker("attributes")
        .required_headers(&["x-amz-object-attributes"])
        .query(&[VERSION])
        .headers(&[SSE_C, OWNER, PAYER, &["x-amz-max-parts", "x-amz-part-number-marker"]])
        .needs(&[
            need("s3:GetObject", On::Object, When::QueryAbsent("versionId")),
            need("s3:GetObjectAttributes", On::Object, When::QueryAbsent("versionId")),
            need("s3:GetObjectVersion", On::Object, When::Query("versionId")),
            need("s3:GetObjectVersionAttributes", On::Object, When::Query("versionId")),
        ]),
    row(Operation::GetObjectLegalHold)
        .marker("legal-hold")
        .query(&[VERSION])
        .headers(&[OWNER, PAYER])
        .needs(&[always("s3:GetObjectLegalHold", On::Object)]),
    row(Operation::GetObjectRetention)
        .marker("retention")
        .query(&[VERSION])
        .headers(&[OWNER, PAYER])
        .needs(&[always("s3:GetObjectRetention", On::Object)]),
    row(Operation::GetObjectTagging)
        .marker("tagging")
        .query(&[VERSION])
        .headers(&[OWNER, PAYER])
        .needs(&[plain("s3:GetObjectTagging"), versioned("s3:GetObjectVersionTagging")]),
    row(Operation::GetObjectTorrent)
        .marker("torrent")
        .headers(&[OWNER, PAYER])
        .needs(&[plain("s3:GetObjectTorrent"), versioned("s3:GetObjectVersionTorrent")]),
    row(Operation::ListObjectAnnotations)
        .marker("annotation")
        .query(&[&["annotation-prefix", "continuation-token", "max-annotation-results", "versionId"]])
        .headers(&[OWNER, PAYER])
        .needs(&[plain("s3:ListObjectAnnotations"), versioned("s3:ListObjectVersionAnnotations")]),
    row(Operation::ListParts)
        .required_query(&["uploadId"])
        .query(&[&["max-parts", "part-number-marker"]])
        .headers(&[SSE_C, OWNER, PAYER])
        .needs(&[always("s3:ListMultipartUploadParts", On::Object)]),
];

/// HEAD on an object.
pub(super) static HEAD_OBJECT: &[Row] = &[row(Operation::HeadObject)
    .query(&[OVERRIDES, &["partNumber", "versionId"]])
    .headers(&[SSE_C, IF_TIMES, OWNER, PAYER, &["range", "x-amz-checksum-mode"]])
    .needs(&[plain("s3:GetObject"), versioned("s3:GetObjectVersion")])];

/// OPTIONS on an object.
pub(super) static OPTIONS_OBJECT: &[Row] =
    &[row(Operation::OptionsObject).required_headers(&["origin", "access-control-request-method"])];
