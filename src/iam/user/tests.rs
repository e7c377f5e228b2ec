//! Calls about users against a store in memory.

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

#[tokio::test]
async fn a_user_is_made_shown_changed_and_removed() {
    let world = World::new().await;
    world.managed("Own").await;
    let more = [
        ("Path", "/people/"),
        ("Tags.member.1.Key", "Team"),
        ("Tags.member.1.Value", "a"),
        ("PermissionsBoundary", OWN),
    ];
    let created = world.new_user("Alice", &more).await.unwrap().to_xml("r");
    let stored = world.user_named("alice").await.unwrap();
    assert_eq!((stored.kind, stored.display_name.as_str()), (UserKind::Iam, "Alice"));
    let shown = format!(
        "<User><Path>/people/</Path><UserName>Alice</UserName><UserId>{}</UserId>\
         <Arn>arn:aws:iam:::user/people/Alice</Arn><CreateDate>2026-11-21T22:53:44Z</CreateDate>\
         <PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType><PermissionsBoundaryArn>{OWN}\
         </PermissionsBoundaryArn></PermissionsBoundary><Tags><member><Key>Team</Key><Value>a</Value></member></Tags>\
         </User>",
        stored.id
    );
    assert!(created.contains(&format!("<CreateUserResult>{shown}</CreateUserResult>")), "{created}");
    let got = world.call("GetUser", &[("UserName", "ALICE")]).await.unwrap().to_xml("r");
    assert!(got.contains(&format!("<GetUserResult>{shown}</GetUserResult>")), "{got}");
    let listed = world.call("ListUsers", &[]).await.unwrap().to_xml("r");
    assert!(listed.contains("<Users><member><Path>/people/</Path><UserName>Alice<"), "{listed}");
    assert!(!listed.contains("<Tags>") && !listed.contains("Boundary"));
    assert_eq!(world.uses_of("Own").await.1, ["user/Alice"]);

    let error = world.new_user("aLICE", &[]).await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("EntityAlreadyExists", "User with name aLICE already exists.")
    );
    world.call("DeleteUser", &[("UserName", "alice")]).await.unwrap();
    assert!(world.user_named("Alice").await.is_none());
    assert_eq!(world.uses_of("Own").await.1, [""; 0]);
    let error = world.call("DeleteUser", &[("UserName", "Alice")]).await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("NoSuchEntity", "The user with name Alice cannot be found.")
    );
    world.new_user("Alice", &[]).await.unwrap();
    assert_ne!(world.user_named("Alice").await.unwrap().id, stored.id);
}

#[tokio::test]
async fn rule_14_standalone_and_iam_users_share_one_name_index() {
    let world = World::new().await;
    world.records.commit(Changes::new().create(&user("TESTER1", UserKind::Standalone))).await.unwrap();
    assert_eq!(code(world.new_user("tester1", &[]).await), "EntityAlreadyExists");
    world.new_user("Alice", &[]).await.unwrap();
    let rename = [("UserName", "Alice"), ("NewUserName", "Tester1")];
    assert_eq!(code(world.call("UpdateUser", &rename).await), "EntityAlreadyExists");
    assert_eq!(names(world.call("ListUsers", &[]).await.unwrap()).0, ["Alice", "TESTER1"]);
}

#[tokio::test]
async fn what_is_left_of_a_user_keeps_it() {
    let world = World::new().await;
    world.new_user("U", &[]).await.unwrap();
    world.call("CreateGroup", &[("GroupName", "G")]).await.unwrap();
    world.call("AddUserToGroup", &[("GroupName", "G"), ("UserName", "U")]).await.unwrap();
    let (user, arn) = (("UserName", "U"), ("PolicyArn", READ_ONLY));
    world.call("AttachUserPolicy", &[user, arn]).await.unwrap();
    world.call("PutUserPolicy", &[user, ("PolicyName", "P"), ("PolicyDocument", POLICY)]).await.unwrap();
    world.call("CreateAccessKey", &[user]).await.unwrap();
    let key = world.user_named("U").await.unwrap().access_keys.remove(0);
    let key = ("AccessKeyId", key.as_str());
    for (message, action, pairs) in [
        ("must delete access keys first", "DeleteAccessKey", vec![user, key]),
        ("must remove users from group first", "RemoveUserFromGroup", vec![("GroupName", "G"), user]),
        ("must detach all policies first", "DetachUserPolicy", vec![user, arn]),
        ("must delete policies first", "DeleteUserPolicy", vec![user, ("PolicyName", "P")]),
    ] {
        let error = world.call("DeleteUser", &[user]).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("DeleteConflict", 409));
        assert_eq!(error.to_string(), format!("Cannot delete entity, {message}."));
        world.call(action, &pairs).await.unwrap();
    }
    world.call("DeleteUser", &[user]).await.unwrap();
}

#[tokio::test]
async fn a_renamed_user_stays_the_same_everywhere() {
    let world = World::new().await;
    for name in ["Own", "Both"] {
        world.managed(name).await;
    }
    let both = "arn:aws:iam:::policy/team/Both";
    world.new_user("Old", &[("PermissionsBoundary", both)]).await.unwrap();
    let user = ("UserName", "Old");
    for arn in [OWN, both, READ_ONLY] {
        world.call("AttachUserPolicy", &[user, ("PolicyArn", arn)]).await.unwrap();
    }
    world.call("CreateGroup", &[("GroupName", "G")]).await.unwrap();
    world.call("AddUserToGroup", &[("GroupName", "G"), user]).await.unwrap();
    world.call("CreateAccessKey", &[user]).await.unwrap();
    let before = world.user_named("Old").await.unwrap();
    let answer = world.call("UpdateUser", &[user, ("NewUserName", "New"), ("NewPath", "/x/")]).await.unwrap();
    assert!(!answer.to_xml("r").contains("Result"));
    assert!(world.user_named("Old").await.is_none());
    let after = world.user_named("New").await.unwrap();
    assert_eq!(after, User { name: "New".into(), path: "/x/".into(), ..before.clone() });
    assert_eq!(world.uses_of("Own").await, (vec!["user/New".to_owned()], vec![]));
    assert_eq!(world.uses_of("Both").await, (vec!["user/New".to_owned()], vec!["user/New".to_owned()]));
    let group: Group = world.record(&RecordKey::group(&AccountId::empty(), "G")).await.unwrap();
    assert_eq!(group.members.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["New"]);
    let listed = world.call("ListAccessKeys", &[("UserName", "New")]).await.unwrap().to_xml("r");
    assert!(listed.contains(&before.access_keys[0]), "{listed}");
    let id = crate::types::AccessKeyId::parse(&before.access_keys[0]).unwrap();
    let key: crate::entity::AccessKey = world.record(&RecordKey::access_key(&id)).await.unwrap();
    assert_eq!((key.user_name.as_str(), key.next_user_name), ("New", None));
    // The case alone, the path alone, nothing at all.
    for (more, name, path) in
        [(vec![("NewUserName", "NEW")], "NEW", "/x/"), (vec![("NewPath", "/")], "NEW", "/"), (vec![], "NEW", "/")]
    {
        let pairs: Vec<_> = [("UserName", "new")].into_iter().chain(more).collect();
        world.call("UpdateUser", &pairs).await.unwrap();
        let now = world.user_named("new").await.unwrap();
        assert_eq!((now.name.as_str(), now.path.as_str(), &now.id), (name, path, &before.id));
    }
    assert_eq!(world.uses_of("Own").await.0, ["user/NEW"]);
}

#[tokio::test]
async fn rule_14_a_key_leads_to_its_user_at_every_step_of_a_renaming() {
    let world = World::new().await;
    world.new_user("Old", &[]).await.unwrap();
    world.call("CreateAccessKey", &[("UserName", "Old")]).await.unwrap();
    let user = world.user_named("Old").await.unwrap();
    let id = crate::types::AccessKeyId::parse(&user.access_keys[0]).unwrap();
    let owner = async || {
        let found = crate::iam::access_key::owner(&id, &user.account, &world.records).await.unwrap();
        found.map(|(_, user)| user.value.name)
    };
    // A renaming that was broken off, before and after the user's own commit; then one that is whole.
    let request = world.parse("UpdateUser", &[("UserName", "Old"), ("NewUserName", "New")]).unwrap();
    let permit = world.permit(&request, Owner::Account).await;
    let call = crate::iam::target::Call { action: "iam:UpdateUser", permit: &permit, scene: &world.scene() };
    crate::iam::access_key::lead_to_both(&call, &user, "New").await.unwrap();
    assert_eq!(owner().await.as_deref(), Some("Old"));
    let old = world.records.get::<User>(&RecordKey::user(&user.account, "Old")).await.unwrap().unwrap();
    world.records.commit(Changes::new().update(&old, &User { name: "New".into(), ..user.clone() })).await.unwrap();
    assert_eq!(owner().await.as_deref(), Some("New"));
    // Somebody else of the old name does not get the key.
    world.new_user("Old", &[]).await.unwrap();
    assert_eq!(owner().await.as_deref(), Some("New"));
    world.call("UpdateUser", &[("UserName", "New"), ("NewUserName", "Newer")]).await.unwrap();
    assert_eq!(owner().await.as_deref(), Some("Newer"));
}

#[tokio::test]
async fn rule_17_a_renaming_needs_the_right_on_both_arns() {
    let world = World::new().await;
    world.new_user("U", &[("Path", "/dev/")]).await.unwrap();
    let needs = async |pairs: &[(&str, &str)]| -> Vec<String> {
        let request = world.parse("UpdateUser", pairs).unwrap();
        let show = |needed: Requirement| needed.resource.to_string();
        world.requirements(&request).await.into_iter().map(show).collect()
    };
    assert_eq!(needs(&[("UserName", "U")]).await, ["arn:aws:iam:::user/dev/U"]);
    assert_eq!(
        needs(&[("UserName", "u"), ("NewPath", "/prod/")]).await,
        ["arn:aws:iam:::user/dev/U", "arn:aws:iam:::user/prod/U"]
    );
    assert_eq!(
        needs(&[("UserName", "U"), ("NewUserName", "V")]).await,
        ["arn:aws:iam:::user/dev/U", "arn:aws:iam:::user/dev/V"]
    );
    // A permit for the one does not move it.
    let request = world.parse("UpdateUser", &[("UserName", "U"), ("NewPath", "/prod/")]).unwrap();
    let first = world.requirements(&request).await.into_iter().take(1).collect();
    let root = Principal::Root { account: AccountId::empty() };
    let permit = Permit::for_tests(root, Owner::Account).covering(first, Vec::new());
    assert!(execute(&request, &permit, &world.scene()).await.is_err());
    assert_eq!(world.user_named("U").await.unwrap().path, "/dev/");
}

#[tokio::test]
async fn rule_13_who_administers_by_caps_makes_standalone_users_and_reaches_no_others() {
    let world = World::new().await;
    world.new_user("OfAccount", &[]).await.unwrap();
    let strong = User { caps: Caps::parse("roles=read").unwrap(), ..user("Strong", UserKind::Standalone) };
    world.records.commit(Changes::new().create(&strong)).await.unwrap();
    world.call_as(standalone("TESTER1"), "CreateUser", &[("UserName", "Made")]).await.unwrap();
    let made = world.user_named("Made").await.unwrap();
    assert_eq!((made.kind, made.caps.is_empty()), (UserKind::Standalone, true));
    for name in ["OfAccount", "Strong"] {
        let user = ("UserName", name);
        for (action, pairs) in [
            ("GetUser", vec![user]),
            ("UpdateUser", vec![user, ("NewUserName", "X")]),
            ("DeleteUser", vec![user]),
            ("CreateAccessKey", vec![user]),
            ("ListAccessKeys", vec![user]),
            ("PutUserPolicy", vec![user, ("PolicyName", "P"), ("PolicyDocument", POLICY)]),
            ("AttachUserPolicy", vec![user, ("PolicyArn", READ_ONLY)]),
            ("PutUserPermissionsBoundary", vec![user, ("PermissionsBoundary", READ_ONLY)]),
            ("TagUser", vec![user, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")]),
            ("ListMFADevices", vec![user]),
        ] {
            let error = world.call_as(standalone("TESTER1"), action, &pairs).await.unwrap_err();
            assert_eq!(error.code(), "AccessDenied", "{action} {name}");
        }
    }
    let listed = world.call_as(standalone("TESTER1"), "ListUsers", &[]).await.unwrap();
    assert_eq!(names(listed).0, ["Made"]);
    // Groups are the account's.
    assert_eq!(code(world.call_as(standalone("TESTER1"), "CreateGroup", &[("GroupName", "G")]).await), "AccessDenied");
}

#[tokio::test]
async fn rule_17_root_is_reached_by_root_alone() {
    let world = World::new().await;
    let root = User { account_root: true, ..user("boss", UserKind::Iam) };
    let admin = user("admin", UserKind::Iam);
    for user in [&root, &admin] {
        world.records.commit(Changes::new().create(user)).await.unwrap();
    }
    world.call("CreateGroup", &[("GroupName", "G")]).await.unwrap();
    let boss = ("UserName", "boss");
    for (action, pairs) in [
        ("CreateAccessKey", vec![boss]),
        ("GetUser", vec![boss]),
        ("UpdateUser", vec![boss, ("NewUserName", "x")]),
        ("DeleteUser", vec![boss]),
        ("AddUserToGroup", vec![boss, ("GroupName", "G")]),
    ] {
        assert_eq!(code(world.call_named(&admin, action, &pairs).await), "AccessDenied", "{action}");
    }
    assert_eq!(names(world.call_named(&admin, "ListUsers", &[]).await.unwrap()).0, ["admin"]);
    world.call("CreateAccessKey", &[boss]).await.unwrap();
    let summary = world.call_named(&admin, "GetAccountSummary", &[]).await.unwrap().to_xml("r");
    for (key, value) in [("Users", 1), ("Groups", 1), ("AccountAccessKeysPresent", 1), ("UsersQuota", 5000)] {
        assert!(summary.contains(&format!("<entry><key>{key}</key><value>{value}</value></entry>")), "{key} {summary}");
    }
    // With an existing key of root's: nobody else touches it.
    let key = world.user_named("boss").await.unwrap().access_keys.remove(0);
    let key = ("AccessKeyId", key.as_str());
    for (action, pairs) in [
        ("UpdateAccessKey", vec![boss, key, ("Status", "Inactive")]),
        ("DeleteAccessKey", vec![boss, key]),
        ("GetAccessKeyLastUsed", vec![key]),
    ] {
        assert_eq!(code(world.call_named(&admin, action, &pairs).await), "AccessDenied", "{action}");
    }
}

#[tokio::test]
async fn rule_16_without_a_name_the_caller_is_meant_if_it_is_a_user() {
    let world = World::new().await;
    let caller = user("me", UserKind::Iam);
    world.records.commit(Changes::new().create(&caller)).await.unwrap();
    let shown = world.call_named(&caller, "GetUser", &[]).await.unwrap().to_xml("r");
    assert!(shown.contains("<UserName>me</UserName>"));
    for action in [
        "CreateAccessKey",
        "ListAccessKeys",
        "ListMFADevices",
        "ListSigningCertificates",
        "ListSSHPublicKeys",
        "ListServiceSpecificCredentials",
    ] {
        world.call_named(&caller, action, &[]).await.unwrap();
        let error = world.call(action, &[]).await.unwrap_err();
        let wanted = "Must specify userName when calling with non-User credentials";
        assert_eq!((error.code(), error.to_string().as_str()), ("ValidationError", wanted), "{action}");
    }
    assert_eq!(code(world.call("GetUser", &[]).await), "ValidationError");
    assert_eq!(code(world.call("ListUserPolicies", &[]).await), "ValidationError");
}

#[tokio::test]
async fn what_users_never_have_is_empty_or_cannot_be_found() {
    let world = World::new().await;
    world.new_user("U", &[]).await.unwrap();
    let user = [("UserName", "U")];
    for (action, element) in [
        ("ListMFADevices", "MFADevices"),
        ("ListSigningCertificates", "Certificates"),
        ("ListSSHPublicKeys", "SSHPublicKeys"),
        ("ListServiceSpecificCredentials", "ServiceSpecificCredentials"),
        ("ListVirtualMFADevices", "VirtualMFADevices"),
        ("ListGroupsForUser", "Groups"),
    ] {
        let answer = world.call(action, &user).await.unwrap().to_xml("r");
        let wanted =
            format!("<{action}Result><{element}></{element}><IsTruncated>false</IsTruncated></{action}Result>");
        assert!(answer.contains(&wanted), "{answer}");
        let nobody = world.call(action, &[("UserName", "Nobody")]).await;
        assert_eq!(nobody.is_err(), action != "ListVirtualMFADevices", "{action}");
    }
    for action in ["GetLoginProfile", "DeleteLoginProfile"] {
        let error = world.call(action, &user).await.unwrap_err();
        assert_eq!(error.to_string(), "Login Profile for User U cannot be found.");
        assert_eq!((error.code(), error.status()), ("NoSuchEntity", 404));
    }
    let error = world.call("GetAccountPasswordPolicy", &[]).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("NoSuchEntity", 404));
}

#[tokio::test]
async fn policies_boundaries_and_tags_of_users_keep_to_their_quotas() {
    let world = World::new().await;
    world.new_user("U", &[]).await.unwrap();
    let user = ("UserName", "U");
    let sized = |length: usize| {
        let empty = POLICY.replace("arn:aws:s3:::*", "arn:aws:s3:::");
        POLICY.replace("arn:aws:s3:::*", &format!("arn:aws:s3:::{}", "b".repeat(length - empty.len())))
    };
    let put = async |name: &str, document: &str| {
        world.call("PutUserPolicy", &[user, ("PolicyName", name), ("PolicyDocument", document)]).await
    };
    let error = put("A", &sized(2049)).await.unwrap_err();
    assert_eq!(error.to_string(), "Maximum policy size of 2048 bytes exceeded for user U");
    put("A", &sized(2048)).await.unwrap();
    assert_eq!(code(put("B", POLICY).await), "LimitExceeded");
    put("A", POLICY).await.unwrap();
    assert_eq!(code(put("B", "hello").await), "MalformedPolicyDocument");
    let got = world.call("GetUserPolicy", &[user, ("PolicyName", "A")]).await.unwrap();
    assert!(got.to_xml("r").contains("<UserName>U</UserName><PolicyName>A</PolicyName><PolicyDocument>%7B"));
    let error = world.call("GetUserPolicy", &[user, ("PolicyName", "B")]).await.unwrap_err();
    assert_eq!(error.to_string(), "The user policy with name B cannot be found.");
    let listed = world.call("ListUserPolicies", &[user]).await.unwrap();
    assert_eq!(listed.body, Body::PolicyNames { names: vec!["A".into()], marker: None });
    world.call("DeleteUserPolicy", &[user, ("PolicyName", "A")]).await.unwrap();
    assert_eq!(code(world.call("DeleteUserPolicy", &[user, ("PolicyName", "A")]).await), "NoSuchEntity");

    for number in 0..quota::ATTACHED_POLICIES {
        world.managed(&format!("P{number}")).await;
        let arn = format!("arn:aws:iam:::policy/team/P{number}");
        world.call("AttachUserPolicy", &[user, ("PolicyArn", &arn)]).await.unwrap();
    }
    let error = world.call("AttachUserPolicy", &[user, ("PolicyArn", READ_ONLY)]).await.unwrap_err();
    assert_eq!(error.to_string(), "Cannot exceed quota for PoliciesPerUser: 10");
    assert_eq!(world.uses_of("P3").await.0, ["user/U"]);
    let page = world.call("ListAttachedUserPolicies", &[user, ("MaxItems", "9")]).await.unwrap();
    assert!(matches!(&page.body, Body::AttachedPolicies { policies, marker: Some(_) } if policies.len() == 9));
    world.call("DetachUserPolicy", &[user, ("PolicyArn", "arn:aws:iam:::policy/team/P3")]).await.unwrap();
    assert_eq!(world.uses_of("P3").await.0, [""; 0]);

    world.call("PutUserPermissionsBoundary", &[user, ("PermissionsBoundary", READ_ONLY)]).await.unwrap();
    assert_eq!(world.user_named("U").await.unwrap().boundary.as_deref(), Some(READ_ONLY));
    world.call("DeleteUserPermissionsBoundary", &[user]).await.unwrap();
    assert_eq!(world.user_named("U").await.unwrap().boundary, None);

    let tag =
        |key: &'static str, value: &'static str| [user, ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)];
    for (key, value) in [("Team", "a"), ("TEAM", "b")] {
        world.call("TagUser", &tag(key, value)).await.unwrap();
    }
    let tags = world.call("ListUserTags", &[user]).await.unwrap().to_xml("r");
    assert!(tags.contains("<Tags><member><Key>TEAM</Key><Value>b</Value></member></Tags>"), "{tags}");
    world.call("UntagUser", &[user, ("TagKeys.member.1", "team")]).await.unwrap();
    assert!(world.user_named("U").await.unwrap().tags.is_empty());
}

#[tokio::test]
async fn a_standalone_user_who_owns_something_stays() {
    let world = World::new().await;
    let owner = user("Owner", UserKind::Standalone);
    let bucket = BucketRecord {
        name: "b".into(),
        state: BucketState::Active,
        account: AccountId::empty(),
        owner: Owner::User { id: owner.id.clone(), name: owner.name.clone() },
        policy: None,
        created: 0,
    };
    world.records.commit(Changes::new().create(&owner)).await.unwrap();
    world.records.commit(Changes::new().create(&bucket)).await.unwrap();
    let error = world.call("DeleteUser", &[("UserName", "Owner")]).await.unwrap_err();
    assert_eq!(error.code(), "DeleteConflict");
    assert!(error.to_string().contains("must delete the buckets, roles and providers that the user owns first"));
    let found = world.records.get::<BucketRecord>(&RecordKey::bucket("b")).await.unwrap().unwrap();
    world.records.commit(Changes::new().delete(&found)).await.unwrap();
    world.call("DeleteUser", &[("UserName", "Owner")]).await.unwrap();
}

#[tokio::test]
async fn requirements_and_context_name_the_user() {
    let world = World::new().await;
    world.managed("Own").await;
    world.new_user("U", &[("Path", "/p/"), ("PermissionsBoundary", OWN)]).await.unwrap();
    let asked = async |action: &str, pairs: &[(&str, &str)]| {
        let mut context = Context::new();
        let request = world.parse(action, pairs).unwrap();
        let asked = request.ask(&AccountId::empty(), &world.records, &mut context).await.unwrap();
        let show = |needed: Requirement| format!("{} {}", needed.action, needed.resource);
        (asked.requirements.into_iter().map(show).collect::<Vec<_>>(), context)
    };
    let boundary = |context: &Context| {
        let value = context.get("iam:PermissionsBoundary").and_then(|value| value.single().map(<[u8]>::to_vec));
        value.map(|value| String::from_utf8(value).unwrap())
    };
    let user = ("UserName", "u");
    let (needs, _) = asked("ListUsers", &[("PathPrefix", "/p/")]).await;
    assert_eq!(needs, ["iam:ListUsers arn:aws:iam:::user/p/"]);
    let tagged =
        [("UserName", "V"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v"), ("PermissionsBoundary", OWN)];
    let (needs, context) = asked("CreateUser", &tagged).await;
    assert_eq!(needs, ["iam:CreateUser arn:aws:iam:::user/V", "iam:TagUser arn:aws:iam:::user/V"]);
    assert_eq!(boundary(&context).as_deref(), Some(OWN));
    assert!(asked("CreateUser", &[("UserName", "V")]).await.1.get("iam:PermissionsBoundary").is_none());
    for (action, more) in [
        ("PutUserPolicy", vec![("PolicyName", "P"), ("PolicyDocument", "{}")]),
        ("DeleteUserPolicy", vec![("PolicyName", "P")]),
        ("AttachUserPolicy", vec![("PolicyArn", READ_ONLY)]),
        ("DetachUserPolicy", vec![("PolicyArn", READ_ONLY)]),
        ("DeleteUserPermissionsBoundary", vec![]),
    ] {
        let pairs: Vec<_> = [user].into_iter().chain(more).collect();
        let (needs, context) = asked(action, &pairs).await;
        assert_eq!(needs, [format!("iam:{action} arn:aws:iam:::user/p/U")]);
        assert_eq!(boundary(&context).as_deref(), Some(OWN), "{action}");
        assert_eq!(context.get("iam:PolicyARN").is_some(), action.contains("tach"), "{action}");
    }
    let (_, context) = asked("PutUserPermissionsBoundary", &[user, ("PermissionsBoundary", READ_ONLY)]).await;
    assert_eq!(boundary(&context).as_deref(), Some(READ_ONLY));
    for action in ["GetLoginProfile", "ListGroupsForUser", "ListSSHPublicKeys", "CreateAccessKey"] {
        assert_eq!(asked(action, &[user]).await.0, [format!("iam:{action} arn:aws:iam:::user/p/U")]);
    }
}

#[tokio::test]
async fn missing_and_bad_parameters_are_refused_in_awss_words() {
    let world = World::new().await;
    world.new_user("U", &[]).await.unwrap();
    let long = "u".repeat(65);
    for (action, pairs, part) in [
        ("CreateUser", vec![], "Value null at 'userName' failed"),
        ("CreateUser", vec![("UserName", long.as_str())], "less than or equal to 64"),
        ("CreateUser", vec![("UserName", "a b")], "userName is invalid"),
        ("CreateUser", vec![("UserName", "V"), ("Path", "x")], "path is invalid"),
        ("CreateUser", vec![("UserName", "V"), ("PermissionsBoundary", "x")], "'permissionsBoundary'"),
        ("UpdateUser", vec![("UserName", "U"), ("NewUserName", "")], "'newUserName' failed"),
        ("UpdateUser", vec![("UserName", "U"), ("NewPath", "/x")], "for newPath is invalid"),
        ("PutUserPolicy", vec![("UserName", "U"), ("PolicyName", "P")], "'policyDocument'"),
        ("TagUser", vec![("UserName", "U")], "'tags'"),
        ("UntagUser", vec![("UserName", "U")], "'tagKeys'"),
        ("UntagUser", vec![("UserName", "U"), ("TagKeys.member.1", "")], "'tagKeys'"),
        ("PutUserPermissionsBoundary", vec![("UserName", "U")], "'permissionsBoundary'"),
        ("ListUsers", vec![("MaxItems", "1001")], "less than or equal to 1000"),
        ("ListUsers", vec![("PathPrefix", "x")], "pathPrefix"),
    ] {
        let error = world.call(action, &pairs).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("ValidationError", 400), "{action} {pairs:?}");
        assert!(error.to_string().contains(part), "{action} {pairs:?}: {error}");
    }
    let nope = ("UserName", "Nope");
    for (action, more) in [
        ("GetUser", vec![]),
        ("UpdateUser", vec![("NewUserName", "X")]),
        ("PutUserPolicy", vec![("PolicyName", "P"), ("PolicyDocument", POLICY)]),
        ("GetUserPolicy", vec![("PolicyName", "P")]),
        ("ListUserPolicies", vec![]),
        ("AttachUserPolicy", vec![("PolicyArn", READ_ONLY)]),
        ("DetachUserPolicy", vec![("PolicyArn", READ_ONLY)]),
        ("ListAttachedUserPolicies", vec![]),
        ("PutUserPermissionsBoundary", vec![("PermissionsBoundary", READ_ONLY)]),
        ("DeleteUserPermissionsBoundary", vec![]),
        ("TagUser", vec![("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")]),
        ("UntagUser", vec![("TagKeys.member.1", "k")]),
        ("ListUserTags", vec![]),
        ("ListGroupsForUser", vec![]),
        ("GetLoginProfile", vec![]),
    ] {
        let pairs: Vec<_> = [nope].into_iter().chain(more).collect();
        let error = world.call(action, &pairs).await.unwrap_err();
        assert_eq!(error.to_string(), "The user with name Nope cannot be found.", "{action}");
        assert_eq!(error.status(), 404);
    }
    let error = world.call("AttachUserPolicy", &[("UserName", "U"), ("PolicyArn", "arn:aws:iam:::policy/Nope12345")]);
    assert_eq!(code(error.await), "NoSuchEntity");
}

#[tokio::test]
async fn an_account_has_5000_users_at_most_beside_its_root() {
    let world = World::new().await;
    world.new_user("U0000", &[]).await.unwrap();
    let first = world.user_named("U0000").await.unwrap();
    let root = User { name: "Root".to_owned(), account_root: true, ..first.clone() };
    world.records.commit(Changes::new().create(&root)).await.unwrap();
    for index in 1..4999 {
        let user = User { name: format!("U{index:04}"), ..first.clone() };
        world.records.commit(Changes::new().create(&user)).await.unwrap();
    }
    world.new_user("U4999", &[]).await.unwrap();
    let error = world.new_user("OneMore", &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "Cannot exceed quota for UsersPerAccount: 5000");
    let (first, marker) = names(world.call("ListUsers", &[("MaxItems", "1000")]).await.unwrap());
    assert_eq!((first.len(), marker.is_some()), (1000, true));
}

#[tokio::test]
async fn rule_17_evidence_holds_for_renaming_and_removing() {
    let world = World::new().await;
    world.new_user("U", &[]).await.unwrap();
    for pairs in
        [("UpdateUser", vec![("UserName", "U"), ("NewUserName", "V")]), ("DeleteUser", vec![("UserName", "U")])]
    {
        let (action, pairs) = pairs;
        let request: Any = world.parse(action, &pairs).unwrap();
        let asked = request.ask(&AccountId::empty(), &world.records, &mut Context::new()).await.unwrap();
        let root = Principal::Root { account: AccountId::empty() };
        let permit = Permit::for_tests(root, Owner::Account).covering(asked.requirements, asked.evidence);
        // A boundary that is added meanwhile.
        let put = [("UserName", "U"), ("PermissionsBoundary", READ_ONLY)];
        world.call("PutUserPermissionsBoundary", &put).await.unwrap();
        assert_eq!(code(execute(&request, &permit, &world.scene()).await), "ConcurrentModification", "{action}");
    }
    assert!(world.user_named("U").await.is_some() && world.user_named("V").await.is_none());
}
