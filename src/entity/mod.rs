//! IAM's nouns as data: users, access keys, roles, bucket records, and the rules for their names.
//!
//! These are the shapes that are stored (serde, unknown members refused) and shown in answers. Policies
//! are kept as documents beside the unique ids of the principals they name (security rule 14) and are
//! compiled by those who load them.

mod access_key;
mod bucket_record;
mod caps;
mod names;
mod role;
mod stored_policy;
mod user;

pub use access_key::{AccessKey, KeyStatus};
pub use bucket_record::{BucketRecord, BucketState};
pub use caps::{CapPermission, CapType, Caps, InvalidCaps};
pub use names::{
    NameError, description, external_id, folded, number, path, path_prefix, policy_document, policy_name, required,
    role_name, role_session_name, session_policy, tag_key, tag_value, user_name,
};
pub use role::{Role, Tag};
pub use stored_policy::StoredPolicy;
pub use user::{Owner, User, UserKind};
