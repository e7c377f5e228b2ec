//! The account as a whole: its counts and quotas, its name.

mod summary;

use super::Error;
use super::about::anything;
use super::answer::{Body, write_end, write_list};
use super::target::Call;
use crate::entity::Account;
use crate::store::{RecordKey, Versioned};
use crate::wire::xml::XmlWriter;

/// A call about the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Counts and quotas.
    GetAccountSummary,
    /// The account's name, as AWS's aliases.
    ListAccountAliases,
    /// There are no passwords, and so no policy for them.
    GetAccountPasswordPolicy,
}

/// The request of `action`; none if the action is not about the account.
pub(super) fn parse(action: &str) -> Option<Request> {
    Some(match action {
        "GetAccountSummary" => Request::GetAccountSummary,
        "ListAccountAliases" => Request::ListAccountAliases,
        "GetAccountPasswordPolicy" => Request::GetAccountPasswordPolicy,
        _ => return None,
    })
}

impl Request {
    /// The IAM action that must be allowed.
    pub fn action(self) -> &'static str {
        match self {
            Self::GetAccountSummary => "iam:GetAccountSummary",
            Self::ListAccountAliases => "iam:ListAccountAliases",
            Self::GetAccountPasswordPolicy => "iam:GetAccountPasswordPolicy",
        }
    }

    pub(super) async fn execute(self, call: &Call<'_>) -> Result<Body, Error> {
        call.covers(call.action, &anything())?;
        match self {
            Self::GetAccountSummary => Ok(Body::Account(Answer::Summary(summary::of(call).await?))),
            Self::ListAccountAliases => {
                let found: Option<Versioned<Account>> =
                    call.scene.records.get(&RecordKey::account(call.account())).await?;
                let name = found.map(|found| found.value.name).filter(|name| !name.is_empty());
                Ok(Body::Account(Answer::Aliases(name.into_iter().collect())))
            }
            Self::GetAccountPasswordPolicy => Err(Error::NoPasswordPolicy(call.account().clone())),
        }
    }
}

/// What calls about the account answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Counts and quotas by AWS's names.
    Summary(Vec<(&'static str, usize)>),
    /// The account's name, if it has one.
    Aliases(Vec<String>),
}

impl Answer {
    pub(in crate::iam) fn write(&self, w: &mut XmlWriter) {
        match self {
            Self::Summary(entries) => {
                w.element("SummaryMap", |w| {
                    for (name, number) in entries {
                        w.element("entry", |w| {
                            w.text("key", name).text("value", &number.to_string());
                        });
                    }
                });
            }
            Self::Aliases(names) => {
                write_list("AccountAliases", names, w, |name, w| w.push_text(name));
                write_end(None, w);
            }
        }
    }
}

#[cfg(test)]
mod tests;
