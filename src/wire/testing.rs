//! Calls captured from AWS's SDKs (`tests/corpus/ceph-wire`), and the shape that their answers must have.

use super::aws_query::Parameters;
use super::xml::{self, Element, XmlLimits};

/// A line of a file of captured calls.
pub(crate) struct Captured {
    /// What the call is there for.
    pub(crate) name: &'static str,
    /// The call.
    pub(crate) parameters: Parameters,
    wanted: &'static str,
    elements: &'static str,
}

/// The calls of a file.
pub(crate) fn captured(corpus: &'static str) -> Vec<Captured> {
    let lines = corpus.lines().filter(|line| !line.starts_with('#'));
    let calls: Vec<_> = lines
        .map(|line| {
            let [name, wanted, elements, body] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            Captured { name, wanted, elements, parameters: Parameters::parse_form(body.as_bytes()).unwrap() }
        })
        .collect();
    assert!(!calls.is_empty(), "no calls");
    calls
}

impl Captured {
    pub(crate) fn action(&self) -> &str {
        self.parameters.get("Action").unwrap()
    }

    /// Holds an answer, or the code of a refusal, to what the line says.
    pub(crate) fn hold(&self, outcome: Result<String, &str>, namespace: &str) {
        let name = self.name;
        let answer = match outcome {
            Ok(answer) => answer,
            Err(code) => return assert_eq!(code, self.wanted, "{name}"),
        };
        assert_eq!(self.wanted, "ok", "{name}");
        let limits = XmlLimits { bytes: 1 << 16, depth: 16, elements: 1000 };
        let document = xml::parse(answer.as_bytes(), limits).unwrap();
        assert_eq!(document.name, format!("{}Response", self.action()), "{name}");
        assert_eq!(document.namespace.as_deref(), Some(namespace), "{name}");
        assert!(has(&document, "ResponseMetadata/RequestId"), "{name}");
        let result = document.child(&format!("{}Result", self.action()));
        for path in self.elements.split(' ').filter(|path| *path != "-") {
            assert!(has(result.unwrap(), path), "{name}: {path}");
        }
    }
}

/// Whether an element with that path (`A/B`) is in `root`.
fn has(root: &Element, path: &str) -> bool {
    match path.split_once('/') {
        Some((first, rest)) => root.children.iter().any(|child| child.name == first && has(child, rest)),
        None => root.child(path).is_some(),
    }
}
