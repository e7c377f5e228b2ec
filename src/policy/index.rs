//! Which statements of a policy can match an action on a resource, without looking at all of them.
//!
//! Statements are found by literal action, by vendor where the name has wildcards, and among those by the root of
//! the resource (an S3 bucket) where all its resources have a literal one. What cannot be placed is always looked at.

use super::action::ActionPattern;
use super::statement::Statement;
use std::collections::{HashMap, HashSet};

/// Policies up to this many statements are scanned; a table would cost more than it saves.
const SCAN_LIMIT: usize = 8;
/// Most table entries one statement may take before its roots are no longer told apart.
const MAX_ENTRIES: usize = 64;

/// The index of one policy.
#[derive(Debug, Clone)]
pub(super) enum Index {
    /// So many statements, all looked at.
    Scan(u32),
    Table(Box<Table>),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    by_action: HashMap<Box<str>, Group>,
    by_vendor: HashMap<Box<str>, Group>,
    anything: Group,
}

#[derive(Debug, Clone, Default)]
struct Group {
    by_root: HashMap<Box<[u8]>, Vec<u32>>,
    any_root: Vec<u32>,
}

impl Index {
    /// Builds the index over `statements` in their order.
    pub(super) fn build(statements: &[Statement]) -> Self {
        if statements.len() <= SCAN_LIMIT {
            return Self::Scan(u32::try_from(statements.len()).unwrap_or_default());
        }
        let mut table = Table::default();
        for (number, statement) in (0u32..).zip(statements) {
            table.add(number, statement);
        }
        Self::Table(Box::new(table))
    }

    /// Calls `visit` with the number of every statement that can match, each once, in no particular order.
    pub(super) fn candidates(&self, action: &str, root: &[u8], mut visit: impl FnMut(usize)) {
        match self {
            Self::Scan(count) => (0..*count).for_each(|number| visit(number as usize)),
            Self::Table(table) => {
                let vendor = action.split(':').next().unwrap_or_default();
                let groups = [table.by_action.get(action), table.by_vendor.get(vendor), Some(&table.anything)];
                for group in groups.into_iter().flatten() {
                    let rooted = group.by_root.get(root).into_iter().flatten();
                    rooted.chain(&group.any_root).for_each(|number| visit(*number as usize));
                }
            }
        }
    }
}

impl Table {
    fn add(&mut self, number: u32, statement: &Statement) {
        let names: Option<Vec<_>> = statement.actions.entries.iter().map(named).collect();
        let Some(names) = names.filter(|_| !statement.actions.inverted) else {
            let roots = roots(statement, 1);
            self.anything.add(number, roots.as_ref());
            return;
        };
        // A statement stands once per vendor, or once per literal action where its vendor is not there already.
        let vendors: HashSet<&str> = names.iter().filter(|n| n.literal.is_none()).map(|n| n.vendor).collect();
        let literals: HashSet<&str> =
            names.iter().filter(|n| !vendors.contains(n.vendor)).filter_map(|n| n.literal).collect();
        let roots = roots(statement, vendors.len() + literals.len());
        for vendor in vendors {
            self.by_vendor.entry(vendor.into()).or_default().add(number, roots.as_ref());
        }
        for action in literals {
            self.by_action.entry(action.into()).or_default().add(number, roots.as_ref());
        }
    }
}

impl Group {
    fn add(&mut self, number: u32, roots: Option<&HashSet<&[u8]>>) {
        match roots {
            None => self.any_root.push(number),
            Some(roots) => {
                for root in roots {
                    self.by_root.entry((*root).into()).or_default().push(number);
                }
            }
        }
    }
}

struct Name<'a> {
    vendor: &'a str,
    literal: Option<&'a str>,
}

fn named(pattern: &ActionPattern) -> Option<Name<'_>> {
    match pattern {
        ActionPattern::Any => None,
        ActionPattern::Named { vendor, glob } => {
            let literal = glob.is_literal().then(|| std::str::from_utf8(glob.literal_prefix()).ok()).flatten();
            Some(Name { vendor, literal })
        }
    }
}

/// The roots of all the statement's resources; none if one of them is open or there would be too many entries.
fn roots(statement: &Statement, copies: usize) -> Option<HashSet<&[u8]>> {
    let resources = statement.resources.as_ref().filter(|resources| !resources.inverted)?;
    let roots: Option<HashSet<&[u8]>> = resources.entries.iter().map(|entry| entry.root()).collect();
    roots.filter(|roots| roots.len().saturating_mul(copies) <= MAX_ENTRIES)
}
