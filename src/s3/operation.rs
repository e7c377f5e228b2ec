//! The S3 operations: one variant for each of `s3-operations.json`.

macro_rules! operations {
    ($($name:ident),* $(,)?) => {
        /// An S3 API operation.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        pub enum Operation {
            $(#[doc = concat!("S3's `", stringify!($name), "`.")] $name,)*
        }

        impl Operation {
            /// Every operation, in the order of their names.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The operation's name as AWS spells it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

operations! {
    AbortMultipartUpload, CompleteMultipartUpload, CopyObject, CreateBucket, CreateBucketMetadataConfiguration, CreateBucketMetadataTableConfiguration, CreateMultipartUpload, CreateSession, DeleteBucket, DeleteBucketAnalyticsConfiguration, DeleteBucketCors, DeleteBucketEncryption, DeleteBucketIntelligentTieringConfiguration, DeleteBucketInventoryConfiguration, DeleteBucketLifecycle, DeleteBucketMetadataConfiguration, DeleteBucketMetadataTableConfiguration, DeleteBucketMetricsConfiguration, DeleteBucketOwnershipControls, DeleteBucketPolicy, DeleteBucketReplication, DeleteBucketTagging, DeleteBucketWebsite, DeleteObject, DeleteObjectAnnotation, DeleteObjectTagging, DeleteObjects, DeletePublicAccessBlock, GetBucketAbac, GetBucketAccelerateConfiguration, GetBucketAcl, GetBucketAnalyticsConfiguration, GetBucketCors, GetBucketEncryption, GetBucketIntelligentTieringConfiguration, GetBucketInventoryConfiguration, GetBucketLifecycle, GetBucketLifecycleConfiguration, GetBucketLocation, GetBucketLogging, GetBucketMetadataConfiguration, GetBucketMetadataTableConfiguration, GetBucketMetricsConfiguration, GetBucketNotification, GetBucketNotificationConfiguration, GetBucketOwnershipControls, GetBucketPolicy, GetBucketPolicyStatus, GetBucketReplication, GetBucketRequestPayment, GetBucketTagging, GetBucketVersioning, GetBucketWebsite, GetObject, GetObjectAcl, GetObjectAnnotation, GetObjectAttributes, GetObjectLegalHold, GetObjectLockConfiguration, GetObjectRetention, GetObjectTagging, GetObjectTorrent, GetPublicAccessBlock, HeadBucket, HeadObject, ListBucketAnalyticsConfigurations, ListBucketIntelligentTieringConfigurations, ListBucketInventoryConfigurations, ListBucketMetricsConfigurations, ListBuckets, ListDirectoryBuckets, ListMultipartUploads, ListObjectAnnotations, ListObjectVersions, ListObjects, ListObjectsV2, ListParts, OptionsObject, PostObject, PutBucketAbac, PutBucketAccelerateConfiguration, PutBucketAcl, PutBucketAnalyticsConfiguration, PutBucketCors, PutBucketEncryption, PutBucketIntelligentTieringConfiguration, PutBucketInventoryConfiguration, PutBucketLifecycle, PutBucketLifecycleConfiguration, PutBucketLogging, PutBucketMetricsConfiguration, PutBucketNotification, PutBucketNotificationConfiguration, PutBucketOwnershipControls, PutBucketPolicy, PutBucketReplication, PutBucketRequestPayment, PutBucketTagging, PutBucketVersioning, PutBucketWebsite, PutObject, PutObjectAcl, PutObjectAnnotation, PutObjectLegalHold, PutObjectLockConfiguration, PutObjectRetention, PutObjectTagging, PutPublicAccessBlock, RenameObject, RestoreObject, SelectObjectContent, UpdateBucketMetadataAnnotationTableConfiguration, UpdateBucketMetadataInventoryTableConfiguration, UpdateBucketMetadataJournalTableConfiguration, UpdateObjectEncryption, UploadPart, UploadPartCopy, WriteGetObjectResponse,
}

impl Operation {
    /// The operation of that name, with case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|operation| operation.name() == name).copied()
    }

    /// Whether the gate carries the operation through today. All others answer `NotImplemented` once the
    /// caller is authenticated, never another operation in their place.
    pub fn carried(self) -> bool {
        matches!(
            self,
            Self::ListBuckets
                | Self::CreateBucket
                | Self::HeadBucket
                | Self::DeleteBucket
                | Self::GetBucketLocation
                | Self::GetBucketVersioning
                | Self::PutBucketVersioning
                | Self::GetBucketTagging
                | Self::PutBucketTagging
                | Self::DeleteBucketTagging
                | Self::GetBucketPolicy
                | Self::GetBucketPolicyStatus
                | Self::PutBucketPolicy
                | Self::DeleteBucketPolicy
                | Self::ListObjects
                | Self::ListObjectsV2
                | Self::ListObjectVersions
                | Self::GetObject
                | Self::HeadObject
                | Self::GetObjectAttributes
                | Self::PutObject
                | Self::CopyObject
                | Self::DeleteObject
                | Self::DeleteObjects
                | Self::GetObjectTagging
                | Self::PutObjectTagging
                | Self::DeleteObjectTagging
                | Self::CreateMultipartUpload
                | Self::UploadPart
                | Self::UploadPartCopy
                | Self::CompleteMultipartUpload
                | Self::AbortMultipartUpload
                | Self::ListParts
                | Self::ListMultipartUploads
        )
    }

    /// Whether the answer lists keys of the bucket, so that `s3:prefix`, `s3:delimiter` and `s3:max-keys`
    /// have a meaning.
    pub fn lists_objects(self) -> bool {
        matches!(self, Self::ListObjects | Self::ListObjectsV2 | Self::ListObjectVersions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_round_trip() {
        for operation in Operation::ALL {
            assert_eq!(Operation::from_name(operation.name()), Some(*operation));
        }
        assert_eq!(Operation::from_name("getobject"), None);
        assert_eq!(Operation::ALL.len(), 118);
    }

    #[test]
    fn rule_08_directory_buckets_and_object_lambda_are_never_carried() {
        for name in ["CreateSession", "RenameObject", "ListDirectoryBuckets", "WriteGetObjectResponse"] {
            assert!(!Operation::from_name(name).unwrap().carried(), "{name}");
        }
        assert_eq!(Operation::ALL.iter().filter(|operation| operation.carried()).count(), 34);
    }
}
