//! AWS's default quotas, in one place (WIRE section 3).

/// Characters of a trust policy (`ACLSizePerRole`).
pub const TRUST_POLICY: usize = 2048;
/// Characters of a role's inline policies together, white space not counted.
pub const ROLE_POLICIES: usize = 10_240;
/// Characters of a user's inline policies together, white space not counted.
pub const USER_POLICIES: usize = 2048;
/// Characters of a group's inline policies together, white space not counted.
pub const GROUP_POLICIES: usize = 5120;
/// Characters of a managed policy, white space not counted.
pub const MANAGED_POLICY: usize = 6144;
/// Versions of a managed policy.
pub const POLICY_VERSIONS: usize = 5;
/// Managed policies attached to a role, user or group.
pub const ATTACHED_POLICIES: usize = 10;
/// Tags of an entity.
pub const TAGS: usize = 50;
/// Roles of an account.
pub const ROLES: usize = 1000;
/// Users of an account.
pub const USERS: usize = 5000;
/// Groups of an account.
pub const GROUPS: usize = 300;
/// Managed policies of an account.
pub const POLICIES: usize = 1500;
/// Groups that a user may be in.
pub const GROUPS_OF_USER: usize = 10;
/// Long-term access keys of a user.
pub const ACCESS_KEYS: usize = 2;
/// Session policies given by ARN.
pub const SESSION_POLICIES: usize = 10;
/// OpenID Connect providers of an account.
pub const PROVIDERS: usize = 100;
/// Client ids of a provider.
pub const CLIENT_IDS: usize = 100;
/// Thumbprints of a provider.
pub const THUMBPRINTS: usize = 5;
