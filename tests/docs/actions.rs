//! The tables of actions in `docs/iam-sts.md`, made from the code.
//!
//! Each action that a noun's `mod.rs` (or `src/sts/mod.rs`) has an arm for is parsed: once with every parameter of
//! [`SAMPLES`], noting which names the parser asks for, and then without each of them in turn. What it asks for are
//! its parameters; those that it cannot do without are required; what is refused whenever it is given is not served.
//! What the call must be allowed, and on which resource, is what the request itself requires, of entities that bear
//! the names of the parameters.
//!
//! `ROLEGATE_UPDATE_DOCS=1 cargo test --test docs tables_of_actions` writes the tables between their markers anew.

use super::{code, literals, quoted, read, root};
use rolegate::entity::{
    AccessKey, Group, KeyStatus, ManagedPolicy, OidcProvider, Owner, Role, StoredPolicy, User, UserKind,
};
use rolegate::iam;
use rolegate::policy::Bindings;
use rolegate::store::{Changes, MemoryStore, Records, StoreKey};
use rolegate::sts;
use rolegate::types::{AccessKeyId, AccountId, Context, Entropy, IdKind, Requirement, Timestamp, UniqueId};
use rolegate::wire::aws_query::Parameters;
use std::fs;
use std::sync::Arc;

const PAGE: &str = "docs/iam-sts.md";
const ACCOUNT: &str = "123456789012";
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const POLICY_ARN: &str = "arn:aws:iam::123456789012:policy/Path/PolicyName";

/// A value for each parameter of any action. A parameter that a parser asks for and that is not here must be one
/// that it refuses.
const SAMPLES: &[(&str, &str)] = &[
    ("AccessKeyId", KEY),
    ("ActionNames.member.1", "s3:GetObject"),
    ("AssumeRolePolicyDocument", "{}"),
    ("CallerArn", "arn:aws:iam::123456789012:user/UserName"),
    ("ClientID", "ClientID"),
    ("ClientIDList.member.1", "ClientID"),
    ("ContextEntries.member.1.ContextKeyName", "aws:username"),
    ("ContextEntries.member.1.ContextKeyType", "string"),
    ("ContextEntries.member.1.ContextKeyValues.member.1", "UserName"),
    ("Description", "Description"),
    ("DurationSeconds", "3600"),
    ("EncodedMessage", "EncodedMessage"),
    ("EntityFilter", "Role"),
    ("ExternalId", "ExternalId"),
    ("GroupName", "GroupName"),
    ("Marker", "TWFya2Vy"),
    ("MaxItems", "100"),
    ("MaxSessionDuration", "3600"),
    ("Name", "Name"),
    ("NewGroupName", "NewGroupName"),
    ("NewPath", "/NewPath/"),
    ("NewUserName", "NewUserName"),
    ("OnlyAttached", "true"),
    ("OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/HOST/PATH"),
    ("Path", "/Path/"),
    ("PathPrefix", "/PathPrefix"),
    ("PermissionsBoundary", POLICY_ARN),
    ("PermissionsBoundaryPolicyInputList.member.1", "{}"),
    ("Policy", "{}"),
    ("PolicyArn", POLICY_ARN),
    ("PolicyArns.member.1.arn", POLICY_ARN),
    ("PolicyDocument", "{}"),
    ("PolicyInputList.member.1", "{}"),
    ("PolicyName", "PolicyName"),
    ("PolicySourceArn", "arn:aws:iam::123456789012:role/Path/RoleName"),
    ("PolicyUsageFilter", "PermissionsPolicy"),
    ("ResourceArns.member.1", "*"),
    ("ResourceHandlingOption", "EC2-VPC-InstanceStore"),
    ("ResourceOwner", ACCOUNT),
    ("ResourcePolicy", "{}"),
    ("RoleArn", "arn:aws:iam::123456789012:role/Path/RoleName"),
    ("RoleName", "RoleName"),
    ("RoleSessionName", "RoleSessionName"),
    ("Scope", "All"),
    ("SetAsDefault", "true"),
    ("SourceIdentity", "SourceIdentity"),
    ("Status", "Active"),
    ("TagKeys.member.1", "Key"),
    ("Tags.member.1.Key", "Key"),
    ("Tags.member.1.Value", "Value"),
    ("ThumbprintList.member.1", "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"),
    ("TransitiveTagKeys.member.1", "Key"),
    ("Url", "https://HOST/PATH"),
    ("UserName", "UserName"),
    ("VersionId", "v1"),
    ("WebIdentityToken", "token"),
];

/// The parameters that a sample is of: those of a list by the list's name.
fn of(sample: &str) -> &str {
    sample.split(".member.").next().unwrap()
}

/// All samples but those of `without`, and `more`.
fn samples(without: &[&str], more: Option<(&str, &str)>) -> Parameters {
    Parameters::from_pairs(SAMPLES.iter().copied().filter(|(name, _)| !without.contains(&of(name))).chain(more))
}

struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

enum Request {
    Iam(iam::Request),
    Sts(sts::Request),
}

/// The text of a refusal.
struct Refused {
    text: String,
}

/// The request of a caller who is this user, or none.
fn parse(action: &str, parameters: &Parameters, user: Option<&str>) -> Result<Request, Refused> {
    let account = AccountId::parse(ACCOUNT).unwrap();
    let caller = iam::Caller { account: &account, user, default_account: &account };
    match action.split_once(':').unwrap() {
        ("iam", name) => {
            iam::parse(name, parameters, &caller).map(Request::Iam).map_err(|error| Refused { text: error.to_string() })
        }
        (_, name) => {
            sts::parse(name, parameters).map(Request::Sts).map_err(|error| Refused { text: error.to_string() })
        }
    }
}

/// A store in which the entities of the samples are.
async fn store() -> Records {
    let key = StoreKey::parse(&"5a".repeat(32)).unwrap();
    let store = Arc::new(MemoryStore::new());
    let records = Records::open(store, key, Arc::new(Zeros), Timestamp::from_seconds(0), false).await.unwrap();
    let account = AccountId::parse(ACCOUNT).unwrap();
    let id = |kind| UniqueId::generate(kind, &Zeros);
    let policy = || StoredPolicy { document: "{}".to_owned(), bindings: Bindings::new() };
    let path = || "/Path/".to_owned();
    let role = Role { path: path(), ..Role::new(account.clone(), "RoleName", id(IdKind::Role), policy(), 0) };
    let user = User {
        path: path(),
        access_keys: vec![KEY.to_owned()],
        ..User::new(account.clone(), "UserName", id(IdKind::User), UserKind::Iam, 0)
    };
    let group = Group {
        account: account.clone(),
        name: "GroupName".to_owned(),
        path: path(),
        id: id(IdKind::Group),
        policies: Default::default(),
        attached: Vec::new(),
        members: Vec::new(),
        created: 0,
    };
    let managed = ManagedPolicy::new(account.clone(), "PolicyName", id(IdKind::ManagedPolicy), policy(), 0);
    let managed = ManagedPolicy { path: path(), ..managed };
    let provider = OidcProvider::new(account.clone(), "https://HOST/PATH", id(IdKind::OidcProvider), Owner::Account, 0);
    let key = AccessKey {
        id: AccessKeyId::parse(KEY).unwrap(),
        account,
        user_name: "UserName".to_owned(),
        next_user_name: None,
        user_id: user.id.clone(),
        status: KeyStatus::Active,
        sealed_secret: String::new(),
        created: 0,
    };
    let changes = Changes::new().create(&role).create(&user).create(&group).create(&managed).create(&provider);
    records.commit(changes).await.unwrap();
    records.commit(Changes::new().create(&key)).await.unwrap();
    records
}

/// What the request needs to be allowed.
async fn required(request: &Request, records: &Records) -> Vec<Requirement> {
    let account = AccountId::parse(ACCOUNT).unwrap();
    match request {
        Request::Iam(request) => request.ask(&account, records, &mut Context::new()).await.unwrap().requirements,
        Request::Sts(sts::Request::AssumeRole(assume)) => assume.requirements(&outsider(), &account),
        // With tags or a source identity, which stand in the token, their actions too.
        Request::Sts(sts::Request::AssumeRoleWithWebIdentity(asked)) => vec![asked.requirement(&account)],
        Request::Sts(sts::Request::GetFederationToken(federation)) => federation.requirements(&account),
        // As with AWS, no policy is asked.
        Request::Sts(sts::Request::GetSessionToken(_) | sts::Request::GetCallerIdentity) => Vec::new(),
        Request::Sts(plain @ (sts::Request::GetAccessKeyInfo(_) | sts::Request::DecodeAuthorizationMessage(_))) => {
            vec![plain.requirement()]
        }
    }
}

/// A caller of STS without a session.
fn outsider() -> sts::Caller {
    sts::Caller {
        is_role_session: false,
        chain: Vec::new(),
        parent_key: None,
        web: None,
        source_identity: None,
        transitive: Vec::new(),
    }
}

/// The names that the parser of `action` asks for, whatever is given.
fn asked(action: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for parameters in [samples(&[], None), Parameters::default()] {
        let noting = parameters.noting();
        drop(parse(action, &noting, Some("Caller")));
        names.extend(noting.asked().into_iter().filter(|name| name != "Version"));
    }
    let mut once: Vec<String> = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

/// One action: its row, and the parameters that it knows only to refuse them.
struct Row {
    text: String,
    refused: Vec<String>,
}

async fn row(action: &str, records: &Records) -> Row {
    let full = parse(action, &samples(&[], None), Some("Caller"))
        .unwrap_or_else(|error| panic!("{action} with all of SAMPLES: {}", error.text));
    let needs = required(&full, records).await;
    let (mut must, mut may, mut refused, mut further) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let names = asked(action);
    for name in names.clone() {
        if !SAMPLES.iter().any(|(sample, _)| of(sample) == name) {
            let error = parse(action, &samples(&[], Some((&name, "x"))), Some("Caller")).err();
            let text = error.unwrap_or_else(|| panic!("{action} reads {name}: put a value for it into SAMPLES")).text;
            assert!(text.contains(&name), "{action} refuses {name} with another text: {text}");
            refused.push(name);
            continue;
        }
        match without(action, &name, &names) {
            Without::Refused => must.push(name),
            Without::TheCaller => may.push(format!("{name}? (the caller)")),
            Without::Parsed(less) => {
                let less = required(&less, records).await;
                further.extend(gone(&needs, &less).map(|action| format!("with {name} `{action}` too")));
                may.push(format!("{name}?"));
            }
        }
    }
    let mut on: Vec<String> = resources(action, &needs);
    on.extend(further);
    let parameters: Vec<String> = must.into_iter().chain(may).collect();
    let list = |items: &[String], separator| if items.is_empty() { "none".to_owned() } else { items.join(separator) };
    let (parameters, on) = (list(&parameters, ", "), list(&on, "; "));
    let name = action.split_once(':').unwrap().1;
    Row { text: format!("| `{name}` | {parameters} | {on} |"), refused }
}

/// What a call is without one of its parameters.
enum Without {
    Refused,
    TheCaller,
    Parsed(Request),
}

fn without(action: &str, name: &str, names: &[String]) -> Without {
    match parse(action, &samples(&[name], None), Some("Caller")) {
        Ok(request) if parse(action, &samples(&[name], None), None).is_ok() => Without::Parsed(request),
        Ok(_) => Without::TheCaller,
        Err(error) if error.text.contains("Member must not be null") => Without::Refused,
        // One that another parameter speaks of may be left out together with that.
        Err(error) => {
            let pair = |other: &String| parse(action, &samples(&[name, other], None), Some("Caller")).ok();
            Without::Parsed(names.iter().find_map(pair).unwrap_or_else(|| panic!("{action}: {}", error.text)))
        }
    }
}

/// The actions that are needed no more.
fn gone<'a>(needs: &'a [Requirement], less: &'a [Requirement]) -> impl Iterator<Item = &'a str> {
    let still = |action: &str| less.iter().any(|requirement| requirement.action == action);
    needs.iter().map(|requirement| &*requirement.action).filter(move |action| !still(action))
}

/// The resources on which the action itself is needed.
fn resources(action: &str, needs: &[Requirement]) -> Vec<String> {
    let own = needs.iter().filter(|requirement| requirement.action == action);
    let named = own.map(|requirement| {
        let resource = requirement.resource.to_string();
        let prefix = format!("arn:aws:iam::{ACCOUNT}:");
        format!("`{}`", resource.strip_prefix(&prefix).unwrap_or(&resource).replace(ACCOUNT, "ACCOUNT"))
    });
    named.collect()
}

/// The folders and files that have actions, with those actions in the order of the code.
fn nouns() -> Vec<(String, Vec<String>)> {
    let mut places = vec!["sts".to_owned()];
    for entry in fs::read_dir(root().join("src/iam")).unwrap() {
        let entry = entry.unwrap();
        // Beside a file NAME.rs a folder NAME holds nothing but its tests.
        if entry.path().join("mod.rs").is_file() {
            places.push(format!("iam/{}", entry.file_name().into_string().unwrap()));
        }
    }
    places.sort_unstable();
    let with_actions = places.into_iter().map(|place| {
        let source = code(&root().join("src").join(&place).join("mod.rs"));
        let prefix = format!("{}:", place.split('/').next().unwrap());
        let arms = literals(&source).into_iter().filter(|(before, text)| *before == '>' && text.starts_with(&prefix));
        (place, arms.map(|(_, text)| text).collect())
    });
    with_actions.collect()
}

/// The page with the table of a place put between its markers.
fn replaced(page: &str, place: &str, table: &str) -> String {
    let start = format!("<!-- actions of src/{place} -->\n");
    let (before, rest) = page.split_once(&start).unwrap_or_else(|| {
        panic!("{PAGE} lacks the lines `{}` and `<!-- end -->`, between which their table belongs", start.trim())
    });
    let (_, after) = rest.split_once("<!-- end -->").unwrap_or_else(|| panic!("{PAGE}: {place} lacks its end"));
    format!("{before}{start}{table}<!-- end -->{after}")
}

#[tokio::test]
async fn tables_of_actions_are_made_from_the_code() {
    let records = store().await;
    let old = read(PAGE);
    let mut page = old.clone();
    let mut refused: Vec<String> = Vec::new();
    for (place, actions) in nouns() {
        assert!(!actions.is_empty(), "src/{place}/mod.rs has no arm for an action");
        let mut table = "| action | parameters | on |\n| --- | --- | --- |\n".to_owned();
        for action in actions {
            let row = row(&action, &records).await;
            refused.extend(row.refused);
            table.push_str(&row.text);
            table.push('\n');
        }
        page = replaced(&page, &place, &table);
    }
    for name in refused {
        assert!(quoted(&page).contains(&name), "{PAGE} does not say that `{name}` is refused");
    }
    if std::env::var_os("ROLEGATE_UPDATE_DOCS").is_some() {
        fs::write(root().join(PAGE), &page).unwrap();
        return;
    }
    let changed = page.lines().zip(old.lines()).find(|(new, old)| new != old);
    assert!(
        page == old,
        "{PAGE} is not what the code says, first here: {changed:?}; ROLEGATE_UPDATE_DOCS=1 cargo test --test docs \
         tables_of_actions writes it anew"
    );
}
