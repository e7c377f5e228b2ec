//! Answers about managed policies.

use crate::entity::{AwsManagedPolicy, ManagedPolicy, PolicyUse, Tag, UseKind};
use crate::iam::answer::{write_date, write_document, write_end, write_list, write_tags};
use crate::wire::xml::XmlWriter;

/// A policy as calls show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// PolicyName.
    pub name: String,
    /// PolicyId.
    pub id: String,
    /// Arn.
    pub arn: String,
    /// Path.
    pub path: String,
    /// The number of the version that counts.
    pub default_version: u32,
    /// AttachmentCount.
    pub attachments: usize,
    /// PermissionsBoundaryUsageCount.
    pub boundaries: usize,
    /// CreateDate in milliseconds since 1970.
    pub created: i64,
    /// UpdateDate in milliseconds since 1970.
    pub updated: i64,
    /// Description, possibly empty.
    pub description: String,
    /// Tags in the order in which they were set.
    pub tags: Vec<Tag>,
}

impl From<&ManagedPolicy> for Shown {
    fn from(policy: &ManagedPolicy) -> Self {
        Self {
            name: policy.name.clone(),
            id: policy.id.to_string(),
            arn: policy.arn(),
            path: policy.path.clone(),
            default_version: policy.default_version,
            attachments: policy.attachments.len(),
            boundaries: policy.boundary_of.len(),
            created: policy.created,
            updated: policy.updated,
            description: policy.description.clone(),
            tags: policy.tags.clone(),
        }
    }
}

impl Shown {
    /// One of AWS's, with the number of its uses in the account.
    pub(super) fn of_aws(policy: &AwsManagedPolicy, attachments: usize, boundaries: usize) -> Self {
        Self {
            name: policy.name.to_owned(),
            id: policy.id.to_owned(),
            arn: policy.arn(),
            path: "/".to_owned(),
            default_version: policy.version,
            attachments,
            boundaries,
            created: policy.created().millis(),
            updated: policy.updated().millis(),
            description: policy.description.to_owned(),
            tags: Vec::new(),
        }
    }
}

/// A version of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The number `n` of `vn`.
    pub number: u32,
    /// IsDefaultVersion.
    pub is_default: bool,
    /// CreateDate in milliseconds since 1970.
    pub created: i64,
    /// The document, where it is shown.
    pub document: Option<String>,
}

/// What calls about managed policies answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A policy just made.
    Made(Box<Shown>),
    /// A policy in full.
    Shown(Box<Shown>),
    /// ListPolicies.
    Page {
        /// The account's by name, then AWS's by name.
        policies: Vec<Shown>,
        /// Where the next page begins, if there is one.
        marker: Option<String>,
    },
    /// A version.
    Version(Version),
    /// ListPolicyVersions.
    Versions {
        /// The newest first.
        versions: Vec<Version>,
        /// Where the next page begins, if there is one.
        marker: Option<String>,
    },
    /// ListEntitiesForPolicy.
    Entities {
        /// Groups, roles, users, each by name.
        uses: Vec<PolicyUse>,
        /// Where the next page begins, if there is one.
        marker: Option<String>,
    },
}

impl Answer {
    pub(in crate::iam) fn write(&self, w: &mut XmlWriter) {
        match self {
            Self::Made(policy) => {
                w.element("Policy", |w| {
                    write_policy(policy, w);
                    write_tags(&policy.tags, w);
                });
            }
            Self::Shown(policy) => {
                w.element("Policy", |w| {
                    write_policy(policy, w);
                    w.optional("Description", Some(policy.description.as_str()).filter(|text| !text.is_empty()));
                    write_tags(&policy.tags, w);
                });
            }
            Self::Page { policies, marker } => {
                write_list("Policies", policies, w, write_policy);
                write_end(marker.as_deref(), w);
            }
            Self::Version(version) => {
                w.element("PolicyVersion", |w| write_version(version, w));
            }
            Self::Versions { versions, marker } => {
                write_list("Versions", versions, w, write_version);
                write_end(marker.as_deref(), w);
            }
            Self::Entities { uses, marker } => {
                write_uses("PolicyGroups", UseKind::Group, ("GroupName", "GroupId"), uses, w);
                write_uses("PolicyUsers", UseKind::User, ("UserName", "UserId"), uses, w);
                write_uses("PolicyRoles", UseKind::Role, ("RoleName", "RoleId"), uses, w);
                write_end(marker.as_deref(), w);
            }
        }
    }
}

/// The members of a policy that listings show too.
fn write_policy(policy: &Shown, w: &mut XmlWriter) {
    w.text("PolicyName", &policy.name).text("PolicyId", &policy.id).text("Arn", &policy.arn);
    w.text("Path", &policy.path).text("DefaultVersionId", &format!("v{}", policy.default_version));
    w.text("AttachmentCount", &policy.attachments.to_string());
    w.text("PermissionsBoundaryUsageCount", &policy.boundaries.to_string()).text("IsAttachable", "true");
    write_date("CreateDate", policy.created, w);
    write_date("UpdateDate", policy.updated, w);
}

fn write_version(version: &Version, w: &mut XmlWriter) {
    if let Some(document) = &version.document {
        write_document("Document", document, w);
    }
    w.text("VersionId", &format!("v{}", version.number));
    w.text("IsDefaultVersion", if version.is_default { "true" } else { "false" });
    write_date("CreateDate", version.created, w);
}

fn write_uses(list: &str, kind: UseKind, names: (&str, &str), uses: &[PolicyUse], w: &mut XmlWriter) {
    let uses: Vec<&PolicyUse> = uses.iter().filter(|one| one.kind == kind).collect();
    write_list(list, &uses, w, |one, w| {
        w.text(names.0, &one.name).text(names.1, one.id.as_str());
    });
}
