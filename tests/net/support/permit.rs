//! The proof that a forward needs. These tests are about bytes, not about rights: they take the operator's.

use rolegate::authz::{Permit, operator};
use rolegate::types::AccountId;

/// A permit for nothing in particular.
pub(crate) fn permit() -> Permit {
    operator(&AccountId::empty(), Vec::new())
}
