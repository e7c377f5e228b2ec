//! What is told about decisions: places, keys, simulation, near misses, plain words, denials.

use super::*;
use crate::types::{Context, Principal, ResourceName};

const A: &str = "111122223333";
const B: &str = "444455556666";

fn account(text: &str) -> AccountId {
    AccountId::parse(text).unwrap()
}

fn user() -> Principal {
    let id = UniqueId::parse("AIDAALICEAAAAAAAAAAAA").unwrap();
    Principal::User { account: account(A), path: "/".into(), name: "alice".into(), id }
}

fn parse(kind: PolicyKind, document: &str) -> Policy {
    let options = ParseOptions { kind, default_account: &account(A), bindings: &Bindings::new() };
    Policy::parse(document, &options).unwrap()
}

const IDENTITY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::b/*"
    },
    {
      "Effect": "Allow",
      "Action": ["s3:PutObject", "s3:DeleteObject"],
      "Resource": "arn:aws:s3:::b/${aws:username}/*",
      "Condition": {
        "StringEquals": {"aws:PrincipalTag/team": ["red", "blue"], "aws:userid": "${aws:UserName}"},
        "Bool": {"aws:SecureTransport": "true"}
      }
    },
    {
      "Sid": "Never",
      "Effect": "Deny",
      "NotAction": "s3:Get*",
      "NotResource": ["arn:aws:s3:::b/*"]
    }
  ]
}"#;

const BUCKET: &str = r#"{"Version":"2012-10-17","Statement":{"Sid":"Others","Effect":"Allow","Principal":{"AWS":["444455556666","arn:aws:iam::444455556666:user/bob"]},"Action":"s3:*","Resource":"arn:aws:s3:::b/*"}}"#;

struct Case {
    principal: Principal,
    resource: ResourceName,
    owner: AccountId,
    context: Context,
}

impl Case {
    fn new() -> Self {
        let (resource, owner) = (ResourceName::object("b", b"alice/k"), account(A));
        Self { principal: user(), resource, owner, context: Context::new() }
    }

    fn request<'a>(&'a self, action: &'a str) -> AuthorizationRequest<'a> {
        let Self { principal, resource, owner, context } = self;
        AuthorizationRequest { principal, action, resource, resource_account: Some(owner), context }
    }
}

fn typed(statement: &DecidingStatement<'_>) -> SourcePolicyType {
    if statement.kind == PolicyKind::Bucket { SourcePolicyType::Resource } else { SourcePolicyType::UserManaged }
}

#[test]
fn keys_are_all_that_conditions_and_variables_read() {
    let policy = parse(PolicyKind::Identity, IDENTITY);
    assert_eq!(policy.context_keys(), ["aws:PrincipalTag/team", "aws:SecureTransport", "aws:userid", "aws:username"]);
    let arns = parse(
        PolicyKind::Identity,
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{
            "ArnLike":{"aws:PrincipalArn":["arn:aws:iam::*:user/${aws:b}","${aws:a}"]},"Null":{"aws:TokenIssueTime":"true"}}}}"#,
    );
    assert_eq!(arns.context_keys(), ["aws:a", "aws:b", "aws:PrincipalArn", "aws:TokenIssueTime"]);
    let old = parse(
        PolicyKind::Identity,
        r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}}"#,
    );
    assert_eq!(old.context_keys(), Vec::<&str>::new());
}

#[test]
fn refusals_tell_their_place_in_the_text() {
    let options = ParseOptions { kind: PolicyKind::Identity, default_account: &account(A), bindings: &Bindings::new() };
    let refused = |text: &str| Policy::parse(text, &options).unwrap_err();
    let error = refused(&IDENTITY.replace("\"s3:DeleteObject\"", "\"Delete\""));
    assert_eq!(error.path().to_string(), "Statement[1].Action[1]");
    let span = error.span().unwrap();
    assert_eq!((span.start.line, span.start.column, span.end.column), (12, 33, 41));
    let cut = refused("{\n  \"Version\": ]");
    assert_eq!(cut.span().map(|span| span.start.line_column()), Some(LineColumn { line: 2, column: 14 }));
    let raw = refused("{\n\"é\u{1}\"}");
    assert_eq!(raw.span().map(|span| (span.start.line, span.start.column)), Some((2, 2)));
    assert_eq!(refused(&" ".repeat(MAX_DOCUMENT_CHARACTERS + 1)).span(), None);
    assert_eq!(refused("{}").span().map(|span| span.end.offset), Some(2));
}

#[test]
fn a_simulation_names_the_statements_that_allowed() {
    let policy = parse(PolicyKind::Identity, IDENTITY);
    let identity = [NamedPolicy { id: "mine", policy: &policy }];
    let case = Case::new();
    let simulation =
        simulate(&case.request("s3:GetObject"), &Policies { identity: &identity, ..Policies::default() }, typed);
    assert_eq!(simulation.eval_decision(), "allowed");
    let [matched] = simulation.matched.as_slice() else { panic!("{simulation:?}") };
    assert_eq!((matched.statement.policy, matched.source.name()), ("mine", "user-managed"));
    let at = |line, column| Some(LineColumn { line, column });
    assert_eq!((matched.start, matched.end), (at(3, 17), at(9, 6)));
    assert_eq!(matched.statement.span().unwrap().start.line, 4);
    assert_eq!((simulation.allowed_by_boundary, simulation.cross_account), (None, false));
    assert_eq!(simulation.decision_details(), []);
}

#[test]
fn a_simulation_names_the_denies_of_all_policies() {
    let (policy, bucket) = (parse(PolicyKind::Identity, IDENTITY), parse(PolicyKind::Bucket, BUCKET));
    let boundary = parse(
        PolicyKind::Boundary,
        r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:List*","Resource":"*"}]}"#,
    );
    let identity = [NamedPolicy { id: "mine", policy: &policy }];
    let boundaries = [NamedPolicy { id: "edge", policy: &boundary }];
    let policies = Policies {
        identity: &identity,
        boundaries: &boundaries,
        resource: Some(NamedPolicy { id: "b", policy: &bucket }),
        ..Policies::default()
    };
    let case = Case { resource: ResourceName::bucket("b"), ..Case::new() };
    let simulation = simulate(&case.request("s3:ListBucket"), &policies, typed);
    assert_eq!(simulation.eval_decision(), "explicitDeny");
    let named: Vec<_> = simulation.matched.iter().map(|m| (m.statement.policy, m.statement.index)).collect();
    assert_eq!(named, [("mine", 2), ("edge", 1)]);
    assert_eq!(simulation.allowed_by_boundary, Some(false));
    assert_eq!(simulation.decision.cause, Some(PolicyKind::Identity));
}

#[test]
fn a_simulation_across_accounts_tells_what_each_kind_says() {
    let bucket = parse(PolicyKind::Bucket, &BUCKET.replace(B, A));
    let policies = Policies { resource: Some(NamedPolicy { id: "b", policy: &bucket }), ..Policies::default() };
    let case = Case { owner: account(B), ..Case::new() };
    let simulation = simulate(&case.request("s3:PutObject"), &policies, typed);
    assert_eq!((simulation.eval_decision(), simulation.cross_account), ("implicitDeny", true));
    assert_eq!(simulation.matched, []);
    let details: Vec<_> =
        simulation.decision_details().iter().map(|v| (v.source_name(), v.outcome.eval_decision())).collect();
    assert_eq!(details, [("IAM Policy", "implicitDeny"), ("Resource Policy", "allowed")]);
}

#[test]
fn near_misses_tell_what_was_wanted_and_found() {
    let (policy, bucket) = (parse(PolicyKind::Identity, IDENTITY), parse(PolicyKind::Bucket, BUCKET));
    let identity = [NamedPolicy { id: "mine", policy: &policy }];
    let resource = Some(NamedPolicy { id: "b", policy: &bucket });
    let policies = Policies { identity: &identity, resource, ..Policies::default() };
    let mut case = Case::new();
    case.context.set("aws:username", "alice");
    case.context.set("aws:userid", "AIDA");
    case.context.set("aws:SecureTransport", "true");
    let request = case.request("s3:PutObject");
    let near = near_misses(&request, &policies);
    let [own, theirs] = near.as_slice() else { panic!("{near:?}") };
    assert_eq!((own.statement.policy, own.statement.index, own.effect), ("mine", 1, Effect::Allow));
    let condition = |key: &str, wanted: &[&str], found: Option<&str>| Miss::Condition {
        operator: "StringEquals".into(),
        key: key.into(),
        wanted: wanted.iter().map(ToString::to_string).collect(),
        found: found.map(|text| vec![text.to_owned()]),
    };
    assert_eq!(
        own.misses,
        [
            condition("aws:PrincipalTag/team", &["red", "blue"], None),
            condition("aws:userid", &["${aws:UserName}"], Some("AIDA"))
        ]
    );
    let wanted = vec![B.to_owned(), format!("arn:aws:iam::{B}:user/bob")];
    assert_eq!(theirs.misses, [Miss::Principal { wanted }]);

    let decision = decide(&request, &policies);
    assert_eq!(decision.missing_keys, Vec::<&str>::new(), "the other condition fails whatever the tag is");
    assert_eq!(simulate(&request, &policies, typed).missing_context, ["aws:PrincipalTag/team"]);
    assert_eq!(
        explain(&request, &policies, &decision),
        "arn:aws:iam::111122223333:user/alice may not perform s3:PutObject on arn:aws:s3:::b/alice/k.\n\
         No identity-based policy allows it.\n\
         Statement (number 2, line 10) of the identity-based policy mine would allow it, but its condition \
         StringEquals on aws:PrincipalTag/team wants red or blue and the request does not have it, and its condition \
         StringEquals on aws:userid wants ${aws:UserName} and the request has AIDA.\n\
         Statement \"Others\" (number 1, line 1) of the resource-based policy b would allow it, but it speaks of \
         444455556666 or arn:aws:iam::444455556666:user/bob."
    );
}

#[test]
fn decisions_are_told_in_plain_words() {
    let policy = parse(PolicyKind::Identity, IDENTITY);
    let identity = [NamedPolicy { id: "mine", policy: &policy }];
    let policies = Policies { identity: &identity, ..Policies::default() };
    let told = |case: &Case, action: &str| {
        let request = case.request(action);
        explain(&request, &policies, &decide(&request, &policies))
    };
    assert_eq!(
        told(&Case::new(), "s3:GetObject"),
        "arn:aws:iam::111122223333:user/alice may perform s3:GetObject on arn:aws:s3:::b/alice/k.\n\
         Statement \"Read\" (number 1, line 4) of the identity-based policy mine allows it."
    );
    let untagged = told(&Case::new(), "s3:PutObject");
    let asked = "Statements asked for keys that the request does not have: aws:username.";
    assert_eq!(untagged.lines().nth(2), Some(asked));
    let other = Case { resource: ResourceName::object("c", b"x\n\x1b[31m\xff"), ..Case::new() };
    assert_eq!(
        told(&other, "s3:PutObject"),
        "arn:aws:iam::111122223333:user/alice may not perform s3:PutObject on arn:aws:s3:::c/x\u{FFFD}\u{FFFD}[31m\u{FFFD}.\n\
         Statement \"Never\" (number 3, line 19) of the identity-based policy mine denies it.\n\
         A matching deny wins over every allow."
    );
}

#[test]
fn a_denial_decodes_to_awss_form() {
    let policy = parse(PolicyKind::Identity, IDENTITY);
    let identity = [NamedPolicy { id: "mine", policy: &policy }];
    let policies = Policies { identity: &identity, ..Policies::default() };
    let mut case = Case { resource: ResourceName::bucket("b"), ..Case::new() };
    case.context.set("aws:username", "alice");
    case.context.set_many("aws:TagKeys", vec![b"x".to_vec(), b"\xff".to_vec()]);
    let request = case.request("s3:ListBucket");
    let denial = DecodedDenial::new(&request, &decide(&request, &policies)).unwrap();
    let text = denial.to_json();
    assert_eq!(
        text,
        concat!(
            r#"{"allowed":false,"explicitDeny":true,"matchedStatements":{"items":[{"statementId":"Never","effect":"DENY","#,
            r#""principals":{"items":[]},"principalGroups":{"items":[]},"actions":{"items":[]},"#,
            r#""notActions":{"items":[{"value":"s3:Get*"}]},"resources":{"items":[]},"#,
            r#""notResources":{"items":[{"value":"arn:aws:s3:::b/*"}]},"conditions":{"items":[]}}]},"#,
            r#""failures":{"items":[]},"context":{"principal":{"id":"AIDAALICEAAAAAAAAAAAA","#,
            r#""arn":"arn:aws:iam::111122223333:user/alice"},"action":"s3:ListBucket","resource":"arn:aws:s3:::b","#,
            r#""conditions":{"items":[{"key":"aws:username","values":{"items":[{"value":"alice"}]}},"#,
            "{\"key\":\"aws:TagKeys\",\"values\":{\"items\":[{\"value\":\"x\"},{\"value\":\"\u{FFFD}\"}]}}]}}}"
        )
    );
    assert_eq!(serde_json::from_str::<DecodedDenial>(&text).unwrap(), denial);
}

#[test]
fn a_denial_of_any_size_fits_the_message() {
    let long = format!("arn:aws:s3:::b/{}", "x".repeat(9_000));
    let document = format!(
        r#"{{"Statement":[{}]}}"#,
        vec![format!(r#"{{"Effect":"Deny","Action":["s3:*","s3:Get*"],"Resource":["{long}","*"]}}"#); 12].join(",")
    );
    let policy = parse(PolicyKind::Identity, &document);
    let identity = [NamedPolicy { id: "mine", policy: &policy }];
    let policies = Policies { identity: &identity, ..Policies::default() };
    let mut case = Case { resource: ResourceName::object("b", &[1; 1024]), ..Case::new() };
    for number in 0..200 {
        case.context.set(format!("aws:RequestTag/{number}"), vec![b'"'; 2_000]);
    }
    let request = case.request("s3:PutObject");
    let denial = DecodedDenial::new(&request, &decide(&request, &policies)).unwrap();
    let text = denial.to_json();
    assert!(text.len() <= MAX_MESSAGE_BYTES && text.len() > MAX_MESSAGE_BYTES / 4, "{}", text.len());
    let short: DecodedDenial = serde_json::from_str(&text).unwrap();
    assert!(short.truncated && short.explicit_deny && !short.matched_statements.items.is_empty());
    assert_eq!(short.matched_statements.items[0].statement_id, "mine#1");
}

#[test]
fn rule_30_other_accounts_and_strangers_get_no_message() {
    let case = Case::new();
    let request = case.request("s3:GetObject");
    let denied = decide(&request, &Policies::default());
    assert!(DecodedDenial::new(&request, &denied).is_some());
    let other = account(B);
    let strangers = [Principal::Anonymous, Principal::WebIdentity { provider: "idp".into() }];
    for principal in &strangers {
        assert_eq!(DecodedDenial::new(&AuthorizationRequest { principal, ..request }, &denied), None);
    }
    let foreign = AuthorizationRequest { resource_account: Some(&other), ..request };
    assert_eq!(DecodedDenial::new(&foreign, &denied), None);
    let nobodys = AuthorizationRequest { resource_account: None, ..request };
    assert_eq!(DecodedDenial::new(&nobodys, &denied), None);
    let allowed = Decision { outcome: Outcome::Allow, statements: Vec::new(), cause: None, missing_keys: Vec::new() };
    assert_eq!(DecodedDenial::new(&request, &allowed), None);
}
