//! What AssumeRole asks for.

use super::role_session::{Carried, RoleSession};
use super::session_input::{is_reserved, spelt_as_tags};
use super::{Caller, Error, SessionInput};
use crate::entity::{NameError, external_id, quota, same_tag_key, source_identity, tag_key};
use crate::types::{AccountId, Context, Requirement};
use crate::wire::aws_query::Parameters;

/// Parameters that AWS defines for AssumeRole and this version does not serve: there are no one-time codes yet.
const UNSUPPORTED: [&str; 3] = ["SerialNumber", "TokenCode", "ProvidedContexts"];

/// The parameters of an AssumeRole call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRole {
    session: RoleSession,
    external_id: Option<String>,
    transitive: Vec<String>,
    source_identity: Option<String>,
}

impl AssumeRole {
    pub(super) fn parse(parameters: &Parameters) -> Result<Self, Error> {
        refuse(parameters, &UNSUPPORTED)?;
        let session = RoleSession::parse(parameters, SessionInput::parse)?;
        let external = parameters.get("ExternalId");
        external.map_or(Ok(()), external_id)?;
        let transitive = parse_transitive(parameters, session.input())?;
        let source = parameters.get("SourceIdentity");
        source.map_or(Ok(()), source_identity)?;
        if source.is_some_and(is_reserved) {
            return Err(Error::ReservedSourceIdentity);
        }
        Ok(Self {
            session,
            external_id: external.map(ToOwned::to_owned),
            transitive,
            source_identity: source.map(ToOwned::to_owned),
        })
    }

    /// The role and its session.
    pub fn session(&self) -> &RoleSession {
        &self.session
    }

    /// Refuses what the caller's own session does not let it ask for, whatever the role: to change the source
    /// identity, or to set again a tag that goes on.
    pub fn check_chain(&self, caller: &Caller) -> Result<(), Error> {
        if let (Some(kept), Some(asked)) = (&caller.source_identity, &self.source_identity)
            && kept != asked
        {
            return Err(Error::SourceIdentityFixed);
        }
        let goes_on = |key: &str| caller.transitive.iter().any(|(kept, _)| same_tag_key(kept, key));
        if self.session.input().tags().iter().any(|(key, _)| goes_on(key)) {
            return Err(Error::TransitiveTagFixed);
        }
        Ok(())
    }

    /// What must be allowed by the role's trust policy, on the role's ARN with the default account filled in:
    /// `sts:AssumeRole`, with tags `sts:TagSession`, with a source identity `sts:SetSourceIdentity`. The first stands
    /// for the role that a denial names.
    pub fn requirements(&self, caller: &Caller, default_account: &AccountId) -> Vec<Requirement> {
        self.session.requirements("sts:AssumeRole", &self.carried(caller), default_account)
    }

    /// The keys that the parameters give to the trust policy's conditions.
    pub fn trust_context(&self, caller: &Caller, context: &mut Context) {
        let carried = self.carried(caller);
        self.session.context(&carried, context);
        if let Some(external_id) = &self.external_id {
            context.set("sts:ExternalId", external_id.as_bytes());
        }
        self.session.input().context(context);
    }

    /// What the new session carries: the source identity of the caller or the one given; the tags given, and those of
    /// the caller that go on.
    pub(super) fn carried(&self, caller: &Caller) -> Carried {
        let kept = caller.transitive.iter();
        Carried {
            source_identity: caller.source_identity.as_ref().or(self.source_identity.as_ref()).cloned(),
            tags: kept.clone().cloned().chain(self.session.input().claimed_tags()).collect(),
            transitive: kept.map(|(key, _)| key.clone()).chain(self.transitive.iter().cloned()).collect(),
        }
    }
}

/// Refuses parameters that AWS defines and this version does not serve: to overlook one could grant too much.
pub(super) fn refuse(parameters: &Parameters, names: &[&'static str]) -> Result<(), Error> {
    match names.iter().find(|name| parameters.has(name)) {
        Some(name) => Err(Error::UnsupportedParameter(name)),
        None => Ok(()),
    }
}

fn parse_transitive(parameters: &Parameters, input: &SessionInput) -> Result<Vec<String>, Error> {
    let given = parameters.list("TransitiveTagKeys")?;
    if given.len() > quota::TAGS {
        return Err(NameError::TooLong { field: "transitiveTagKeys", max: quota::TAGS }.into());
    }
    given.iter().try_for_each(|key| tag_key(key).map_err(|error| error.of("transitiveTagKeys")))?;
    spelt_as_tags(&given, input.tags().iter().map(|(key, _)| key.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: (&str, &str) = ("RoleArn", "arn:aws:iam:::role/application_abc/S3Access");
    const NAME: (&str, &str) = ("RoleSessionName", "Bob");

    fn plain() -> Caller {
        let (chain, transitive) = (Vec::new(), Vec::new());
        Caller { is_role_session: false, chain, parent_key: None, web: None, source_identity: None, transitive }
    }

    /// A session with a source identity and a tag that goes on.
    fn marked() -> Caller {
        let transitive = vec![("Team".to_owned(), vec!["red".to_owned()])];
        Caller { is_role_session: true, source_identity: Some("alice".to_owned()), transitive, ..plain() }
    }

    const TAG: [(&str, &str); 2] = [("Tags.member.1.Key", "Cost"), ("Tags.member.1.Value", "1")];

    fn actions(request: &AssumeRole, caller: &Caller) -> Vec<String> {
        let requirements = request.requirements(caller, &AccountId::empty());
        requirements.into_iter().map(|requirement| requirement.action.to_string()).collect()
    }

    fn parse(pairs: &[(&str, &str)]) -> Result<AssumeRole, Error> {
        AssumeRole::parse(&Parameters::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn reads_all_that_it_serves() {
        let pairs = [ARN, NAME, ("DurationSeconds", "900"), ("Policy", "{}"), ("ExternalId", "abc123"), ("Other", "x")];
        let request = parse(&pairs).unwrap();
        assert_eq!((request.session().role_name(), request.session().name()), ("S3Access", "Bob"));
        assert_eq!((request.session().duration(), request.session().input().policy()), (Some(900), Some("{}")));
        let tenant = AccountId::parse("tenant").unwrap();
        assert_eq!(*request.session().role_account(&tenant), tenant);
        let [requirement] = &request.requirements(&plain(), &tenant)[..] else { panic!() };
        assert_eq!(requirement.action, "sts:AssumeRole");
        assert_eq!(requirement.resource.to_string(), "arn:aws:iam::tenant:role/application_abc/S3Access");
        let mut context = Context::new();
        request.trust_context(&plain(), &mut context);
        let single = |key| context.get(key).and_then(|values| values.single());
        assert_eq!(single("sts:ExternalId"), Some(&b"abc123"[..]));
        assert_eq!(single("sts:RoleSessionName"), Some(&b"Bob"[..]));
        let mut context = Context::new();
        parse(&[ARN, NAME]).unwrap().trust_context(&plain(), &mut context);
        for key in ["sts:ExternalId", "sts:SourceIdentity", "sts:TransitiveTagKeys", "aws:TagKeys"] {
            assert!(context.get(key).is_none(), "{key}: absent, not empty");
        }
    }

    #[test]
    fn parameters_that_are_not_served_are_named() {
        for name in UNSUPPORTED {
            for given in [name.to_owned(), format!("{name}.member.1"), format!("{name}.member.1.Key")] {
                let error = parse(&[ARN, NAME, (&given, "x")]).unwrap_err();
                assert!(error.to_string().contains(name), "{given}");
            }
        }
    }

    #[test]
    fn role_arns_are_exact() {
        for good in ["arn:aws:iam:::role/R", "arn:aws:iam::123456789012:role/a/b/R", "arn:aws:iam::tenant:role/R"] {
            assert!(parse(&[("RoleArn", good), NAME]).is_ok(), "{good}");
        }
        for bad in [
            "",
            "S3Access",
            "arn:aws:iam:::role/",
            "arn:aws:iam:::role/a/b/",
            "arn:aws:iam:::roleX/R",
            "arn:aws:iam:::user/TESTER1",
            "arn:aws:iam:::assumed-role/R",
            "arn:aws:sts:::role/RoleName",
            "arn:aws-cn:iam:::role/RoleName",
            "arn:aws:iam:us-east-1::role/R",
            "arn:aws:iam::aws:role/RoleName",
            "arn:aws:iam::12345:role/RoleName",
            "arn:aws:iam:::role/a b/RoleName",
            "arn:aws:iam:::role/Role*Name",
            "arn:aws:iam:::role:RoleName",
        ] {
            assert_eq!(parse(&[("RoleArn", bad), NAME]).unwrap_err().code(), "ValidationError", "{bad}");
        }
    }

    #[test]
    fn a_transitive_key_must_be_one_of_the_tags() {
        let error = parse(&[ARN, NAME, ("TransitiveTagKeys.member.1", "Cost")]).unwrap_err();
        assert_eq!(error.code(), "InvalidParameterValue");
        assert!(error.to_string().contains("must be included in the requested tags"), "{error}");
    }

    #[test]
    fn constraints_are_awss() {
        let long = "x".repeat(2049);
        for (pairs, part) in [
            (vec![NAME], "'roleArn'"),
            (vec![ARN], "Value null at 'roleSessionName'"),
            (vec![ARN, ("RoleSessionName", "B")], "greater than or equal to 2"),
            (
                vec![ARN, ("RoleSessionName", "bad name!")],
                "'roleSessionName' failed to satisfy constraint: Member must satisfy regular",
            ),
            (
                vec![ARN, ("RoleSessionName", "a/b")],
                "'roleSessionName' failed to satisfy constraint: Member must satisfy regular",
            ),
            (vec![ARN, NAME, ("DurationSeconds", "899")], "greater than or equal to 900"),
            (vec![ARN, NAME, ("DurationSeconds", "43201")], "less than or equal to 43200"),
            (vec![ARN, NAME, ("DurationSeconds", "an hour")], "durationSeconds"),
            (vec![ARN, NAME, ("Policy", &long)], "less than or equal to 2048"),
            (vec![ARN, NAME, ("Policy", "")], "'policy'"),
            (vec![ARN, NAME, ("ExternalId", "a")], "'externalId'"),
            (
                vec![ARN, NAME, ("ExternalId", "a b")],
                "'externalId' failed to satisfy constraint: Member must satisfy regular",
            ),
            (vec![ARN, NAME, ("SourceIdentity", "a")], "'sourceIdentity'"),
            (
                vec![ARN, NAME, ("SourceIdentity", "a b")],
                "'sourceIdentity' failed to satisfy constraint: Member must satisfy regular",
            ),
            (vec![ARN, NAME, ("TransitiveTagKeys.member.1", "")], "'transitiveTagKeys'"),
            (vec![ARN, NAME, ("TransitiveTagKeys.member.2", "x")], "numbered from 1"),
        ] {
            let error = parse(&pairs).unwrap_err();
            assert_eq!(error.code(), "ValidationError");
            assert!(error.to_string().contains(part), "{pairs:?}: {error}");
        }
    }

    #[test]
    fn tags_and_source_identity_ask_for_more() {
        let tagged = parse(&[&[ARN, NAME][..], &TAG].concat()).unwrap();
        let named = parse(&[ARN, NAME, ("SourceIdentity", "alice")]).unwrap();
        let bare = parse(&[ARN, NAME]).unwrap();
        assert_eq!(actions(&bare, &plain()), ["sts:AssumeRole"]);
        assert_eq!(actions(&tagged, &plain()), ["sts:AssumeRole", "sts:TagSession"]);
        assert_eq!(actions(&named, &plain()), ["sts:AssumeRole", "sts:SetSourceIdentity"]);
        for request in [&bare, &tagged, &named] {
            let all = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
            assert_eq!(actions(request, &marked()), all, "what goes on is asked for as if it were given");
        }
    }

    #[test]
    fn a_chain_keeps_its_tags_and_its_source_identity() {
        let tagged = parse(&[&[ARN, NAME, ("TransitiveTagKeys.member.1", "cost")][..], &TAG].concat()).unwrap();
        assert!(tagged.check_chain(&marked()).is_ok());
        assert_eq!(tagged.carried(&marked()).source_identity.as_deref(), Some("alice"));
        assert_eq!(tagged.carried(&plain()).source_identity, None);
        let tag = |key: &str, value: &str| (key.to_owned(), vec![value.to_owned()]);
        assert_eq!(tagged.carried(&marked()).tags, [tag("Team", "red"), tag("Cost", "1")]);
        assert_eq!(tagged.carried(&marked()).transitive, ["Team", "Cost"]);
        let mut context = Context::new();
        tagged.trust_context(&marked(), &mut context);
        assert_eq!(context.get("sts:SourceIdentity").and_then(|values| values.single()), Some(&b"alice"[..]));
        let keys: Vec<_> = context.get("sts:TransitiveTagKeys").unwrap().iter().collect();
        assert_eq!(keys, [&b"Team"[..], b"Cost"]);
        assert_eq!(context.get("aws:TagKeys").unwrap().iter().count(), 1, "the call's own");
        assert!(context.get("aws:RequestTag/Team").is_none());

        let same = parse(&[ARN, NAME, ("SourceIdentity", "alice")]).unwrap();
        assert!(same.check_chain(&marked()).is_ok());
        let other = parse(&[ARN, NAME, ("SourceIdentity", "bob")]).unwrap();
        assert!(matches!(other.check_chain(&marked()), Err(Error::SourceIdentityFixed)));
        assert!(other.check_chain(&plain()).is_ok());
        for value in ["red", "blue"] {
            let again = [ARN, NAME, ("Tags.member.1.Key", "TEAM"), ("Tags.member.1.Value", value)];
            let again = parse(&again).unwrap();
            assert!(matches!(again.check_chain(&marked()), Err(Error::TransitiveTagFixed)), "{value}");
        }
    }
}
