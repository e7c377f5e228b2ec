//! Operations that write a bucket. Rows of the routing table, held together with `s3-operations.json` by a test.

use super::groups::{BODY, OBJECT_ACL, OWNER, PAYER};
use super::{On, Row, When, always, need, row};
use crate::s3::operation::Operation;

/// PUT on a bucket.
pub(super) static PUT_BUCKET: &[Row] = &[
    row(Operation::CreateBucket)
        .headers(&[
            OBJECT_ACL,
            &[
                "x-amz-bucket-namespace",
                "x-amz-bucket-object-lock-enabled",
                "x-amz-grant-write",
                "x-amz-object-ownership",
            ],
        ])
        .needs(&[
            always("s3:CreateBucket", On::Bucket),
            need(
                "s3:PutBucketAcl",
                On::Bucket,
                When::Any(&[
                    When::HeaderIsNot("x-amz-acl", "private"),
                    When::AnyHeader(&[
                        "x-amz-grant-full-control",
                        "x-amz-grant-read",
                        "x-amz-grant-read-acp",
                        "x-amz-grant-write",
                        "x-amz-grant-write-acp",
                    ]),
                ]),
            ),
            need(
                "s3:PutBucketObjectLockConfiguration",
                On::Bucket,
                When::HeaderIs("x-amz-bucket-object-lock-enabled", "true"),
            ),
            need("s3:PutBucketVersioning", On::Bucket, When::HeaderIs("x-amz-bucket-object-lock-enabled", "true")),
            need("s3:PutBucketOwnershipControls", On::Bucket, When::Header("x-amz-object-ownership")),
            need("s3:TagResource", On::Bucket, When::BucketTagsInBody),
        ]),
    row(Operation::PutBucketAbac)
        .marker("abac")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:PutBucketAbac", On::Bucket)]),
    row(Operation::PutBucketAccelerateConfiguration)
        .marker("accelerate")
        .headers(&[OWNER, &["x-amz-sdk-checksum-algorithm"]])
        .needs(&[always("s3:PutAccelerateConfiguration", On::Bucket)]),
    row(Operation::PutBucketAcl)
        .marker("acl")
        .headers(&[OBJECT_ACL, BODY, OWNER, &["x-amz-grant-write"]])
        .needs(&[always("s3:PutBucketAcl", On::Bucket)]),
    row(Operation::PutBucketAnalyticsConfiguration)
        .marker("analytics")
        .required_query(&["id"])
        .headers(&[OWNER])
        .needs(&[always("s3:PutAnalyticsConfiguration", On::Bucket)]),
    row(Operation::PutBucketCors)
        .marker("cors")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:PutBucketCORS", On::Bucket)]),
    row(Operation::PutBucketEncryption)
        .marker("encryption")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:PutEncryptionConfiguration", On::Bucket)]),
    row(Operation::PutBucketIntelligentTieringConfiguration)
        .marker("intelligent-tiering")
        .required_query(&["id"])
        .headers(&[OWNER])
        .needs(&[always("s3:PutIntelligentTieringConfiguration", On::Bucket)]),
    row(Operation::PutBucketInventoryConfiguration)
        .marker("inventory")
        .required_query(&["id"])
        .headers(&[OWNER])
        .needs(&[always("s3:PutInventoryConfiguration", On::Bucket)]),
    row(Operation::PutBucketLifecycle)
        .marker("lifecycle")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:PutLifecycleConfiguration", On::Bucket)])
        .twin(),
    row(Operation::PutBucketLifecycleConfiguration)
        .marker("lifecycle")
        .headers(&[OWNER, &["x-amz-sdk-checksum-algorithm", "x-amz-transition-default-minimum-object-size"]])
        .needs(&[always("s3:PutLifecycleConfiguration", On::Bucket)]),
    row(Operation::PutBucketLogging)
        .marker("logging")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:PutBucketLogging", On::Bucket)]),
    row(Operation::PutBucketMetricsConfiguration)
        .marker("metrics")
        .required_query(&["id"])
        .headers(&[OWNER])
        .needs(&[always("s3:PutMetricsConfiguration", On::Bucket)]),
    row(Operation::PutBucketNotification)
        .marker("notification")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:PutBucketNotification", On::Bucket)])
        .twin(),
    row(Operation::PutBucketNotificationConfiguration)
        .marker("notification")
        .headers(&[OWNER, &["x-amz-skip-destination-validation"]])
        .needs(&[always("s3:PutBucketNotification", On::Bucket)]),
    row(Operation::PutBucketOwnershipControls)
        .marker("ownershipControls")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:PutBucketOwnershipControls", On::Bucket)]),
    row(Operation::PutBucketPolicy)
        .marker("policy")
        .headers(&[BODY, OWNER, &["x-amz-confirm-remove-self-bucket-access"]])
        .needs(&[always("s3:PutBucketPolicy", On::Bucket)]),
    row(Operation::PutBucketReplication)
        .marker("replication")
        .headers(&[BODY, OWNER, &["x-amz-bucket-object-lock-token"]])
        .needs(&[always("s3:PutReplicationConfiguration", On::Bucket)]),
    row(Operation::PutBucketRequestPayment)
        .marker("requestPayment")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:PutBucketRequestPayment", On::Bucket)]),
    row(Operation::PutBucketTagging)
        .marker("tagging")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:PutBucketTagging", On::Bucket)]),
    row(Operation::PutBucketVersioning)
        .marker("versioning")
        .headers(&[BODY, OWNER, &["x-amz-mfa"]])
        .needs(&[always("s3:PutBucketVersioning", On::Bucket)]),
    row(Operation::PutBucketWebsite)
        .marker("website")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:PutBucketWebsite", On::Bucket)]),
    row(Operation::PutObjectLockConfiguration)
        .marker("object-lock")
        .headers(&[BODY, OWNER, PAYER, &["x-amz-bucket-object-lock-token"]])
        .needs(&[always("s3:PutBucketObjectLockConfiguration", On::Bucket)]),
    row(Operation::PutPublicAccessBlock)
        .marker("publicAccessBlock")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:PutBucketPublicAccessBlock", On::Bucket)]),
    row(Operation::UpdateBucketMetadataAnnotationTableConfiguration)
        .marker("metadataAnnotationTable")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:UpdateBucketMetadataAnnotationTableConfiguration", On::Bucket)]),
    row(Operation::UpdateBucketMetadataInventoryTableConfiguration)
        .marker("metadataInventoryTable")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:UpdateBucketMetadataInventoryTableConfiguration", On::Bucket)]),
    row(Operation::UpdateBucketMetadataJournalTableConfiguration)
        .marker("metadataJournalTable")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:UpdateBucketMetadataJournalTableConfiguration", On::Bucket)]),
];

/// POST on a bucket.
pub(super) static POST_BUCKET: &[Row] = &[
    row(Operation::CreateBucketMetadataConfiguration)
        .marker("metadataConfiguration")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:CreateBucketMetadataTableConfiguration", On::Bucket)]),
    row(Operation::CreateBucketMetadataTableConfiguration)
        .marker("metadataTable")
        .headers(&[BODY, OWNER])
        .needs(&[always("s3:CreateBucketMetadataTableConfiguration", On::Bucket)]),
    row(Operation::DeleteObjects)
        .marker("delete")
        .headers(&[OWNER, PAYER, &["x-amz-bypass-governance-retention", "x-amz-mfa", "x-amz-sdk-checksum-algorithm"]])
        .needs(&[
            need("s3:DeleteObject", On::EachEntry, When::BodyEntryVersion(false)),
            need("s3:DeleteObjectVersion", On::EachEntry, When::BodyEntryVersion(true)),
            need(
                "s3:BypassGovernanceRetention",
                On::EachEntry,
                When::HeaderIs("x-amz-bypass-governance-retention", "true"),
            ),
        ]),
    row(Operation::PostObject).required_headers(&["content-type"]).needs(&[
        always("s3:PutObject", On::Object),
        need("s3:PutObjectAcl", On::Object, When::FormField("acl")),
        need("s3:PutObjectTagging", On::Object, When::FormField("tagging")),
        need(
            "s3:PutObjectRetention",
            On::Object,
            When::AnyFormField(&["x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"]),
        ),
        need("s3:PutObjectLegalHold", On::Object, When::FormField("x-amz-object-lock-legal-hold")),
    ]),
];

/// DELETE on a bucket.
pub(super) static DELETE_BUCKET: &[Row] = &[
    row(Operation::DeleteBucket).headers(&[OWNER]).needs(&[always("s3:DeleteBucket", On::Bucket)]),
    row(Operation::DeleteBucketAnalyticsConfiguration)
        .marker("analytics")
        .required_query(&["id"])
        .headers(&[OWNER])
        .needs(&[always("s3:PutAnalyticsConfiguration", On::Bucket)]),
    row(Operation::DeleteBucketCors).marker("cors").headers(&[OWNER]).needs(&[always("s3:PutBucketCORS", On::Bucket)]),
    row(Operation::DeleteBucketEncryption)
        .marker("encryption")
        .headers(&[OWNER])
        .needs(&[always("s3:PutEncryptionConfiguration", On::Bucket)]),
    row(Operation::DeleteBucketIntelligentTieringConfiguration)
        .marker("intelligent-tiering")
        .required_query(&["id"])
        .headers(&[OWNER])
        .needs(&[always("s3:PutIntelligentTieringConfiguration", On::Bucket)]),
    row(Operation::DeleteBucketInventoryConfiguration)
        .marker("inventory")
        .required_query(&["id"])
        .headers(&[OWNER])
        .needs(&[always("s3:PutInventoryConfiguration", On::Bucket)]),
    row(Operation::DeleteBucketLifecycle)
        .marker("lifecycle")
        .headers(&[OWNER])
        .needs(&[always("s3:PutLifecycleConfiguration", On::Bucket)]),
    row(Operation::DeleteBucketMetadataConfiguration)
        .marker("metadataConfiguration")
        .headers(&[OWNER])
        .needs(&[always("s3:DeleteBucketMetadataTableConfiguration", On::Bucket)]),
    row(Operation::DeleteBucketMetadataTableConfiguration)
        .marker("metadataTable")
        .headers(&[OWNER])
        .needs(&[always("s3:DeleteBucketMetadataTableConfiguration", On::Bucket)]),
    row(Operation::DeleteBucketMetricsConfiguration)
        .marker("metrics")
        .required_query(&["id"])
        .headers(&[OWNER])
        .needs(&[always("s3:PutMetricsConfiguration", On::Bucket)]),
    row(Operation::DeleteBucketOwnershipControls)
        .marker("ownershipControls")
        .headers(&[OWNER])
        .needs(&[always("s3:PutBucketOwnershipControls", On::Bucket)]),
    row(Operation::DeleteBucketPolicy)
        .marker("policy")
        .headers(&[OWNER])
        .needs(&[always("s3:DeleteBucketPolicy", On::Bucket)]),
    row(Operation::DeleteBucketReplication)
        .marker("replication")
        .headers(&[OWNER])
        .needs(&[always("s3:PutReplicationConfiguration", On::Bucket)]),
    row(Operation::DeleteBucketTagging)
        .marker("tagging")
        .headers(&[OWNER])
        .needs(&[always("s3:PutBucketTagging", On::Bucket)]),
    row(Operation::DeleteBucketWebsite)
        .marker("website")
        .headers(&[OWNER])
        .needs(&[always("s3:DeleteBucketWebsite", On::Bucket)]),
    row(Operation::DeletePublicAccessBlock)
        .marker("publicAccessBlock")
        .headers(&[OWNER])
        .needs(&[always("s3:PutBucketPublicAccessBlock", On::Bucket)]),
];

/// POST on the service.
pub(super) static POST_SERVICE: &[Row] = &[row(Operation::WriteGetObjectResponse)
    .required_headers(&["x-amz-request-route", "x-amz-request-token"])
    .headers(&[&[
        "x-amz-fwd-error-code",
        "x-amz-fwd-error-message",
        "x-amz-fwd-header-accept-ranges",
        "x-amz-fwd-header-cache-control",
        "x-amz-fwd-header-content-disposition",
        "x-amz-fwd-header-content-encoding",
        "x-amz-fwd-header-content-language",
        "x-amz-fwd-header-content-range",
        "x-amz-fwd-header-content-type",
        "x-amz-fwd-header-etag",
        "x-amz-fwd-header-expires",
        "x-amz-fwd-header-last-modified",
        "x-amz-fwd-header-x-amz-checksum-crc32",
        "x-amz-fwd-header-x-amz-checksum-crc32c",
        "x-amz-fwd-header-x-amz-checksum-crc64nvme",
        "x-amz-fwd-header-x-amz-checksum-md5",
        "x-amz-fwd-header-x-amz-checksum-sha1",
        "x-amz-fwd-header-x-amz-checksum-sha256",
        "x-amz-fwd-header-x-amz-checksum-sha512",
        "x-amz-fwd-header-x-amz-checksum-xxhash128",
        "x-amz-fwd-header-x-amz-checksum-xxhash3",
        "x-amz-fwd-header-x-amz-checksum-xxhash64",
        "x-amz-fwd-header-x-amz-delete-marker",
        "x-amz-fwd-header-x-amz-expiration",
        "x-amz-fwd-header-x-amz-missing-meta",
        "x-amz-fwd-header-x-amz-mp-parts-count",
        "x-amz-fwd-header-x-amz-object-lock-legal-hold",
        "x-amz-fwd-header-x-amz-object-lock-mode",
        "x-amz-fwd-header-x-amz-object-lock-retain-until-date",
        "x-amz-fwd-header-x-amz-replication-status",
        "x-amz-fwd-header-x-amz-request-charged",
        "x-amz-fwd-header-x-amz-restore",
        "x-amz-fwd-header-x-amz-server-side-encryption",
        "x-amz-fwd-header-x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-fwd-header-x-amz-server-side-encryption-bucket-key-enabled",
        "x-amz-fwd-header-x-amz-server-side-encryption-customer-algorithm",
        "x-amz-fwd-header-x-amz-server-side-encryption-customer-key-md5",
        "x-amz-fwd-header-x-amz-storage-class",
        "x-amz-fwd-header-x-amz-tagging-count",
        "x-amz-fwd-header-x-amz-version-id",
        "x-amz-fwd-status",
        "x-amz-meta-*",
    ]])
    .needs(&[always("s3-object-lambda:WriteGetObjectResponse", On::Object)])
    .never()];
