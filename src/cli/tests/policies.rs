//! Managed policies, their validation, and questions to policies.

use super::*;

#[test]
fn policies_may_come_from_a_file() {
    let home = Home::new("");
    let file = home.folder.path().join("trust.json");
    std::fs::write(&file, format!("{TRUST}\n")).unwrap();
    let created = home.ok(&["role", "create", "--role-name=R", "--infile", file.to_str().unwrap()]);
    assert_eq!(json(&created)["assume_role_policy_document"], TRUST);
    std::fs::write(&file, POLICY).unwrap();
    home.ok(&["role-policy", "put", "--role-name=R", "--policy-name=P", "--infile", file.to_str().unwrap()]);
    let both = ["role-policy", "put", "--role-name=R", "--policy-name=P", "--policy-doc=x", "--infile=y"];
    home.fails(22, &both);
}

#[test]
fn managed_policies_are_made_versioned_attached_and_removed() {
    let home = Home::new("");
    home.ok(&["role", "create", "--role-name=R", &format!("--assume-role-policy-doc={TRUST}")]);
    let document = format!("--policy-doc={POLICY}");
    let made = json(&home.ok(&["policy", "create", "--policy-name=P", "--path=/a/", "--description=d", &document]));
    assert_eq!((&made["arn"], &made["default_version_id"]), (&"arn:aws:iam:::policy/a/P".into(), &"v1".into()));
    let arn = "--policy-arn=arn:aws:iam:::policy/a/P";
    assert_eq!(json(&home.ok(&["policy", "get", arn]))["policy_document"], POLICY);
    assert_eq!(json(&home.ok(&["policy", "list"])).as_array().unwrap().len(), 1);
    assert_eq!(json(&home.ok(&["policy", "list", "--scope=All"])).as_array().unwrap().len(), 8);
    assert_eq!(
        home.ok(&["policy", "attach", arn, "--role-name=R"]),
        "Policy: arn:aws:iam:::policy/a/P successfully attached to role R\n"
    );
    assert_eq!(json(&home.ok(&["policy", "get", arn]))["attachment_count"], 1);
    assert_eq!(home.fails(39, &["policy", "rm", arn]), "rolegate: Cannot delete a policy attached to entities.\n");
    home.ok(&["policy", "detach", arn, "--role-name=R"]);
    let version = json(&home.ok(&["policy", "create-version", arn, &document, "--set-as-default"]));
    assert_eq!((&version["version_id"], &version["is_default_version"]), (&"v2".into(), &true.into()));
    home.fails(39, &["policy", "delete-version", arn, "--version-id=v2"]);
    home.ok(&["policy", "set-default-version", arn, "--version-id=v1"]);
    home.ok(&["policy", "delete-version", arn, "--version-id=v2"]);
    assert_eq!(json(&home.ok(&["policy", "list-versions", arn])).as_array().unwrap().len(), 1);
    home.ok(&["policy", "delete", arn]);
    home.fails(2, &["policy", "get", arn]);
    home.fails(2, &["policy", "attach", arn, "--role-name=R"]);
    home.fails(22, &["policy", "attach", arn]);
    home.fails(22, &["policy", "attach", arn, "--role-name=R", "--user-name=U"]);
    home.fails(
        122,
        &[
            "policy",
            "create",
            "--policy-name=L",
            &format!("--policy-doc={}", POLICY.replace("example", &"e".repeat(7000))),
        ],
    );
}

#[test]
fn rule_14_validation_names_places_and_principals_that_do_not_resolve() {
    let home = Home::new("");
    let file = |name: &str, text: &str| {
        let path = home.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = file("good.json", &POLICY.replace("example_bucket", "example_bucket/*").replace("s3:*", "s3:GetObject"));
    assert_eq!(home.ok(&["policy", "validate", &good]), "No findings.\n");
    let bad = file(
        "bad.json",
        "{\"Version\":\"2012-10-17\",\n\"Statement\":{\"Effect\":\"Permit\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}",
    );
    let ended = home.run(&["policy", "validate", &bad]);
    assert_eq!((ended.status, ended.err.as_str()), (1, "rolegate: the policy has 1 error\n"));
    assert!(ended.out.starts_with(&format!("{bad}:2:23: ERROR INVALID_EFFECT: ")), "{}", ended.out);
    let trust = file("trust.json", TRUST);
    let line = ["policy", "validate", &trust, "--type=trust", "--format=json"];
    let found = json(&home.ok(&line));
    assert_eq!(found[0]["issueCode"], "UNRESOLVED_PRINCIPAL", "{found}");
    assert_eq!(found[0]["span"]["start"]["line"], 1);
    home.ok(&["user", "create", "--uid=TESTER"]);
    assert_eq!(home.ok(&line), "[]\n");
    home.fails(2, &["policy", "validate", "/nowhere.json"]);
    home.fails(22, &["policy", "validate", &good, "--type=other"]);
}

#[test]
fn questions_are_simulated_and_explained() {
    let home = Home::new("");
    home.ok(&["user", "create", "--uid=TESTER", "--caps=roles=*"]);
    home.ok(&["role", "create", "--role-name=R", &format!("--assume-role-policy-doc={TRUST}")]);
    let tagged = POLICY.replace("}]", ",\"Condition\":{\"IpAddress\":{\"aws:SourceIp\":\"10.0.0.0/8\"}}}]");
    home.ok(&["role-policy", "put", "--role-name=R", "--policy-name=P", &format!("--policy-doc={tagged}")]);
    let asked =
        ["policy", "simulate", "--principal=arn:aws:iam:::role/R", "--action=s3:ListBucket", "--action=s3:GetObject"];
    let resource = "--resource=arn:aws:s3:::example_bucket";
    let found = json(&home.ok(&[&asked[..], &[resource, "--context=aws:SourceIp=10.1.1.1"]].concat()));
    assert_eq!(
        (&found[0]["EvalDecision"], &found[0]["MatchedStatements"][0]["SourcePolicyId"]),
        (&"allowed".into(), &"role_R_P".into())
    );
    let found = json(&home.ok(&[&asked[..], &[resource]].concat()));
    assert_eq!(
        (&found[0]["EvalDecision"], &found[0]["MissingContextValues"][0]),
        (&"implicitDeny".into(), &"aws:SourceIp".into())
    );
    home.fails(22, &[&asked[..], &["--context=nothing"]].concat());
    home.fails(22, &["policy", "simulate", "--action=s3:GetObject"]);

    let role = "arn:aws:iam:::role/R";
    let text = home.ok(&["explain", "TESTER", "sts:AssumeRole", role]);
    assert!(text.starts_with(&format!("arn:aws:iam:::user/TESTER may perform sts:AssumeRole on {role}.\n")), "{text}");
    assert!(text.contains("of the role trust policy allows it"), "{text}");
    let text = home.ok(&["explain", "TESTER", "iam:CreateRole", "arn:aws:iam:::role/New"]);
    assert!(text.contains(" may perform ") && text.contains("identity-based policy rolegate:caps"), "{text}");
    let text = home.ok(&["explain", "arn:aws:sts:::assumed-role/R/Bob", "iam:CreateRole", "arn:aws:iam:::role/New"]);
    assert!(text.starts_with("arn:aws:sts:::assumed-role/R/Bob may not perform"), "{text}");
    let text = home.ok(&["explain", "anonymous", "sts:AssumeRole", role]);
    assert!(text.starts_with("Anonymous may not perform"), "{text}");
    assert!(home.fails(2, &["explain", "TESTER", "s3:GetObject", "arn:aws:s3:::none/k"]).contains("has no record"));
    home.fails(2, &["explain", "NOBODY", "s3:ListAllMyBuckets", "arn:aws:s3:::*"]);
    home.fails(22, &["explain", "arn:aws:iam:::group/G", "s3:ListAllMyBuckets", "arn:aws:s3:::*"]);
    home.fails(22, &["explain", "TESTER", "s3:GetObject"]);
    // Nothing that no request asks for is said to be allowed.
    for (action, resource, part) in [
        ("s3:GetObjekt", "arn:aws:s3:::b/k", "no request here asks for the action s3:GetObjekt"),
        ("iam:Create*", role, "without wildcards"),
        ("GetObject", "arn:aws:s3:::b/k", "one such as s3:GetObject"),
        ("iam:CreateRole", "New", "New is not a resource"),
    ] {
        let err = home.fails(22, &["explain", "TESTER", action, resource]);
        assert!(err.contains(part), "{action}: {err}");
    }
    let text = home.ok(&["explain", "TESTER", "iam:CreateRole", "*"]);
    assert!(text.contains("no request asks for iam:CreateRole on such a resource"), "{text}");
    assert!(text.contains("it is asked for on arn:aws:iam::{account}:role/*."), "{text}");
    let text = home.ok(&["explain", "TESTER", "STS:getcalleridentity", "*"]);
    assert_eq!(text, "No policy decides sts:GetCallerIdentity: every valid identity may call it.\n");
}

#[test]
fn questions_may_leave_the_configured_account_out() {
    let home = Home::new("[identity]\naccount_id = '123456789012'\n");
    home.ok(&["role", "create", "--role-name=R", &format!("--assume-role-policy-doc={TRUST}")]);
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},{"Effect":"Deny","Action":"iam:GetRole","Resource":"arn:aws:iam:::role/R"}]}"#;
    home.ok(&["role-policy", "put", "--role-name=R", "--policy-name=P", &format!("--policy-doc={policy}")]);
    assert_eq!(json(&home.ok(&["account", "get", "--account-id="]))["id"], "123456789012");
    assert_eq!(home.ok(&["bucket", "list", "--account-id="]), "[]\n");
    for resource in ["arn:aws:iam:::role/R", "arn:aws:iam::123456789012:role/R"] {
        let text = home.ok(&["explain", "arn:aws:iam:::role/R", "iam:GetRole", resource]);
        assert!(text.contains("may not perform iam:GetRole on arn:aws:iam::123456789012:role/R"), "{text}");
        let asked = ["policy", "simulate", "--principal=arn:aws:iam:::role/R", "--action=iam:GetRole"];
        let found = json(&home.ok(&[&asked[..], &[&format!("--resource={resource}")]].concat()));
        let found = (&found[0]["EvalDecision"], &found[0]["EvalResourceName"]);
        assert_eq!(found, (&"explicitDeny".into(), &resource.into()));
    }
}

#[test]
fn policies_of_another_account_are_reached_by_its_id() {
    let home = Home::new("");
    assert_eq!(json(&home.ok(&["account", "create", "--account-id=acme"]))["name"], "acme");
    home.ok(&[
        "user",
        "create",
        "--uid=admin",
        "--account-id=acme",
        "--account-root",
        "--gen-access-key",
        "--gen-secret",
    ]);
    let document = format!("--policy-doc={POLICY}");
    let made = json(&home.ok(&["policy", "create", "--policy-name=P", &document, "--account-id=acme"]));
    assert_eq!(made["arn"], "arn:aws:iam::acme:policy/P");
    assert_eq!(home.ok(&["policy", "list"]), "[]\n");
    let arn = "--policy-arn=arn:aws:iam::acme:policy/P";
    assert!(home.fails(22, &["policy", "get", arn]).contains("of another account"));
    home.ok(&["policy", "attach", arn, "--uid=admin", "--account-id=acme"]);
    assert_eq!(json(&home.ok(&["policy", "get", arn, "--account-id=acme"]))["attachment_count"], 1);
    let asked = ["policy", "simulate", "--principal=arn:aws:iam::acme:user/admin", "--action=iam:GetUser"];
    assert_eq!(json(&home.ok(&[&asked[..], &["--account-id=acme"]].concat()))[0]["EvalDecision"], "allowed");
    home.ok(&["policy", "detach", arn, "--user-name=admin", "--account-id=acme"]);
    home.ok(&["policy", "delete", arn, "--account-id=acme"]);
    home.fails(2, &["policy", "list", "--account-id=none"]);
    home.fails(22, &["user", "create", "--uid=x", "--gen-secret", "--secret=0123456789abcdef"]);
    home.fails(22, &["user", "create", "--uid=x", "--gen-access-key", "--access-key=KEY"]);
}
