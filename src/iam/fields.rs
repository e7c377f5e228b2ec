//! Reading parameters. Undefined ones are ignored as AWS does; defined ones that this version does not serve are
//! errors.

use super::{Caller, Error, Page, PolicyArn};
use crate::entity::{
    self, NameError, Tag, folded, group_name, number, path, path_prefix, policy_document, policy_name, quota, required,
    role_name, tag_key, tag_value, user_name,
};
use crate::wire::aws_query::Parameters;

/// What a value must keep to.
pub(super) type Rule = fn(&str) -> Result<(), NameError>;

/// The parameters of one call, and who makes it.
pub(super) struct Fields<'a> {
    parameters: &'a Parameters,
    caller: &'a Caller<'a>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(parameters: &'a Parameters, caller: &'a Caller<'a>) -> Self {
        Self { parameters, caller }
    }

    /// Who makes the call.
    pub(super) fn caller(&self) -> &'a Caller<'a> {
        self.caller
    }

    /// All parameters, for lists.
    pub(super) fn parameters(&self) -> &'a Parameters {
        self.parameters
    }

    /// The value as it is, if it is given.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.parameters.get(name)
    }

    /// A value that must be given. `field` is the name in AWS's messages, with a small first letter.
    pub(super) fn required(&self, field: &'static str, name: &str, rule: Rule) -> Result<String, Error> {
        let value = required(field, self.raw(name))?;
        rule(value)?;
        Ok(value.to_owned())
    }

    /// A value that may be left out.
    pub(super) fn optional(&self, name: &str, rule: Rule) -> Result<Option<String>, Error> {
        let Some(value) = self.raw(name) else { return Ok(None) };
        rule(value)?;
        Ok(Some(value.to_owned()))
    }

    /// A new name or path, which may be left out: the rule is that of the present one, the message names this one.
    pub(super) fn renamed(&self, field: &'static str, name: &str, rule: Rule) -> Result<Option<String>, Error> {
        let Some(value) = self.raw(name) else { return Ok(None) };
        rule(value).map_err(|error| error.of(field))?;
        Ok(Some(value.to_owned()))
    }

    /// A whole number within bounds, which may be left out.
    pub(super) fn number(&self, field: &'static str, name: &str, min: u32, max: u32) -> Result<Option<u32>, Error> {
        Ok(number(field, self.raw(name), min, max)?)
    }

    /// `true` or `false`, which may be left out.
    pub(super) fn boolean(&self, field: &'static str, name: &str) -> Result<Option<bool>, Error> {
        match self.raw(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(NameError::NotOneOf { field, words: "true, false" }.into()),
        }
    }

    /// RoleName.
    pub(super) fn role_name(&self) -> Result<String, Error> {
        self.required("roleName", "RoleName", role_name)
    }

    /// UserName, where it must be given.
    pub(super) fn user_name(&self) -> Result<String, Error> {
        self.required("userName", "UserName", user_name)
    }

    /// UserName, or the caller if it is left out (security rule 16).
    pub(super) fn user_name_or_caller(&self) -> Result<String, Error> {
        match (self.optional("UserName", user_name)?, self.caller.user) {
            (Some(name), _) => Ok(name),
            (None, Some(caller)) => Ok(caller.to_owned()),
            (None, None) => Err(Error::NoCallerUser),
        }
    }

    /// GroupName.
    pub(super) fn group_name(&self) -> Result<String, Error> {
        self.required("groupName", "GroupName", group_name)
    }

    /// PolicyName.
    pub(super) fn policy_name(&self) -> Result<String, Error> {
        self.required("policyName", "PolicyName", policy_name)
    }

    /// Path, `/` if it is left out.
    pub(super) fn path(&self) -> Result<String, Error> {
        Ok(self.optional("Path", path)?.unwrap_or_else(|| "/".to_owned()))
    }

    /// PathPrefix, `/` if it is left out.
    pub(super) fn path_prefix(&self) -> Result<String, Error> {
        Ok(self.optional("PathPrefix", path_prefix)?.unwrap_or_else(|| "/".to_owned()))
    }

    /// A policy document within the API's bounds.
    pub(super) fn document(&self, field: &'static str, name: &str) -> Result<String, Error> {
        let value = required(field, self.raw(name))?;
        policy_document(field, value)?;
        Ok(value.to_owned())
    }

    /// PolicyArn.
    pub(super) fn policy_arn(&self) -> Result<PolicyArn, Error> {
        let text = required("policyArn", self.raw("PolicyArn"))?;
        self.arn("policyArn", text)
    }

    /// PermissionsBoundary, which may be left out.
    pub(super) fn boundary(&self) -> Result<Option<PolicyArn>, Error> {
        self.raw("PermissionsBoundary").map(|text| self.arn("permissionsBoundary", text)).transpose()
    }

    /// PermissionsBoundary, where it must be given.
    pub(super) fn required_boundary(&self) -> Result<PolicyArn, Error> {
        let text = required("permissionsBoundary", self.raw("PermissionsBoundary"))?;
        self.arn("permissionsBoundary", text)
    }

    fn arn(&self, field: &'static str, text: &str) -> Result<PolicyArn, Error> {
        PolicyArn::parse(field, text, self.caller.account, self.caller.default_account)
    }

    /// Marker and MaxItems.
    pub(super) fn page(&self) -> Result<Page, Error> {
        Page::parse(self.parameters)
    }

    /// Tags: at most 50, with keys that differ by more than case and do not begin `aws:`.
    pub(super) fn tags(&self) -> Result<Vec<Tag>, Error> {
        let members = self.parameters.members("Tags")?;
        if members.len() > quota::TAGS {
            return Err(Error::TooManyTags("tags"));
        }
        let mut tags: Vec<Tag> = Vec::with_capacity(members.len());
        for member in members {
            let key = required("tags.member.key", self.parameters.field(&member, "Key"))?;
            let value = required("tags.member.value", self.parameters.field(&member, "Value"))?;
            tag_key(key)?;
            tag_value(value)?;
            if folded(key).starts_with("aws:") {
                return Err(Error::ReservedTagKey);
            }
            if tags.iter().any(|tag| entity::same_tag_key(&tag.key, key)) {
                return Err(Error::DuplicateTagKeys);
            }
            tags.push(Tag { key: key.to_owned(), value: value.to_owned() });
        }
        Ok(tags)
    }

    /// Tags, where at least the parameter must be given.
    pub(super) fn required_tags(&self) -> Result<Vec<Tag>, Error> {
        if self.parameters.has("Tags") { self.tags() } else { Err(NameError::Missing { field: "tags" }.into()) }
    }

    /// TagKeys: at most 50.
    pub(super) fn tag_keys(&self) -> Result<Vec<String>, Error> {
        if !self.parameters.has("TagKeys") {
            return Err(NameError::Missing { field: "tagKeys" }.into());
        }
        let keys = self.parameters.list("TagKeys")?;
        if keys.len() > quota::TAGS {
            return Err(Error::TooManyTags("tagKeys"));
        }
        let checked = |key: &str| tag_key(key).map(|()| key.to_owned()).map_err(|error| error.of("tagKeys").into());
        keys.into_iter().map(checked).collect()
    }
}
