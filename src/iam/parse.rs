//! Parameters into typed requests. Undefined parameters are ignored as AWS does; defined ones that this
//! version does not serve are errors.

use super::{CreateRole, Error, Page, Request, TAGS_QUOTA, VERSION};
use crate::entity::{
    NameError, Tag, description, folded, number, path, path_prefix, policy_document, policy_name, required, role_name,
    tag_key, tag_value,
};
use crate::wire::aws_query::Parameters;

/// The request that `action` and its parameters make.
pub fn parse(action: &str, parameters: &Parameters) -> Result<Request, Error> {
    let version = parameters.get("Version").unwrap_or(VERSION);
    if version != VERSION {
        return Err(unknown(action, version));
    }
    let fields = Fields(parameters);
    match action {
        "CreateRole" => fields.create_role(),
        "GetRole" => Ok(Request::GetRole { role_name: fields.role_name()? }),
        "ListRoles" => Ok(Request::ListRoles { path_prefix: fields.path_prefix()?, page: Page::parse(parameters)? }),
        "DeleteRole" => Ok(Request::DeleteRole { role_name: fields.role_name()? }),
        "UpdateAssumeRolePolicy" => Ok(Request::UpdateAssumeRolePolicy {
            role_name: fields.role_name()?,
            document: fields.document("policyDocument", "PolicyDocument")?,
        }),
        "PutRolePolicy" => Ok(Request::PutRolePolicy {
            role_name: fields.role_name()?,
            policy_name: fields.policy_name()?,
            document: fields.document("policyDocument", "PolicyDocument")?,
        }),
        "GetRolePolicy" => {
            Ok(Request::GetRolePolicy { role_name: fields.role_name()?, policy_name: fields.policy_name()? })
        }
        "ListRolePolicies" => {
            Ok(Request::ListRolePolicies { role_name: fields.role_name()?, page: Page::parse(parameters)? })
        }
        "DeleteRolePolicy" => {
            Ok(Request::DeleteRolePolicy { role_name: fields.role_name()?, policy_name: fields.policy_name()? })
        }
        _ => Err(unknown(action, version)),
    }
}

fn unknown(action: &str, version: &str) -> Error {
    let cut = |text: &str| text.chars().take(128).collect();
    Error::InvalidAction { action: cut(action), version: cut(version) }
}

struct Fields<'a>(&'a Parameters);

type Rule = fn(&str) -> Result<(), NameError>;

impl Fields<'_> {
    fn required(&self, field: &'static str, name: &str, rule: Rule) -> Result<String, Error> {
        let value = required(field, self.0.get(name))?;
        rule(value)?;
        Ok(value.to_owned())
    }

    fn optional(&self, name: &str, default: &str, rule: Rule) -> Result<String, Error> {
        let Some(value) = self.0.get(name) else { return Ok(default.to_owned()) };
        rule(value)?;
        Ok(value.to_owned())
    }

    fn role_name(&self) -> Result<String, Error> {
        self.required("roleName", "RoleName", role_name)
    }

    fn policy_name(&self) -> Result<String, Error> {
        self.required("policyName", "PolicyName", policy_name)
    }

    fn path_prefix(&self) -> Result<String, Error> {
        self.optional("PathPrefix", "/", path_prefix)
    }

    fn document(&self, field: &'static str, name: &str) -> Result<String, Error> {
        let value = required(field, self.0.get(name))?;
        policy_document(field, value)?;
        Ok(value.to_owned())
    }

    fn create_role(&self) -> Result<Request, Error> {
        if self.0.has("PermissionsBoundary") {
            let parameter = "PermissionsBoundary";
            return Err(Error::UnsupportedParameter { parameter, action: "CreateRole" });
        }
        let duration = number("maxSessionDuration", self.0.get("MaxSessionDuration"), 3600, 43200)?;
        Ok(Request::CreateRole(CreateRole {
            role_name: self.role_name()?,
            path: self.optional("Path", "/", path)?,
            trust: self.document("assumeRolePolicyDocument", "AssumeRolePolicyDocument")?,
            description: self.optional("Description", "", description)?,
            max_session_duration: duration.unwrap_or(3600),
            tags: self.tags()?,
        }))
    }

    fn tags(&self) -> Result<Vec<Tag>, Error> {
        let members = self.0.members("Tags")?;
        if members.len() > TAGS_QUOTA {
            return Err(Error::TooManyTags);
        }
        let mut tags: Vec<Tag> = Vec::with_capacity(members.len());
        for member in members {
            let key = required("tags.member.key", self.0.field(&member, "Key"))?;
            let value = required("tags.member.value", self.0.field(&member, "Value"))?;
            tag_key(key)?;
            tag_value(value)?;
            if folded(key).starts_with("aws:") {
                return Err(Error::ReservedTagKey);
            }
            // Without regard to case beyond ASCII too, as keys may be of any script.
            if tags.iter().any(|tag| tag.key.to_lowercase() == key.to_lowercase()) {
                return Err(Error::DuplicateTagKeys);
            }
            tags.push(Tag { key: key.to_owned(), value: value.to_owned() });
        }
        Ok(tags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: &str, pairs: &[(&str, &str)]) -> Result<Request, Error> {
        parse(action, &Parameters::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn create_role_has_awss_defaults() {
        let pairs = [("RoleName", "R"), ("AssumeRolePolicyDocument", "{}"), ("Nonsense", "x"), ("Version", VERSION)];
        let Request::CreateRole(create) = call("CreateRole", &pairs).unwrap() else { panic!() };
        assert_eq!((create.path.as_str(), create.max_session_duration), ("/", 3600));
        assert!(create.description.is_empty() && create.tags.is_empty());
    }

    #[test]
    fn unknown_actions_and_versions_are_invalid() {
        for (action, pairs) in [
            ("TagRole", &[][..]),
            ("createrole", &[]),
            ("", &[]),
            ("AssumeRole", &[]),
            ("GetRole", &[("RoleName", "R"), ("Version", "2011-06-15")]),
            ("GetRole", &[("RoleName", "R"), ("Version", "")]),
        ] {
            assert_eq!(call(action, pairs).unwrap_err().code(), "InvalidAction", "{action} {pairs:?}");
        }
    }

    #[test]
    fn missing_and_bad_parameters_are_refused_in_awss_words() {
        let role = ("RoleName", "R");
        let trust = ("AssumeRolePolicyDocument", "{}");
        for (action, pairs, part) in [
            ("GetRole", vec![], "Value null at 'roleName' failed to satisfy constraint: Member must not be null"),
            ("CreateRole", vec![role], "'assumeRolePolicyDocument'"),
            ("CreateRole", vec![("RoleName", "a b"), trust], "roleName is invalid"),
            ("CreateRole", vec![role, trust, ("Path", "abc")], "path is invalid"),
            ("CreateRole", vec![role, trust, ("MaxSessionDuration", "100")], "greater than or equal to 3600"),
            ("CreateRole", vec![role, trust, ("MaxSessionDuration", "43201")], "less than or equal to 43200"),
            ("CreateRole", vec![role, trust, ("Description", "\u{a0}")], "description is invalid"),
            ("CreateRole", vec![role, trust, ("PermissionsBoundary", "x")], "PermissionsBoundary"),
            ("PutRolePolicy", vec![role, ("PolicyName", "P")], "'policyDocument'"),
            ("PutRolePolicy", vec![role, ("PolicyName", "P"), ("PolicyDocument", "")], "'policyDocument'"),
            ("PutRolePolicy", vec![role, ("PolicyDocument", "{}")], "'policyName'"),
            ("GetRolePolicy", vec![role], "'policyName'"),
            ("DeleteRolePolicy", vec![role, ("PolicyName", "a/b")], "policyName is invalid"),
            ("ListRoles", vec![("PathPrefix", "abc")], "pathPrefix is invalid"),
            ("ListRoles", vec![("MaxItems", "0")], "'maxItems'"),
            ("ListRolePolicies", vec![role, ("MaxItems", "1001")], "'maxItems'"),
        ] {
            let message = call(action, &pairs).unwrap_err().to_string();
            assert!(message.contains(part), "{action} {pairs:?}: {message}");
        }
    }

    #[test]
    fn tags_keep_to_awss_rules() {
        let tags = |pairs: &[(&str, &str)]| {
            let mut all = vec![("RoleName", "R"), ("AssumeRolePolicyDocument", "{}")];
            all.extend_from_slice(pairs);
            call("CreateRole", &all).map(|request| match request {
                Request::CreateRole(create) => create.tags.len(),
                _ => 0,
            })
        };
        let key = |n: usize| format!("Tags.member.{n}.Key");
        let value = |n: usize| format!("Tags.member.{n}.Value");
        assert_eq!(tags(&[(&key(1), "Team"), (&value(1), "")]).unwrap(), 1);
        for (pairs, code) in [
            (vec![(key(1), "a"), (value(1), "x"), (key(2), "A"), (value(2), "y")], "InvalidInput"),
            (vec![(key(1), "AWS:x"), (value(1), "x")], "InvalidInput"),
            (vec![(key(1), "a")], "ValidationError"),
            (vec![(value(1), "a")], "ValidationError"),
            (vec![(key(2), "a"), (value(2), "b")], "ValidationError"),
            (vec![(key(1), "a"), (value(1), "a&b <c>")], "ValidationError"),
        ] {
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            assert_eq!(tags(&pairs).unwrap_err().code(), code, "{pairs:?}");
        }
        let many: Vec<(String, String)> =
            (1..=51).flat_map(|n| [(key(n), format!("k{n}")), (value(n), String::new())]).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert!(matches!(tags(&many), Err(Error::TooManyTags)));
        assert_eq!(tags(&many[..100]).unwrap(), 50);
    }
}
