//! Operations that read a bucket, and the list of buckets. Rows of the routing table, held together with `s3-operations.json` by a test.

use super::groups::{OWNER, PAYER, SSE};
use super::{On, Row, always, row};
use crate::s3::operation::Operation;

/// GET on a bucket.
pub(super) static GET_BUCKET: &[Row] = &[
    row(Operation::CreateSession)
        .marker("session")
        .headers(&[SSE, &["x-amz-create-session-mode"]])
        .needs(&[always("s3express:CreateSession", On::Bucket)])
        .never(),
    row(Operation::GetBucketAbac).marker("abac").headers(&[OWNER]).needs(&[always("s3:GetBucketAbac", On::Bucket)]),
    row(Operation::GetBucketAccelerateConfiguration)
        .marker("accelerate")
        .headers(&[OWNER, PAYER])
        .needs(&[always("s3:GetAccelerateConfiguration", On::Bucket)]),
    row(Operation::GetBucketAcl).marker("acl").headers(&[OWNER]).needs(&[always("s3:GetBucketAcl", On::Bucket)]),
    row(Operation::GetBucketAnalyticsConfiguration)
        .marker("analytics")
        .required_query(&["id"])
        .headers(&[OWNER])
        .needs(&[always("s3:GetAnalyticsConfiguration", On::Bucket)]),
    row(Operation::GetBucketCors).marker("cors").headers(&[OWNER]).needs(&[always("s3:GetBucketCORS", On::Bucket)]),
    row(Operation::GetBucketEncryption)
        .marker("encryption")
        .headers(&[OWNER])
        .needs(&[always("s3:GetEncryptionConfiguration", On::Bucket)]),
    row(Operation::GetBucketIntelligentTieringConfiguration)
        .marker("intelligent-tiering")
        .required_query(&["id"])
        .headers(&[OWNER])
        .needs(&[always("s3:GetIntelligentTieringConfiguration", On::Bucket)]),
    row(Operation::GetBucketInventoryConfiguration)
        .marker("inventory")
        .required_query(&["id"])
        .headers(&[OWNER])
        .needs(&[always("s3:GetInventoryConfiguration", On::Bucket)]),
    row(Operation::GetBucketLifecycle)
        .marker("lifecycle")
        .headers(&[OWNER])
        .needs(&[always("s3:GetLifecycleConfiguration", On::Bucket)])
        .twin(),
    row(Operation::GetBucketLifecycleConfiguration)
        .marker("lifecycle")
        .headers(&[OWNER])
        .needs(&[always("s3:GetLifecycleConfiguration", On::Bucket)]),
    row(Operation::GetBucketLocation)
        .marker("location")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketLocation", On::Bucket)]),
    row(Operation::GetBucketLogging)
        .marker("logging")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketLogging", On::Bucket)]),
    row(Operation::GetBucketMetadataConfiguration)
        .marker("metadataConfiguration")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketMetadataTableConfiguration", On::Bucket)]),
    row(Operation::GetBucketMetadataTableConfiguration)
        .marker("metadataTable")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketMetadataTableConfiguration", On::Bucket)]),
    row(Operation::GetBucketMetricsConfiguration)
        .marker("metrics")
        .required_query(&["id"])
        .headers(&[OWNER])
        .needs(&[always("s3:GetMetricsConfiguration", On::Bucket)]),
    row(Operation::GetBucketNotification)
        .marker("notification")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketNotification", On::Bucket)])
        .twin(),
    row(Operation::GetBucketNotificationConfiguration)
        .marker("notification")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketNotification", On::Bucket)]),
    row(Operation::GetBucketOwnershipControls)
        .marker("ownershipControls")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketOwnershipControls", On::Bucket)]),
    row(Operation::GetBucketPolicy)
        .marker("policy")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketPolicy", On::Bucket)]),
    row(Operation::GetBucketPolicyStatus)
        .marker("policyStatus")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketPolicyStatus", On::Bucket)]),
    row(Operation::GetBucketReplication)
        .marker("replication")
        .headers(&[OWNER])
        .needs(&[always("s3:GetReplicationConfiguration", On::Bucket)]),
    row(Operation::GetBucketRequestPayment)
        .marker("requestPayment")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketRequestPayment", On::Bucket)]),
    row(Operation::GetBucketTagging)
        .marker("tagging")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketTagging", On::Bucket)]),
    row(Operation::GetBucketVersioning)
        .marker("versioning")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketVersioning", On::Bucket)]),
    row(Operation::GetBucketWebsite)
        .marker("website")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketWebsite", On::Bucket)]),
    row(Operation::GetObjectLockConfiguration)
        .marker("object-lock")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketObjectLockConfiguration", On::Bucket)]),
    row(Operation::GetPublicAccessBlock)
        .marker("publicAccessBlock")
        .headers(&[OWNER])
        .needs(&[always("s3:GetBucketPublicAccessBlock", On::Bucket)]),
    row(Operation::ListBucketAnalyticsConfigurations)
        .marker("analytics")
        .query(&[&["continuation-token"]])
        .headers(&[OWNER])
        .needs(&[always("s3:GetAnalyticsConfiguration", On::Bucket)]),
    row(Operation::ListBucketIntelligentTieringConfigurations)
        .marker("intelligent-tiering")
        .query(&[&["continuation-token"]])
        .headers(&[OWNER])
        .needs(&[always("s3:GetIntelligentTieringConfiguration", On::Bucket)]),
    row(Operation::ListBucketInventoryConfigurations)
        .marker("inventory")
        .query(&[&["continuation-token"]])
        .headers(&[OWNER])
        .needs(&[always("s3:GetInventoryConfiguration", On::Bucket)]),
    row(Operation::ListBucketMetricsConfigurations)
        .marker("metrics")
        .query(&[&["continuation-token"]])
        .headers(&[OWNER])
        .needs(&[always("s3:GetMetricsConfiguration", On::Bucket)]),
    row(Operation::ListMultipartUploads)
        .marker("uploads")
        .query(&[&["delimiter", "encoding-type", "key-marker", "max-uploads", "prefix", "upload-id-marker"]])
        .headers(&[OWNER, PAYER])
        .needs(&[always("s3:ListBucketMultipartUploads", On::Bucket)]),
    row(Operation::ListObjectVersions)
        .marker("versions")
        .query(&[&["delimiter", "encoding-type", "key-marker", "max-keys", "prefix", "version-id-marker"]])
        .headers(&[OWNER, PAYER, &["x-amz-optional-object-attributes"]])
        .needs(&[always("s3:ListBucketVersions", On::Bucket)]),
    row(Operation::ListObjects)
        .query(&[&["delimiter", "encoding-type", "marker", "max-keys", "prefix"]])
        .headers(&[OWNER, PAYER, &["x-amz-optional-object-attributes"]])
        .needs(&[always("s3:ListBucket", On::Bucket)]),
    row(Operation::ListObjectsV2)
        .marker("list-type")
        .fixed("list-type", "2")
        .query(&[&[
            "continuation-token",
            "delimiter",
            "encoding-type",
            "fetch-owner",
            "max-keys",
            "prefix",
            "start-after",
        ]])
        .headers(&[OWNER, PAYER, &["x-amz-optional-object-attributes"]])
        .needs(&[always("s3:ListBucket", On::Bucket)]),
];

/// HEAD on a bucket.
pub(super) static HEAD_BUCKET: &[Row] =
    &[row(Operation::HeadBucket).headers(&[OWNER]).needs(&[always("s3:ListBucket", On::Bucket)])];

/// GET on the service.
pub(super) static GET_SERVICE: &[Row] = &[
    row(Operation::ListBuckets)
        .query(&[&["bucket-region", "continuation-token", "max-buckets", "prefix"]])
        .needs(&[always("s3:ListAllMyBuckets", On::Nothing)]),
    row(Operation::ListDirectoryBuckets)
        .query(&[&["continuation-token", "max-directory-buckets"]])
        .needs(&[always("s3express:ListAllMyDirectoryBuckets", On::Nothing)])
        .twin(),
];
