//! The parameters of simulations, and their bounds (security rule 28).

use super::refused::{Refused, cut};
use super::source;
use crate::entity::{NameError, policy_document};
use crate::iam::fields::Fields;
use crate::iam::{Error, Page};
use crate::types::{AccountId, Arn, Context, Principal, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::net::IpAddr;

/// Actions times resources of a call.
pub(super) const MAX_QUESTIONS: usize = 1000;
/// Given policies of a kind.
pub(super) const MAX_POLICIES: usize = 20;
/// Characters of all given policies.
pub(super) const MAX_CHARACTERS: usize = 131_072;
/// Context entries, and values of one.
pub(super) const MAX_ENTRIES: usize = 200;

/// What to simulate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// PolicyInputList.
    pub policies: Vec<String>,
    /// PermissionsBoundaryPolicyInputList: one at most.
    pub boundary: Option<String>,
    /// ActionNames.
    pub actions: Vec<String>,
    /// ResourceArns, `*` if none was given.
    pub resources: Vec<String>,
    /// ResourcePolicy.
    pub resource_policy: Option<String>,
    /// ResourceOwner: the account of resources whose ARNs do not name one.
    pub owner: Option<AccountId>,
    /// CallerArn.
    pub caller: Option<Principal>,
    /// ContextEntries.
    pub context: Context,
    /// Marker and MaxItems.
    pub page: Page,
}

impl Simulation {
    /// `custom`: PolicyInputList must be given.
    pub(super) fn parse(fields: &Fields<'_>, custom: bool) -> Result<Self, Error> {
        not_served(fields, custom)?;
        let policies = policies(fields, custom)?;
        let mut boundaries =
            documents(fields, "PermissionsBoundaryPolicyInputList", "permissionsBoundaryPolicyInputList")?;
        if boundaries.len() > 1 {
            let field = "permissionsBoundaryPolicyInputList";
            return Err(Refused::TooManyMembers { field, max: 1 }.into());
        }
        let resource_policy = fields.raw("ResourcePolicy").map(str::to_owned);
        if let Some(policy) = &resource_policy {
            policy_document("resourcePolicy", policy)?;
        }
        let given = policies.iter().chain(&boundaries).chain(&resource_policy);
        if given.map(|policy| policy.chars().count()).sum::<usize>() > MAX_CHARACTERS {
            return Err(Refused::PoliciesTooLong { max: MAX_CHARACTERS }.into());
        }
        // Scenarios of EC2, which nothing here has; AWS too ignores them for all other actions.
        if let Some(option) = fields.raw("ResourceHandlingOption") {
            bounded("resourceHandlingOption", option, 1, 64)?;
        }
        let (actions, resources) = (actions(fields)?, resources(fields)?);
        if actions.len().saturating_mul(resources.len()) > MAX_QUESTIONS {
            let (actions, resources) = (actions.len(), resources.len());
            return Err(Refused::TooManyQuestions { actions, resources, max: MAX_QUESTIONS }.into());
        }
        let default_account = fields.caller().default_account;
        Ok(Self {
            policies,
            boundary: boundaries.pop(),
            actions,
            resources,
            resource_policy,
            owner: fields.raw("ResourceOwner").map(|text| owner(text, default_account)).transpose()?,
            caller: fields.raw("CallerArn").map(|text| source::caller(text, default_account)).transpose()?,
            context: context(fields)?,
            page: fields.page()?,
        })
    }
}

/// Refuses parameters that AWS defines and this version does not serve: without them another question is answered.
fn not_served(fields: &Fields<'_>, custom: bool) -> Result<(), Error> {
    let (parameter, action) = match custom {
        true => ("OrderedOrganizationPolicyInputList", "SimulateCustomPolicy"),
        false => ("PolicyExclusionList", "SimulatePrincipalPolicy"),
    };
    let given = fields.parameters().has(parameter);
    if given { Err(Error::UnsupportedParameter { parameter, action }) } else { Ok(()) }
}

/// PolicyInputList.
pub(super) fn policies(fields: &Fields<'_>, must: bool) -> Result<Vec<String>, Error> {
    let policies = documents(fields, "PolicyInputList", "policyInputList")?;
    if must && !fields.parameters().has("PolicyInputList") {
        return Err(NameError::Missing { field: "policyInputList" }.into());
    }
    if policies.iter().map(|policy| policy.chars().count()).sum::<usize>() > MAX_CHARACTERS {
        return Err(Refused::PoliciesTooLong { max: MAX_CHARACTERS }.into());
    }
    Ok(policies)
}

fn documents(fields: &Fields<'_>, name: &str, field: &'static str) -> Result<Vec<String>, Error> {
    let documents = fields.parameters().list(name)?;
    if documents.len() > MAX_POLICIES {
        return Err(Refused::TooManyMembers { field, max: MAX_POLICIES }.into());
    }
    documents.into_iter().map(|text| Ok(policy_document(field, text).map(|()| text.to_owned())?)).collect()
}

fn actions(fields: &Fields<'_>) -> Result<Vec<String>, Error> {
    let actions = fields.parameters().list("ActionNames")?;
    if actions.is_empty() {
        return Err(NameError::Missing { field: "actionNames" }.into());
    }
    let read = |text: &str| {
        bounded("actionNames", text, 3, 128)?;
        let plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        match text.split_once(':') {
            Some((service, name)) if plain(service) && plain(name) => Ok(text.to_owned()),
            _ => Err(Refused::Action(cut(text)).into()),
        }
    };
    actions.into_iter().map(read).collect()
}

fn resources(fields: &Fields<'_>) -> Result<Vec<String>, Error> {
    let resources = fields.parameters().list("ResourceArns")?;
    if resources.is_empty() {
        return Ok(vec!["*".to_owned()]);
    }
    let read = |text: &str| {
        bounded("resourceArns", text, 1, 2048)?;
        if text == "*" || Arn::parse(text).is_ok() {
            Ok(text.to_owned())
        } else {
            Err(Refused::Resource(cut(text)).into())
        }
    };
    resources.into_iter().map(read).collect()
}

/// The resource as requests and compiled policies name it: an empty account of IAM or STS is the configured one.
pub(super) fn full_name(resource: &str, default_account: &AccountId) -> String {
    match Arn::parse(resource) {
        Ok(arn) if matches!(arn.service.as_str(), "iam" | "sts") && arn.account.is_empty() => {
            Arn { account: default_account.to_string(), ..arn }.to_string()
        }
        _ => resource.to_owned(),
    }
}

/// An account id, or the ARN of its root.
fn owner(text: &str, default_account: &AccountId) -> Result<AccountId, Refused> {
    let invalid = || Refused::Owner(cut(text));
    let written = match Arn::parse(text) {
        Ok(arn) if arn.service == "iam" && arn.resource == "root" => arn.account,
        Ok(_) => return Err(invalid()),
        Err(_) => text.to_owned(),
    };
    let account = AccountId::parse(&written).map_err(|_| invalid())?;
    Ok(if account.is_empty() { default_account.clone() } else { account })
}

fn context(fields: &Fields<'_>) -> Result<Context, Error> {
    let parameters = fields.parameters();
    let members = parameters.members("ContextEntries")?;
    if members.len() > MAX_ENTRIES {
        return Err(Refused::TooManyMembers { field: "contextEntries", max: MAX_ENTRIES }.into());
    }
    let mut context = Context::new();
    for member in members {
        let missing = |field: &'static str| Error::from(NameError::Missing { field });
        let key =
            parameters.field(&member, "ContextKeyName").ok_or_else(|| missing("contextEntries.contextKeyName"))?;
        bounded("contextEntries.contextKeyName", key, 5, 256)?;
        let values = parameters.list(&format!("{member}.ContextKeyValues"))?;
        if values.len() > MAX_ENTRIES {
            return Err(Refused::TooManyMembers { field: "contextEntries.contextKeyValues", max: MAX_ENTRIES }.into());
        }
        let kind = parameters.field(&member, "ContextKeyType").unwrap_or("string");
        set(&mut context, key, kind, &values)?;
    }
    Ok(context)
}

/// Sets a key to values of a type, as AWS names types: `string`, `stringList`, …
pub(super) fn set(context: &mut Context, key: &str, kind: &str, values: &[&str]) -> Result<(), Refused> {
    let (scalar, list) = kind.strip_suffix("List").map_or((kind, false), |scalar| (scalar, true));
    let (fits, wanted): (fn(&str) -> bool, _) = match scalar {
        "string" => (|_| true, "texts"),
        "numeric" => (|text| text.parse::<f64>().is_ok_and(f64::is_finite), "numbers"),
        "boolean" => (|text| text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"), "true or false"),
        "ip" => (is_network, "addresses"),
        "binary" => (|text| STANDARD.decode(text).is_ok(), "base64"),
        "date" => (|text| Timestamp::parse_iso8601(text).is_ok() || text.parse::<i64>().is_ok(), "dates"),
        _ => return Err(Refused::KeyType(cut(kind))),
    };
    let wrong = |wanted| Refused::Values { key: cut(key), wanted };
    if !values.iter().all(|value| fits(value)) {
        return Err(wrong(wanted));
    }
    let mut values = values.iter().map(|value| value.as_bytes().to_vec());
    match (list, values.len()) {
        (true, _) => context.set_many(key.to_owned(), values.collect()),
        (false, 1) => context.set(key.to_owned(), values.next().unwrap_or_default()),
        (false, _) => return Err(wrong("one value; a list has a type that ends in List")),
    }
    Ok(())
}

/// Puts given entries in the place of what is there.
pub(super) fn overlay(context: &mut Context, given: &Context) {
    for (key, values) in given.iter() {
        match values.single() {
            Some(value) => context.set(key.to_owned(), value),
            None => context.set_many(key.to_owned(), values.iter().map(<[u8]>::to_vec).collect()),
        }
    }
}

fn is_network(text: &str) -> bool {
    let address = text.split_once('/').map_or(text, |(address, _)| address);
    address.parse::<IpAddr>().is_ok()
}

fn bounded(field: &'static str, text: &str, min: usize, max: usize) -> Result<(), NameError> {
    match text.chars().count() {
        count if count < min => Err(NameError::TooShort { field, min }),
        count if count > max => Err(NameError::TooLong { field, max }),
        _ => Ok(()),
    }
}
