//! Operations that write one object. Rows of the routing table, held together with `s3-operations.json` by a test.

use super::groups::{
    BODY, BYPASS, CHECKSUMS, COPY_IF, IF, IF_TIMES, LOCK, LOCK_DATES, OBJECT_ACL, OWNER, PAYER, SSE, SSE_C,
    SSE_C_SOURCE, STORE, STORED, VERSION,
};
use super::{On, Row, When, always, need, plain, row, versioned};
use crate::s3::operation::Operation;

/// PUT on an object.
pub(super) static PUT_OBJECT: &[Row] = &[
    row(Operation::CopyObject)
        .required_headers(&["x-amz-copy-source"])
        .headers(&[
            SSE_C,
            SSE_C_SOURCE,
            SSE,
            OBJECT_ACL,
            LOCK,
            STORED,
            COPY_IF,
            IF,
            OWNER,
            PAYER,
            &[
                "x-amz-checksum-algorithm",
                "x-amz-metadata-directive",
                "x-amz-object-annotation-directive",
                "x-amz-source-expected-bucket-owner",
                "x-amz-tagging-directive",
            ],
        ])
        .needs(&[
            need("s3:GetObject", On::Source, When::CopySourceVersion(false)),
            need("s3:GetObjectVersion", On::Source, When::CopySourceVersion(true)),
            always("s3:PutObject", On::Object),
            need("s3:PutObjectAcl", On::Object, When::AnyHeader(OBJECT_ACL)),
            need(
                "s3:GetObjectTagging",
                On::Source,
                When::All(&[
                    When::CopySourceVersion(false),
                    When::HeaderIsNotOrAbsent("x-amz-tagging-directive", "REPLACE"),
                    When::SourceHasTags,
                ]),
            ),
            need(
                "s3:GetObjectVersionTagging",
                On::Source,
                When::All(&[
                    When::CopySourceVersion(true),
                    When::HeaderIsNotOrAbsent("x-amz-tagging-directive", "REPLACE"),
                    When::SourceHasTags,
                ]),
            ),
            need(
                "s3:PutObjectTagging",
                On::Object,
                When::Any(&[
                    When::All(&[When::HeaderIs("x-amz-tagging-directive", "REPLACE"), When::Header("x-amz-tagging")]),
                    When::All(&[When::HeaderIsNotOrAbsent("x-amz-tagging-directive", "REPLACE"), When::SourceHasTags]),
                ]),
            ),
            need("s3:PutObjectRetention", On::Object, When::AnyHeader(LOCK_DATES)),
            need("s3:PutObjectLegalHold", On::Object, When::Header("x-amz-object-lock-legal-hold")),
        ]),
    row(Operation::PutObject)
        .headers(&[
            SSE_C,
            SSE,
            OBJECT_ACL,
            LOCK,
            STORED,
            CHECKSUMS,
            IF,
            BODY,
            OWNER,
            PAYER,
            &["x-amz-write-offset-bytes"],
        ])
        .needs(STORE),
    row(Operation::PutObjectAcl)
        .marker("acl")
        .query(&[VERSION])
        .headers(&[OBJECT_ACL, BODY, OWNER, PAYER, &["x-amz-grant-write"]])
        .needs(&[plain("s3:PutObjectAcl"), versioned("s3:PutObjectVersionAcl")]),
    row(Operation::PutObjectAnnotation)
        .marker("annotation")
        .required_query(&["annotationName"])
        .query(&[VERSION])
        .headers(&[CHECKSUMS, BODY, OWNER, PAYER, &["x-amz-object-if-match"]])
        .needs(&[plain("s3:PutObjectAnnotation"), versioned("s3:PutObjectVersionAnnotation")]),
    row(Operation::PutObjectLegalHold)
        .marker("legal-hold")
        .query(&[VERSION])
        .headers(&[BODY, OWNER, PAYER])
        .needs(&[always("s3:PutObjectLegalHold", On::Object)]),
    row(Operation::PutObjectRetention)
        .marker("retention")
        .query(&[VERSION])
        .headers(&[BODY, OWNER, PAYER, &["x-amz-bypass-governance-retention"]])
        .needs(&[always("s3:PutObjectRetention", On::Object), BYPASS]),
    row(Operation::PutObjectTagging)
        .marker("tagging")
        .query(&[VERSION])
        .headers(&[BODY, OWNER, PAYER])
        .needs(&[plain("s3:PutObjectTagging"), versioned("s3:PutObjectVersionTagging")]),
    row(Operation::RenameObject)
        .marker("renameObject")
        .required_headers(&["x-amz-rename-source"])
        .headers(&[
            IF_TIMES,
            &[
                "x-amz-client-token",
                "x-amz-rename-source-if-match",
                "x-amz-rename-source-if-modified-since",
                "x-amz-rename-source-if-none-match",
                "x-amz-rename-source-if-unmodified-since",
            ],
        ])
        .needs(&[always("s3express:CreateSession", On::Bucket)])
        .never(),
    row(Operation::UpdateObjectEncryption)
        .marker("encryption")
        .query(&[VERSION])
        .headers(&[BODY, OWNER, PAYER])
        .needs(&[always("s3:UpdateObjectEncryption", On::Object)]),
    row(Operation::UploadPart)
        .required_query(&["partNumber", "uploadId"])
        .headers(&[SSE_C, CHECKSUMS, BODY, OWNER, PAYER])
        .needs(&[always("s3:PutObject", On::Object)]),
    row(Operation::UploadPartCopy)
        .required_query(&["partNumber", "uploadId"])
        .required_headers(&["x-amz-copy-source"])
        .headers(&[
            SSE_C,
            SSE_C_SOURCE,
            COPY_IF,
            OWNER,
            PAYER,
            &["x-amz-copy-source-range", "x-amz-source-expected-bucket-owner"],
        ])
        .needs(&[
            need("s3:GetObject", On::Source, When::CopySourceVersion(false)),
            need("s3:GetObjectVersion", On::Source, When::CopySourceVersion(true)),
            always("s3:PutObject", On::Object),
        ]),
];

/// POST on an object.
pub(super) static POST_OBJECT: &[Row] = &[
    row(Operation::CompleteMultipartUpload)
        .required_query(&["uploadId"])
        .headers(&[SSE_C, CHECKSUMS, IF, OWNER, PAYER, &["x-amz-checksum-type", "x-amz-mp-object-size"]])
        .needs(&[always("s3:PutObject", On::Object)]),
    row(Operation::CreateMultipartUpload)
        .marker("uploads")
        .headers(&[
            SSE_C,
            SSE,
            OBJECT_ACL,
            LOCK,
            STORED,
            OWNER,
            PAYER,
            &["x-amz-checksum-algorithm", "x-amz-checksum-type"],
        ])
        .needs(STORE),
    row(Operation::RestoreObject)
        .marker("restore")
        .query(&[VERSION])
        .headers(&[OWNER, PAYER, &["x-amz-sdk-checksum-algorithm"]])
        .needs(&[always("s3:RestoreObject", On::Object)]),
    row(Operation::SelectObjectContent)
        .marker("select")
        .fixed("select-type", "2")
        .headers(&[SSE_C, OWNER])
        .needs(&[always("s3:GetObject", On::Object)]),
];

/// DELETE on an object.
pub(super) static DELETE_OBJECT: &[Row] = &[
    row(Operation::AbortMultipartUpload)
        .required_query(&["uploadId"])
        .headers(&[OWNER, PAYER, &["x-amz-if-match-initiated-time"]])
        .needs(&[always("s3:AbortMultipartUpload", On::Object)]),
    row(Operation::DeleteObject)
        .query(&[VERSION])
        .headers(&[
            OWNER,
            PAYER,
            &[
                "if-match",
                "x-amz-bypass-governance-retention",
                "x-amz-if-match-last-modified-time",
                "x-amz-if-match-size",
                "x-amz-mfa",
            ],
        ])
        .needs(&[
            need("s3:DeleteObject", On::Object, When::QueryAbsent("versionId")),
            need("s3:DeleteObjectVersion", On::Object, When::Query("versionId")),
            BYPASS,
        ]),
    row(Operation::DeleteObjectAnnotation)
        .marker("annotation")
        .required_query(&["annotationName"])
        .query(&[VERSION])
        .headers(&[OWNER, PAYER, &["x-amz-object-if-match"]])
        .needs(&[plain("s3:DeleteObjectAnnotation"), versioned("s3:DeleteObjectVersionAnnotation")]),
    row(Operation::DeleteObjectTagging)
        .marker("tagging")
        .query(&[VERSION])
        .headers(&[OWNER])
        .needs(&[plain("s3:DeleteObjectTagging"), versioned("s3:DeleteObjectVersionTagging")]),
];
