//! Simulation: what would be decided, for given policies or for a user, role or group of the account, and which
//! context keys policies read.
//!
//! Decided by the code that decides requests: the slots are assembled by [`crate::authz::Subject`] and judged by the
//! policy engine; what the gate could not know it denies, as there (security rules 11, 18). Bounded (security rule
//! 28): how many questions a call may put, how long its policies may be, and how much of it one answer works off.

mod answer;
mod assembly;
mod explain;
mod input;
mod refused;
mod run;
mod source;

pub use answer::{Answer, Evaluation, Matched};
pub use explain::{ExplainError, Question, explain};
pub use input::Simulation;
pub use refused::Refused;
pub use source::Source;

use super::Error;
use super::about::{About, Target};
use super::answer::Body;
use super::fields::Fields;
use super::target::Call;

/// A call about simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields carry the names of AWS's parameters")]
pub enum Request {
    /// Simulates given policies.
    SimulateCustomPolicy(Box<Simulation>),
    /// Simulates the policies of a user, role or group, and given ones beside them.
    SimulatePrincipalPolicy { source: Source, simulation: Box<Simulation> },
    /// Lists the context keys that given policies read.
    GetContextKeysForCustomPolicy { policies: Vec<String> },
    /// Lists those that the policies of a user, role or group read, and given ones beside them.
    GetContextKeysForPrincipalPolicy { source: Source, policies: Vec<String> },
}

/// The request of `action`; none if the action is not about simulation.
pub(super) fn parse(action: &str, fields: &Fields<'_>) -> Option<Result<Request, Error>> {
    let read: fn(&Fields<'_>) -> Result<Request, Error> = match action {
        "SimulateCustomPolicy" => {
            |fields| Ok(Request::SimulateCustomPolicy(Box::new(Simulation::parse(fields, true)?)))
        }
        "SimulatePrincipalPolicy" => |fields| {
            let source = Source::parse(fields)?;
            Ok(Request::SimulatePrincipalPolicy { source, simulation: Box::new(Simulation::parse(fields, false)?) })
        },
        "GetContextKeysForCustomPolicy" => {
            |fields| Ok(Request::GetContextKeysForCustomPolicy { policies: input::policies(fields, true)? })
        }
        "GetContextKeysForPrincipalPolicy" => |fields| {
            let source = Source::parse(fields)?;
            Ok(Request::GetContextKeysForPrincipalPolicy { source, policies: input::policies(fields, false)? })
        },
        _ => return None,
    };
    Some(read(fields))
}

impl Request {
    /// The IAM action that must be allowed.
    pub fn action(&self) -> &'static str {
        match self {
            Self::SimulateCustomPolicy(_) => "iam:SimulateCustomPolicy",
            Self::SimulatePrincipalPolicy { .. } => "iam:SimulatePrincipalPolicy",
            Self::GetContextKeysForCustomPolicy { .. } => "iam:GetContextKeysForCustomPolicy",
            Self::GetContextKeysForPrincipalPolicy { .. } => "iam:GetContextKeysForPrincipalPolicy",
        }
    }

    /// What the call is about.
    pub(super) fn about(&self) -> About<'_> {
        match self {
            Self::SimulateCustomPolicy(_) | Self::GetContextKeysForCustomPolicy { .. } => About::new(Target::Anything),
            Self::SimulatePrincipalPolicy { source, .. } | Self::GetContextKeysForPrincipalPolicy { source, .. } => {
                About::new(source.target())
            }
        }
    }

    pub(super) async fn execute(&self, call: &Call<'_>) -> Result<Body, Error> {
        let answer = match self {
            Self::SimulateCustomPolicy(simulation) => run::custom(call, simulation).await?,
            Self::SimulatePrincipalPolicy { source, simulation } => run::principal(call, source, simulation).await?,
            Self::GetContextKeysForCustomPolicy { policies } => run::custom_keys(call, policies)?,
            Self::GetContextKeysForPrincipalPolicy { source, policies } => {
                run::principal_keys(call, source, policies).await?
            }
        };
        Ok(Body::Simulated(answer))
    }
}

#[cfg(test)]
mod tests;
