//! The one budget for request bodies held in memory (security rule 28).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that all requests together may hold.
#[derive(Debug, Clone)]
pub(super) struct BufferBudget {
    left: Arc<AtomicUsize>,
}

/// A request's share; given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    left: Arc<AtomicUsize>,
    taken: usize,
}

impl BufferBudget {
    /// A budget of so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self { left: Arc::new(AtomicUsize::new(bytes)) }
    }

    /// A share of nothing, to be widened.
    pub(super) fn share(&self) -> Share {
        Share { left: Arc::clone(&self.left), taken: 0 }
    }
}

impl Share {
    /// Makes the share at least `bytes`; false, and nothing taken, if the budget does not hold that.
    pub(super) fn widen_to(&mut self, bytes: usize) -> bool {
        bytes <= self.taken || self.widen(bytes - self.taken)
    }

    /// Takes `bytes` more; false, and nothing taken, if the budget does not hold them.
    pub(super) fn widen(&mut self, bytes: usize) -> bool {
        let took = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok();
        if took {
            self.taken = self.taken.saturating_add(bytes);
        }
        took
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.left.fetch_add(self.taken, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_28_shares_come_out_of_one_budget_and_go_back() {
        let budget = BufferBudget::new(10);
        let (mut one, mut two) = (budget.share(), budget.share());
        assert!(one.widen(6) && !two.widen(5) && two.widen(4) && !one.widen(1));
        drop(one);
        assert!(two.widen(6) && !two.widen(1));
        assert!(two.widen_to(10) && !two.widen_to(11));
    }
}
