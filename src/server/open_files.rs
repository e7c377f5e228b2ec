//! How many files the process may have open: each connection is one, at both sides of the gate.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files beside connections: logs, the store, listeners, what the runtimes have.
const OTHERS: u64 = 128;

/// Raises the process's own limit to what so many clients may take, and says so where the system does not let it.
pub(super) fn allow_for(max_connections: usize) {
    let wanted = wanted(max_connections);
    let limit = getrlimit(Resource::Nofile);
    let raised = raised(&limit, wanted);
    let now = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current,
        Err(_) => limit.current,
    };
    if let Some(now) = now.filter(|now| *now < wanted) {
        tracing::warn!(
            "this process may open {now} files, and {max_connections} clients (listen.max_connections) may need \
             {wanted}: raise the limit (ulimit -n, LimitNOFILE= of systemd), or lower listen.max_connections"
        );
    }
}

/// A client has its connection, and while it is served one to the backend.
fn wanted(max_connections: usize) -> u64 {
    u64::try_from(max_connections).unwrap_or(u64::MAX).saturating_mul(2).saturating_add(OTHERS)
}

/// The limit with its soft part raised as far as is wanted and the hard part lets it. None is no limit.
fn raised(limit: &Rlimit, wanted: u64) -> Rlimit {
    let most = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    Rlimit { current: limit.current.map(|current| current.max(most)), maximum: limit.maximum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_raised_never_lowered_and_never_beyond_the_hard_one() {
        let raise = |current, maximum| raised(&Rlimit { current, maximum }, wanted(500)).current;
        assert_eq!(wanted(500), 1128);
        assert_eq!(raise(Some(1024), Some(4096)), Some(1128));
        assert_eq!(raise(Some(1024), Some(1100)), Some(1100));
        assert_eq!(raise(Some(1024), None), Some(1128));
        assert_eq!(raise(Some(4096), Some(4096)), Some(4096));
        assert_eq!(raise(None, None), None);
    }
}
