//! Calls about users against a store in memory.

mod lifecycle;
mod parameters;
mod reach;
mod renaming;

use super::Answer as Users;
use crate::authz::Permit;
use crate::entity::{
    BucketRecord, BucketState, Caps, Group, ManagedPolicy, Owner, StoredPolicy, UseKind, User, UserKind, quota,
};
use crate::iam::testing::{POLICY, World, code, principal, user};
use crate::iam::{Answer, Body, Caller, Error, Request as Any, execute};
use crate::store::{Changes, RecordKey};
use crate::types::{AccountId, Context, IdKind, Principal, Requirement, UniqueId};
use crate::wire::aws_query::Parameters;

const READ_ONLY: &str = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
const OWN: &str = "arn:aws:iam:::policy/team/Own";

impl World {
    pub(in crate::iam) async fn user_named(&self, name: &str) -> Option<User> {
        self.record(&RecordKey::user(&AccountId::empty(), name)).await
    }

    pub(in crate::iam) async fn new_user(&self, name: &str, more: &[(&str, &str)]) -> Result<Answer, Error> {
        let mut pairs = vec![("UserName", name)];
        pairs.extend_from_slice(more);
        self.call("CreateUser", &pairs).await
    }

    /// Makes a managed policy `/team/NAME`.
    pub(in crate::iam) async fn managed(&self, name: &str) {
        let stored = StoredPolicy { document: POLICY.into(), bindings: Default::default() };
        let id = UniqueId::generate(IdKind::ManagedPolicy, &self.entropy);
        let policy =
            ManagedPolicy { path: "/team/".into(), ..ManagedPolicy::new(AccountId::empty(), name, id, stored, 0) };
        self.records.commit(Changes::new().create(&policy)).await.unwrap();
    }

    /// `user/NAME` of each that a policy is attached to, and that it is the boundary of.
    pub(in crate::iam) async fn uses_of(&self, name: &str) -> (Vec<String>, Vec<String>) {
        let policy: ManagedPolicy = self.record(&RecordKey::policy(&AccountId::empty(), name)).await.unwrap();
        let names = |uses: &std::collections::BTreeSet<crate::entity::PolicyUse>| {
            let kind = |kind| match kind {
                UseKind::Group => "group",
                UseKind::Role => "role",
                UseKind::User => "user",
            };
            uses.iter().map(|one| format!("{}/{}", kind(one.kind), one.name)).collect()
        };
        (names(&policy.attachments), names(&policy.boundary_of))
    }

    /// The call of a user with a name: one who signed with a long-term key.
    async fn call_named(&self, caller: &User, action: &str, pairs: &[(&str, &str)]) -> Result<Answer, Error> {
        let named =
            Caller { account: &caller.account, user: Some(&caller.name), default_account: &self.default_account };
        let request = crate::iam::parse(action, &Parameters::from_pairs(pairs.iter().copied()), &named)?;
        let asked = request.ask(&caller.account, &self.records, &mut Context::new()).await?;
        let permit = Permit::for_tests(principal(caller), Owner::Account).covering(asked.requirements, asked.evidence);
        execute(&request, &permit, &self.scene()).await
    }
}

fn names(answer: Answer) -> (Vec<String>, Option<String>) {
    match answer.body {
        Body::User(Users::Page { users, marker }) => (users.into_iter().map(|user| user.name).collect(), marker),
        other => panic!("{other:?}"),
    }
}

fn standalone(name: &str) -> Owner {
    Owner::User { id: UniqueId::parse("AIDAJQABLZS4A3QDU576Q").unwrap(), name: name.to_owned() }
}
