//! What a call fixes for the session: session policies and tags.

use super::Error;
use crate::entity::{self, NameError, quota, same_tag_key, session_policy, tag_key, tag_value};
use crate::policy::{Bindings, ParseOptions, Policy, PolicyKind};
use crate::types::{AccountId, Arn, Context};
use crate::wire::aws_query::Parameters;

/// Session policies and tags as given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionInput {
    policy: Option<String>,
    policy_arns: Vec<String>,
    tags: Vec<(String, String)>,
}

impl SessionInput {
    pub(super) fn parse(parameters: &Parameters) -> Result<Self, Error> {
        Ok(Self { tags: parse_tags(parameters)?, ..Self::parse_policies(parameters)? })
    }

    /// Reads session policies alone, for a call that has no parameters for tags.
    pub(super) fn parse_policies(parameters: &Parameters) -> Result<Self, Error> {
        let policy = parameters.get("Policy");
        policy.map_or(Ok(()), session_policy)?;
        let policy_arns = parse_arns(parameters)?;
        Ok(Self { policy: policy.map(ToOwned::to_owned), policy_arns, tags: Vec::new() })
    }

    /// The inline session policy, if given.
    pub fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// The managed session policies by ARN, the default account filled in for an empty field.
    pub fn policy_arns(&self, default_account: &AccountId) -> Vec<String> {
        self.policy_arns.iter().map(|arn| fill_account(arn, default_account)).collect()
    }

    /// The session tags in order; no two keys differ by case alone.
    pub fn tags(&self) -> &[(String, String)] {
        &self.tags
    }

    /// The keys that the tags give to conditions.
    pub fn context(&self, context: &mut Context) {
        for (key, value) in &self.tags {
            context.set(format!("aws:RequestTag/{key}"), value.as_bytes());
        }
        context.set_many("aws:TagKeys", self.tags.iter().map(|(key, _)| key.clone().into_bytes()).collect());
    }

    /// A session policy is refused now rather than by every request of the session.
    pub(super) fn check_policy(&self, default_account: &AccountId) -> Result<(), Error> {
        let Some(document) = self.policy() else { return Ok(()) };
        let options = ParseOptions { kind: PolicyKind::Session, default_account, bindings: &Bindings::new() };
        Policy::parse(document, &options).map(|_| ()).map_err(Error::MalformedPolicyDocument)
    }

    pub(super) fn policies(&self) -> Vec<String> {
        self.policy.iter().cloned().collect()
    }

    /// The tags as tokens hold them, where a web identity's may have several values.
    pub(super) fn claimed_tags(&self) -> Vec<(String, Vec<String>)> {
        self.tags.iter().map(|(key, value)| (key.clone(), vec![value.clone()])).collect()
    }
}

fn too_many(field: &'static str, max: usize) -> Error {
    NameError::TooLong { field, max }.into()
}

fn parse_arns(parameters: &Parameters) -> Result<Vec<String>, Error> {
    let members = parameters.members("PolicyArns")?;
    if members.len() > quota::SESSION_POLICIES {
        return Err(too_many("policyArns", quota::SESSION_POLICIES));
    }
    let mut arns = Vec::with_capacity(members.len());
    for member in members {
        let text = entity::required("policyArns.member.arn", parameters.field(&member, "arn"))?;
        entity::arn("policyArns.member.arn", text)?;
        let invalid = || Error::InvalidPolicyArn(text.chars().take(256).collect());
        let arn = Arn::parse(text).map_err(|_| invalid())?;
        let of_policy = arn.partition == "aws" && arn.service == "iam" && arn.region.is_empty();
        if !of_policy
            || !arn.resource.starts_with("policy/")
            || (arn.account != "aws" && AccountId::parse(&arn.account).is_err())
        {
            return Err(invalid());
        }
        arns.push(text.to_owned());
    }
    Ok(arns)
}

fn parse_tags(parameters: &Parameters) -> Result<Vec<(String, String)>, Error> {
    let members = parameters.members("Tags")?;
    if members.len() > quota::TAGS {
        return Err(too_many("tags", quota::TAGS));
    }
    let mut tags: Vec<(String, String)> = Vec::with_capacity(members.len());
    for member in members {
        let key = entity::required("tags.member.key", parameters.field(&member, "Key"))?;
        let value = entity::required("tags.member.value", parameters.field(&member, "Value"))?;
        tag_key(key)?;
        tag_value(value)?;
        if is_reserved(key) {
            return Err(Error::ReservedTagKey);
        }
        if tags.iter().any(|(known, _)| same_tag_key(known, key)) {
            return Err(Error::DuplicateTagKeys);
        }
        tags.push((key.to_owned(), value.to_owned()));
    }
    Ok(tags)
}

/// Each transitive key once, as the tag of that key spells it; there must be one.
pub(super) fn spelt_as_tags<'a>(
    transitive: &[impl AsRef<str>],
    tags: impl Iterator<Item = &'a str> + Clone,
) -> Result<Vec<String>, Error> {
    let mut keys: Vec<String> = Vec::with_capacity(transitive.len());
    for key in transitive {
        let spelt = tags.clone().find(|known| same_tag_key(known, key.as_ref()));
        let spelt = spelt.ok_or(Error::TransitiveTagMissing)?;
        if !keys.iter().any(|known| known == spelt) {
            keys.push(spelt.to_owned());
        }
    }
    Ok(keys)
}

/// Whether AWS keeps names that begin so to itself.
pub(super) fn is_reserved(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

fn fill_account(text: &str, default_account: &AccountId) -> String {
    match Arn::parse(text) {
        Ok(mut arn) if arn.account.is_empty() => {
            arn.account = default_account.to_string();
            arn.to_string()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(String, String)]) -> Result<SessionInput, Error> {
        SessionInput::parse(&Parameters::from_pairs(pairs.iter().map(|(name, value)| (&**name, &**value))))
    }

    fn tags(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let numbered = pairs.iter().enumerate();
        numbered
            .flat_map(|(at, (key, value))| {
                let member = format!("Tags.member.{}", at + 1);
                [(format!("{member}.Key"), (*key).to_owned()), (format!("{member}.Value"), (*value).to_owned())]
            })
            .collect()
    }

    fn arns(texts: &[&str]) -> Vec<(String, String)> {
        let name = |at| format!("PolicyArns.member.{}.arn", at + 1);
        texts.iter().enumerate().map(|(at, text)| (name(at), (*text).to_owned())).collect()
    }

    #[test]
    fn tags_come_into_the_context_with_their_keys() {
        let input = parse(&tags(&[("Department", "Eng"), ("Cost", "")])).unwrap();
        let mut context = Context::new();
        input.context(&mut context);
        let one = |key| context.get(key).and_then(|values| values.single());
        assert_eq!((one("aws:RequestTag/department"), one("aws:RequestTag/Cost")), (Some(&b"Eng"[..]), Some(&b""[..])));
        let keys: Vec<_> = context.get("aws:TagKeys").unwrap().iter().collect();
        assert_eq!(keys, [&b"Department"[..], b"Cost"]);
        let mut none = Context::new();
        parse(&[]).unwrap().context(&mut none);
        assert_eq!(none.iter().count(), 0, "absent, not empty");
    }

    #[test]
    fn limits_of_tags_are_awss() {
        let many: Vec<(String, String)> = (0..51).map(|at| (format!("k{at}"), String::new())).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert!(parse(&tags(&many[..50])).is_ok());
        let (key, value) = ("k".repeat(129), "v".repeat(257));
        for (given, code, part) in [
            (tags(&many), "ValidationError", "'tags' failed to satisfy constraint: Member must have length less"),
            (tags(&[(&key, "v")]), "ValidationError", "'tags.member.key'"),
            (tags(&[("", "v")]), "ValidationError", "'tags.member.key'"),
            (tags(&[("k", &value)]), "ValidationError", "'tags.member.value'"),
            (
                tags(&[("k*", "v")]),
                "ValidationError",
                "'tags.member.key' failed to satisfy constraint: Member must satisfy regular",
            ),
            (tags(&[("k", "v"), ("K", "w")]), "InvalidParameterValue", "Duplicate tag keys"),
            (tags(&[("aws:k", "v")]), "InvalidParameterValue", "aws:"),
            (tags(&[("AWS:k", "v")]), "InvalidParameterValue", "aws:"),
            (vec![("Tags.member.1.Key".into(), "k".into())], "ValidationError", "'tags.member.value'"),
            (vec![("Tags.member.2.Key".into(), "k".into())], "ValidationError", "numbered from 1"),
        ] {
            let error = parse(&given).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains(part), "{error}");
        }
        assert!(parse(&tags(&[("a:ws", "v"), ("Ä key", "w.:/=+-@")])).is_ok());
    }

    #[test]
    fn limits_of_policy_arns_are_awss() {
        let own = "arn:aws:iam:::policy/path/P";
        let input = parse(&arns(&[own, "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"])).unwrap();
        let tenant = AccountId::parse("tenant").unwrap();
        let wanted = ["arn:aws:iam::tenant:policy/path/P", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"];
        assert_eq!(input.policy_arns(&tenant), wanted);
        assert!(parse(&arns(&[own; 10])).is_ok());
        let error = parse(&arns(&[own; 11])).unwrap_err();
        assert!(error.to_string().contains("'policyArns'") && error.to_string().contains("to 10"), "{error}");
        for bad in [
            "short",
            "arn:aws:iam:::role/some-role-name",
            "arn:aws:sts:::policy/some-policy",
            "arn:aws:iam::12:policy/some-policy",
            "arn:aws-cn:iam:::policy/some-policy",
            "arn:aws:iam:us-east-1::policy/some-policy",
        ] {
            assert_eq!(parse(&arns(&[bad])).unwrap_err().code(), "ValidationError", "{bad}");
        }
    }
}
