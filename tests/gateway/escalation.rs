//! Security rule 17: whatever a bounded principal calls, nothing that it can lay hands on has a right outside its
//! boundary. First the published ways of escalating with IAM, one by one; then random sequences of calls.

use crate::support::{Credentials, Req, World, policy, trust};
use rolegate::entity::{ManagedPolicy, Owner, PolicyVersion, UserKind};
use rolegate::store::{Changes, RecordKey, Versioned};
use rolegate::types::{AccountId, IdKind, UniqueId};

const VERSION: (&str, &str) = ("Version", "2010-05-08");
const FENCE: &str = "arn:aws:iam:::policy/Fence";
/// A managed policy of somebody stronger, and one that the bounded user may change.
const STRONG: &str = "arn:aws:iam:::policy/Strong";
const OWN: &str = "arn:aws:iam:::policy/own/Own";
const FULL: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// The boundary, as AWS's own examples of delegation have it: administration of what is under `/own/`, which must have
/// the boundary itself; of S3 reading `inside`. Groups have no boundary, their members do.
const DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::inside/*"},
    {"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"},
    {"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"},
    {"Effect":"Allow","Action":["iam:CreateGroup","iam:UpdateGroup","iam:DeleteGroup","iam:AddUserToGroup",
        "iam:RemoveUserFromGroup","iam:PutGroupPolicy","iam:DeleteGroupPolicy","iam:AttachGroupPolicy",
        "iam:DetachGroupPolicy"],"Resource":"arn:aws:iam:::group/own/*"},
    {"Effect":"Allow","Action":["iam:CreateUser","iam:CreateRole","iam:PutUserPolicy","iam:DeleteUserPolicy",
        "iam:AttachUserPolicy","iam:DetachUserPolicy","iam:PutRolePolicy","iam:DeleteRolePolicy","iam:AttachRolePolicy",
        "iam:DetachRolePolicy","iam:PutUserPermissionsBoundary","iam:PutRolePermissionsBoundary"],
     "Resource":"*","Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam:::policy/Fence"}}},
    {"Effect":"Allow","Action":["iam:CreateAccessKey","iam:UpdateAccessKey","iam:DeleteAccessKey","iam:UpdateUser",
        "iam:DeleteUser","iam:TagUser","iam:UntagUser"],"Resource":"arn:aws:iam:::user/own/*"},
    {"Effect":"Allow","Action":["iam:UpdateAssumeRolePolicy","iam:UpdateRole","iam:DeleteRole","iam:TagRole"],
     "Resource":"arn:aws:iam:::role/own/*"},
    {"Effect":"Allow","Action":["iam:CreatePolicy","iam:CreatePolicyVersion","iam:SetDefaultPolicyVersion",
        "iam:DeletePolicyVersion","iam:DeletePolicy"],"Resource":"arn:aws:iam:::policy/own/*"}]}"#;

/// The bounded user `mallory` with every right that identity policies give; an unbounded administrator and root, each
/// with a key that is off; an unbounded role and group.
struct Scene {
    world: World,
    mallory: Credentials,
}

async fn scene() -> Scene {
    let world = World::new().await;
    let all = policy("Allow", "*", "*");
    // Of each the version that counts, and one with all rights that somebody left there.
    for (name, path, document) in
        [("Fence", "/", DOCUMENT), ("Strong", "/", DOCUMENT), ("Own", "/own/", &policy("Allow", "s3:GetObject", "*"))]
    {
        let id = UniqueId::generate(IdKind::ManagedPolicy, &*world.entropy);
        let mut made = ManagedPolicy::new(AccountId::empty(), name, id, crate::support::stored(document), 0);
        path.clone_into(&mut made.path);
        made.versions.push(PolicyVersion { number: 2, policy: crate::support::stored(&all), created: 0 });
        made.next_version = 3;
        world.records.commit(Changes::new().create(&made)).await.unwrap();
    }
    for bucket in ["inside", "outside"] {
        world.bucket(bucket, Owner::Account, None).await;
    }
    world.iam_user("admin", &[("p", &all)]).await;
    world.iam_user("rootuser", &[]).await;
    world.change_user("rootuser", |user| user.account_root = true).await;
    world.role("powerful", Owner::Account, &trust("arn:aws:iam:::user/admin"), &[("p", &all)]).await;
    let mallory = world.iam_user("mallory", &[("p", &all)]).await;
    world.change_user("mallory", |user| user.boundary = Some(FENCE.into())).await;
    let key = RecordKey::policy(&AccountId::empty(), "Fence");
    let old: Versioned<ManagedPolicy> = world.records.get(&key).await.unwrap().unwrap();
    let mut new = old.value.clone();
    let user = world.user_record("mallory").await.value;
    let kind = rolegate::entity::UseKind::User;
    new.boundary_of.insert(rolegate::entity::PolicyUse { kind, name: user.name, id: user.id });
    world.records.commit(Changes::new().update(&old, &new)).await.unwrap();
    world.epochs.forget_all();
    Scene { world, mallory }
}

impl Scene {
    async fn call(&self, by: &Credentials, pairs: &[(&str, &str)]) -> crate::support::Reply {
        let pairs: Vec<_> = pairs.iter().copied().chain([VERSION]).collect();
        self.world.iam(by, &pairs).await
    }

    async fn reads(&self, by: &Credentials, bucket: &str) -> bool {
        self.world.send(Req::get(&format!("/{bucket}/k")).sign(&self.world, by)).await.is_forward()
    }
}

#[tokio::test]
async fn rule_17_no_published_way_leads_out_of_a_boundary() {
    let all = policy("Allow", "*", "*");
    let to_me = trust("arn:aws:iam:::user/mallory");
    let document = ("PolicyDocument", all.as_str());
    let (me, admin) = (("UserName", "mallory"), ("UserName", "admin"));
    // Each way with the answers that its steps get. What is allowed is allowed because it leads nowhere.
    type Step<'a> = (&'a str, Vec<(&'a str, &'a str)>, u16);
    let ways: Vec<(&str, Vec<Step<'_>>)> = vec![
        ("a key for somebody stronger", vec![("CreateAccessKey", vec![admin], 403)]),
        ("a key for root", vec![("CreateAccessKey", vec![("UserName", "rootuser")], 403)]),
        (
            "a key that was switched off",
            vec![("UpdateAccessKey", vec![admin, ("AccessKeyId", "KEYOF_admin"), ("Status", "Active")], 403)],
        ),
        (
            "somebody stronger moved to where keys may be made",
            vec![("UpdateUser", vec![admin, ("NewPath", "/own/")], 403), ("CreateAccessKey", vec![admin], 403)],
        ),
        ("a password for somebody stronger", vec![("CreateLoginProfile", vec![admin, ("Password", "x")], 400)]),
        ("a policy on oneself", vec![("PutUserPolicy", vec![me, ("PolicyName", "q"), document], 200)]),
        ("a managed policy on oneself", vec![("AttachUserPolicy", vec![me, ("PolicyArn", FULL)], 200)]),
        (
            "a new group with all rights",
            vec![
                ("CreateGroup", vec![("GroupName", "g"), ("Path", "/own/")], 200),
                ("PutGroupPolicy", vec![("GroupName", "g"), ("PolicyName", "q"), document], 200),
                ("AttachGroupPolicy", vec![("GroupName", "g"), ("PolicyArn", FULL)], 200),
                ("AddUserToGroup", vec![("GroupName", "g"), me], 200),
            ],
        ),
        ("a user without the boundary", vec![("CreateUser", vec![("UserName", "eve"), ("Path", "/own/")], 403)]),
        (
            "a user with another boundary",
            vec![("CreateUser", vec![("UserName", "eve"), ("Path", "/own/"), ("PermissionsBoundary", FULL)], 403)],
        ),
        (
            "a user with the boundary, and then without",
            vec![
                ("CreateUser", vec![("UserName", "eve"), ("Path", "/own/"), ("PermissionsBoundary", FENCE)], 200),
                ("PutUserPolicy", vec![("UserName", "eve"), ("PolicyName", "q"), document], 200),
                ("UpdateUser", vec![("UserName", "eve"), ("NewPath", "/")], 403),
                ("DeleteUserPermissionsBoundary", vec![("UserName", "eve")], 403),
                ("PutUserPermissionsBoundary", vec![("UserName", "eve"), ("PermissionsBoundary", FULL)], 403),
                ("CreateAccessKey", vec![("UserName", "eve")], 200),
            ],
        ),
        ("the own boundary removed", vec![("DeleteUserPermissionsBoundary", vec![me], 403)]),
        (
            "the own boundary replaced",
            vec![("PutUserPermissionsBoundary", vec![me, ("PermissionsBoundary", FULL)], 403)],
        ),
        (
            "the trust of a stronger role",
            vec![("UpdateAssumeRolePolicy", vec![("RoleName", "powerful"), ("PolicyDocument", &to_me)], 403)],
        ),
        (
            "policies on a stronger role",
            vec![
                ("PutRolePolicy", vec![("RoleName", "powerful"), ("PolicyName", "q"), document], 403),
                ("AttachRolePolicy", vec![("RoleName", "powerful"), ("PolicyArn", FULL)], 403),
                ("DetachRolePolicy", vec![("RoleName", "powerful"), ("PolicyArn", FULL)], 403),
            ],
        ),
        (
            "another version of the own boundary",
            vec![
                ("CreatePolicyVersion", vec![("PolicyArn", FENCE), document, ("SetAsDefault", "true")], 403),
                ("CreatePolicyVersion", vec![("PolicyArn", FENCE), document], 403),
            ],
        ),
        (
            "a version of the own boundary that somebody left",
            vec![("SetDefaultPolicyVersion", vec![("PolicyArn", FENCE), ("VersionId", "v2")], 403)],
        ),
        (
            "another version of a policy on oneself",
            vec![
                ("AttachUserPolicy", vec![me, ("PolicyArn", OWN)], 200),
                ("CreatePolicyVersion", vec![("PolicyArn", OWN), document, ("SetAsDefault", "true")], 200),
            ],
        ),
        (
            "a version that somebody left of a policy on oneself",
            vec![
                ("AttachUserPolicy", vec![me, ("PolicyArn", OWN)], 200),
                ("SetDefaultPolicyVersion", vec![("PolicyArn", OWN), ("VersionId", "v2")], 200),
            ],
        ),
        (
            "versions of somebody stronger's policy",
            vec![
                ("CreatePolicyVersion", vec![("PolicyArn", STRONG), document, ("SetAsDefault", "true")], 403),
                ("SetDefaultPolicyVersion", vec![("PolicyArn", STRONG), ("VersionId", "v2")], 403),
                ("DeletePolicyVersion", vec![("PolicyArn", STRONG), ("VersionId", "v2")], 403),
            ],
        ),
        (
            "the boundary made anew under its name",
            vec![
                ("DeletePolicy", vec![("PolicyArn", FENCE)], 403),
                ("CreatePolicy", vec![("PolicyName", "Fence"), ("Path", "/own/"), document], 409),
            ],
        ),
        (
            "a role without the boundary",
            vec![("CreateRole", vec![("RoleName", "r"), ("Path", "/own/"), ("AssumeRolePolicyDocument", &to_me)], 403)],
        ),
        (
            "a role with the boundary, and then without",
            vec![
                (
                    "CreateRole",
                    vec![
                        ("RoleName", "r"),
                        ("Path", "/own/"),
                        ("AssumeRolePolicyDocument", &to_me),
                        ("PermissionsBoundary", FENCE),
                    ],
                    200,
                ),
                ("AttachRolePolicy", vec![("RoleName", "r"), ("PolicyArn", FULL)], 200),
                ("DeleteRolePermissionsBoundary", vec![("RoleName", "r")], 403),
                ("PutRolePermissionsBoundary", vec![("RoleName", "r"), ("PermissionsBoundary", FULL)], 403),
            ],
        ),
    ];
    for (way, steps) in ways {
        let scene = scene().await;
        assert!(scene.reads(&scene.mallory, "inside").await && !scene.reads(&scene.mallory, "outside").await);
        let mut hands = vec![scene.mallory.clone()];
        for (action, pairs, wanted) in steps {
            let pairs: Vec<_> = [("Action", action)].into_iter().chain(pairs).collect();
            let reply = scene.call(&scene.mallory, &pairs).await;
            assert_eq!(reply.status(), wanted, "{way}: {action}: {}", reply.text());
            if action == "CreateAccessKey" && wanted == 200 {
                hands.push(reply.credentials());
            }
        }
        for role in ["powerful", "own/r"] {
            let reply = scene.world.try_assume(&scene.mallory, role, &[]).await;
            assert!(role == "own/r" || reply.status() == 403, "{way}");
            if reply.status() == 200 {
                hands.push(reply.credentials());
            }
        }
        for hand in &hands {
            assert!(!scene.reads(hand, "outside").await, "{way}");
            assert_eq!(scene.call(hand, &[("Action", "CreateAccessKey"), admin]).await.status(), 403, "{way}");
        }
        assert!(scene.reads(&scene.mallory, "inside").await, "{way}: and nothing is lost");
    }
}

/// Marsaglia's xorshift: the same sequence for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % 1_000_003).unwrap() % sides
    }

    fn of<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.roll(items.len())]
    }
}

const ACTIONS: [&str; 38] = [
    "CreateUser",
    "UpdateUser",
    "DeleteUser",
    "CreateAccessKey",
    "UpdateAccessKey",
    "DeleteAccessKey",
    "PutUserPolicy",
    "DeleteUserPolicy",
    "AttachUserPolicy",
    "DetachUserPolicy",
    "PutUserPermissionsBoundary",
    "DeleteUserPermissionsBoundary",
    "TagUser",
    "CreateGroup",
    "UpdateGroup",
    "DeleteGroup",
    "AddUserToGroup",
    "RemoveUserFromGroup",
    "PutGroupPolicy",
    "AttachGroupPolicy",
    "DetachGroupPolicy",
    "CreateRole",
    "UpdateAssumeRolePolicy",
    "PutRolePolicy",
    "DeleteRolePolicy",
    "AttachRolePolicy",
    "DetachRolePolicy",
    "PutRolePermissionsBoundary",
    "DeleteRolePermissionsBoundary",
    "DeleteRole",
    "AssumeRole",
    "CreateUser",
    "CreateAccessKey",
    "CreatePolicyVersion",
    "SetDefaultPolicyVersion",
    "CreateUser",
    "CreateAccessKey",
    "CreateAccessKey",
];

#[tokio::test]
async fn rule_17_no_sequence_of_calls_leads_out_of_a_boundary() {
    let all = policy("Allow", "*", "*");
    let anybody = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;
    let (mut allowed, mut gained) = (0, 0);
    for seed in 1..=40u64 {
        let scene = scene().await;
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut hands = vec![scene.mallory.clone()];
        let mut made = vec!["KEYOF_admin".to_owned(), "KEYOF_mallory".to_owned()];
        for _ in 0..120 {
            let by = hands[dice.roll(hands.len())].clone();
            let action = dice.of(&ACTIONS);
            let names = ["mallory", "admin", "rootuser", "eve", "bob", "eve", "bob"];
            let paths = ["/", "/own/", "/own/"];
            let key = made[dice.roll(made.len())].clone();
            let role = dice.of(&["powerful", "r", "r"]);
            if action == "AssumeRole" {
                let arn = format!("{}{role}", dice.of(&["", "own/"]));
                let reply = scene.world.try_assume(&by, &arn, &[]).await;
                assert!(role == "r" || reply.status() == 403, "seed {seed}");
                if reply.status() == 200 {
                    hands.push(reply.credentials());
                }
            } else {
                let mut pairs = vec![
                    ("Action", action),
                    ("UserName", dice.of(&names)),
                    ("GroupName", dice.of(&["g", "h"])),
                    ("RoleName", role),
                    ("PolicyName", "q"),
                    ("PolicyDocument", if action == "UpdateAssumeRolePolicy" { anybody } else { all.as_str() }),
                    ("AssumeRolePolicyDocument", anybody),
                    ("PolicyArn", dice.of(&[FULL, FENCE, STRONG, OWN])),
                    ("VersionId", dice.of(&["v1", "v2"])),
                    ("SetAsDefault", dice.of(&["true", "false"])),
                    ("Path", dice.of(&paths)),
                    ("NewPath", dice.of(&paths)),
                    ("AccessKeyId", key.as_str()),
                    ("Status", "Active"),
                    ("Tags.member.1.Key", "k"),
                    ("Tags.member.1.Value", "v"),
                ];
                if dice.roll(3) > 0 {
                    pairs.push(("PermissionsBoundary", dice.of(&[FULL, FENCE, FENCE])));
                }
                if dice.roll(2) == 0 {
                    pairs.push((if action == "UpdateUser" { "NewUserName" } else { "NewGroupName" }, dice.of(&names)));
                }
                let reply = scene.call(&by, &pairs).await;
                assert!([200, 400, 403, 404, 409].contains(&reply.status()), "seed {seed}: {}", reply.text());
                allowed += usize::from(reply.status() == 200);
                if action == "CreateAccessKey" && reply.status() == 200 {
                    hands.push(reply.credentials());
                    made.push(hands.last().unwrap().key.clone());
                }
            }
            gained = gained.max(hands.len());
            for hand in &hands {
                assert!(!scene.reads(hand, "outside").await, "seed {seed}: {action}");
            }
        }
        assert_eq!(scene.world.user_record("mallory").await.value.kind, UserKind::Iam);
    }
    // The dice are worth something only if much of it succeeds.
    assert!(allowed > 300 && gained > 4, "{allowed} {gained}");
}
