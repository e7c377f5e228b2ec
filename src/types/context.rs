//! The request context: what condition keys and policy variables read.
//!
//! Keys have no case (the tag key after the `/` included). A key is either single-valued or a set,
//! whatever the number of its values; a set may be empty only by being absent.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

/// The values of one context key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextValues {
    /// A single-valued key.
    One(Vec<u8>),
    /// A multi-valued key (`aws:TagKeys`, …), with at least one value.
    Set(Vec<Vec<u8>>),
}

impl ContextValues {
    /// All values in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let slice = match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Set(values) => values.as_slice(),
        };
        slice.iter().map(Vec::as_slice)
    }

    /// The value of a single-valued key. A set has none, even with one value: variables cannot read sets.
    pub fn single(&self) -> Option<&[u8]> {
        match self {
            Self::One(value) => Some(value),
            Self::Set(_) => None,
        }
    }
}

/// All keys of one request's context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    entries: Vec<(Cow<'static, str>, ContextValues)>,
}

impl Context {
    /// An empty context.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a single-valued key; an earlier value of the key is replaced.
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Vec<u8>>) {
        self.put(key.into(), ContextValues::One(value.into()));
    }

    /// Sets a multi-valued key; without values the key stays absent.
    pub fn set_many(&mut self, key: impl Into<Cow<'static, str>>, values: Vec<Vec<u8>>) {
        if !values.is_empty() {
            self.put(key.into(), ContextValues::Set(values));
        }
    }

    /// Sets a key that may have several values: one makes it single-valued, none leaves it absent.
    pub fn set_values(&mut self, key: impl Into<Cow<'static, str>>, mut values: Vec<Vec<u8>>) {
        match (values.pop(), values.is_empty()) {
            (None, _) => {}
            (Some(only), true) => self.set(key, only),
            (Some(last), false) => {
                values.push(last);
                self.set_many(key, values);
            }
        }
    }

    fn put(&mut self, key: Cow<'static, str>, values: ContextValues) {
        match self.entries.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&key)) {
            Some((_, known)) => *known = values,
            None => self.entries.push((key, values)),
        }
    }

    /// The values of `key`, sought without regard to (ASCII) case.
    pub fn get(&self, key: &str) -> Option<&ContextValues> {
        self.entries.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, values)| values)
    }

    /// The keys and values in the order in which they were set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ContextValues)> {
        self.entries.iter().map(|(key, values)| (key.as_ref(), values))
    }
}

/// What decisions read: a context, or one that is made when it is first read.
pub trait ReadContext: fmt::Debug {
    /// The values of `key`, sought without regard to (ASCII) case.
    fn get(&self, key: &str) -> Option<&ContextValues>;

    /// All of it, for reports.
    fn whole(&self) -> &Context;
}

impl ReadContext for Context {
    fn get(&self, key: &str) -> Option<&ContextValues> {
        Self::get(self, key)
    }

    fn whole(&self) -> &Context {
        self
    }
}

/// A context that is made when a decision first reads a key: most decisions read none, and a context is some twenty
/// texts.
pub struct LazyContext<'a> {
    make: Box<dyn Fn() -> Context + Send + Sync + 'a>,
    made: OnceLock<Context>,
}

impl<'a> LazyContext<'a> {
    /// The context that `make` makes. INVARIANT of the caller: `make` gives the same whenever it is called.
    pub fn new(make: impl Fn() -> Context + Send + Sync + 'a) -> Self {
        Self { make: Box::new(make), made: OnceLock::new() }
    }
}

impl ReadContext for LazyContext<'_> {
    fn get(&self, key: &str) -> Option<&ContextValues> {
        self.whole().get(key)
    }

    fn whole(&self) -> &Context {
        self.made.get_or_init(&self.make)
    }
}

impl fmt::Debug for LazyContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LazyContext").field(&self.made.get()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_no_case_and_the_last_value_stands() {
        let mut context = Context::new();
        context.set("aws:PrincipalTag/Team", "red");
        context.set("AWS:principaltag/team", "blue");
        assert_eq!(context.get("aws:principaltag/TEAM").and_then(ContextValues::single), Some(&b"blue"[..]));
        assert_eq!(context.iter().count(), 1);
    }

    #[test]
    fn a_set_is_not_a_single_value_and_an_empty_set_is_absent() {
        let mut context = Context::new();
        context.set_many("aws:TagKeys", vec![b"a".to_vec()]);
        context.set_many("aws:CalledVia", vec![]);
        assert_eq!(context.get("aws:TagKeys").and_then(ContextValues::single), None);
        assert!(context.get("aws:CalledVia").is_none());
    }

    #[test]
    fn one_of_several_possible_values_is_single() {
        let mut context = Context::new();
        for (key, values) in [("idp:none", &[][..]), ("idp:one", &["a"]), ("idp:two", &["a", "b"])] {
            context.set_values(key, values.iter().map(|value| value.as_bytes().to_vec()).collect());
        }
        assert!(context.get("idp:none").is_none());
        assert_eq!(context.get("idp:one").and_then(ContextValues::single), Some(&b"a"[..]));
        assert_eq!(context.get("idp:two"), Some(&ContextValues::Set(vec![b"a".to_vec(), b"b".to_vec()])));
    }

    #[test]
    fn a_lazy_context_is_made_once_and_only_if_it_is_read() {
        let made = std::sync::atomic::AtomicU32::new(0);
        let lazy = LazyContext::new(|| {
            made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let mut context = Context::new();
            context.set("aws:userid", "U");
            context
        });
        assert_eq!(made.load(std::sync::atomic::Ordering::Relaxed), 0);
        let read: &dyn ReadContext = &lazy;
        assert_eq!(read.get("AWS:UserId").and_then(ContextValues::single), Some(&b"U"[..]));
        assert!(read.get("aws:username").is_none());
        assert_eq!(made.load(std::sync::atomic::Ordering::Relaxed), 1);
    }
}
