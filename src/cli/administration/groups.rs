//! Groups, and the policies of groups and users: the calls of IAM, under the operator's permit.

use super::{Administration, Error};
use crate::entity::{Group, User};
use crate::iam::{Body, Page, Request, group};

/// Whose policies.
#[derive(Debug, Clone, Copy)]
pub enum PolicyOwner<'a> {
    /// A group's, by name.
    Group(&'a str),
    /// A user's, by name.
    User(&'a str),
}

impl<'a> PolicyOwner<'a> {
    /// `Group` and `GroupName`, as in the names of AWS's actions and parameters.
    fn words(self) -> (&'static str, (&'static str, &'a str)) {
        match self {
            Self::Group(name) => ("Group", ("GroupName", name)),
            Self::User(name) => ("User", ("UserName", name)),
        }
    }
}

impl Administration<'_> {
    /// Makes a group.
    pub async fn create_group(&self, name: &str, path: &str) -> Result<Group, Error> {
        match self.call("CreateGroup", &[("GroupName", name), ("Path", path)]).await? {
            Body::Group(group::Answer::Created(group)) => Ok(*group),
            _ => Err(Error::WrongAnswer),
        }
    }

    /// A group with its members by name.
    pub async fn get_group(&self, name: &str) -> Result<(Group, Vec<User>), Error> {
        let (mut members, mut page) = (Vec::new(), Page { after: None, max_items: 1000 });
        loop {
            let request = Request::Group(group::Request::GetGroup { group_name: self.group_name(name)?, page });
            let Body::Group(group::Answer::Shown { group, users, marker }) = self.execute(&request).await? else {
                return Err(Error::WrongAnswer);
            };
            members.extend(users);
            if marker.is_none() {
                return Ok((*group, members));
            }
            page = Page { after: members.last().map(|user| user.name.clone()), max_items: 1000 };
        }
    }

    fn group_name(&self, name: &str) -> Result<String, Error> {
        crate::entity::group_name(name)?;
        Ok(name.to_owned())
    }

    /// The names of the groups whose paths begin so.
    pub async fn list_groups(&self, path_prefix: &str) -> Result<Vec<String>, Error> {
        let mut request = self.parse("ListGroups", &[("PathPrefix", path_prefix), ("MaxItems", "1000")])?;
        let mut names: Vec<String> = Vec::new();
        loop {
            let Body::Group(group::Answer::Page { groups, marker }) = self.execute(&request).await? else {
                return Err(Error::WrongAnswer);
            };
            names.extend(groups.into_iter().map(|group| group.name));
            if marker.is_none() {
                return Ok(names);
            }
            let page = Page { after: names.last().cloned(), max_items: 1000 };
            request = Request::Group(group::Request::ListGroups { path_prefix: path_prefix.to_owned(), page });
        }
    }

    /// Removes a group without members and policies.
    pub async fn delete_group(&self, name: &str) -> Result<(), Error> {
        self.call("DeleteGroup", &[("GroupName", name)]).await.map(|_| ())
    }

    /// Adds a user to a group.
    pub async fn add_to_group(&self, group: &str, user: &str) -> Result<(), Error> {
        self.call("AddUserToGroup", &[("GroupName", group), ("UserName", user)]).await.map(|_| ())
    }

    /// Removes a user from a group.
    pub async fn remove_from_group(&self, group: &str, user: &str) -> Result<(), Error> {
        self.call("RemoveUserFromGroup", &[("GroupName", group), ("UserName", user)]).await.map(|_| ())
    }

    /// Adds or replaces an inline policy.
    pub async fn put_inline_policy(&self, of: PolicyOwner<'_>, name: &str, document: &str) -> Result<(), Error> {
        let (noun, whose) = of.words();
        let pairs = [whose, ("PolicyName", name), ("PolicyDocument", document)];
        self.call(&format!("Put{noun}Policy"), &pairs).await.map(|_| ())
    }

    /// The document of an inline policy, byte for byte as it was put.
    pub async fn get_inline_policy(&self, of: PolicyOwner<'_>, name: &str) -> Result<String, Error> {
        let (noun, whose) = of.words();
        match self.call(&format!("Get{noun}Policy"), &[whose, ("PolicyName", name)]).await? {
            Body::InlinePolicy { document, .. } => Ok(document),
            _ => Err(Error::WrongAnswer),
        }
    }

    /// The names of the inline policies, in order. A quota of their size bounds how many there can be.
    pub async fn list_inline_policies(&self, of: PolicyOwner<'_>) -> Result<Vec<String>, Error> {
        let (noun, whose) = of.words();
        match self.call(&format!("List{noun}Policies"), &[whose, ("MaxItems", "1000")]).await? {
            Body::PolicyNames { names, .. } => Ok(names),
            _ => Err(Error::WrongAnswer),
        }
    }

    /// Removes an inline policy.
    pub async fn delete_inline_policy(&self, of: PolicyOwner<'_>, name: &str) -> Result<(), Error> {
        let (noun, whose) = of.words();
        self.call(&format!("Delete{noun}Policy"), &[whose, ("PolicyName", name)]).await.map(|_| ())
    }

    /// Attaches a managed policy.
    pub async fn attach_policy(&self, of: PolicyOwner<'_>, arn: &str) -> Result<(), Error> {
        let (noun, whose) = of.words();
        self.call(&format!("Attach{noun}Policy"), &[whose, ("PolicyArn", arn)]).await.map(|_| ())
    }

    /// Detaches a managed policy.
    pub async fn detach_policy(&self, of: PolicyOwner<'_>, arn: &str) -> Result<(), Error> {
        let (noun, whose) = of.words();
        self.call(&format!("Detach{noun}Policy"), &[whose, ("PolicyArn", arn)]).await.map(|_| ())
    }

    /// The ARNs of the attached managed policies.
    pub async fn attached_policies(&self, of: PolicyOwner<'_>) -> Result<Vec<String>, Error> {
        let (noun, whose) = of.words();
        match self.call(&format!("ListAttached{noun}Policies"), &[whose]).await? {
            Body::AttachedPolicies { policies, .. } => Ok(policies.into_iter().map(|(_, arn)| arn).collect()),
            _ => Err(Error::WrongAnswer),
        }
    }
}
