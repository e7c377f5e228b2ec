//! The pages of `docs/` against the code: what they list is what there is, in both directions.

#![allow(clippy::unwrap_used, clippy::panic, clippy::string_slice, clippy::indexing_slicing, reason = "a test")]

use rolegate::s3::Operation;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

#[path = "docs/actions.rs"]
mod actions;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The files below a folder with one of the endings.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)) {
                found.push(path);
            }
        }
    }
    found
}

/// `tests.rs`, and all below a folder `tests` of the sources.
fn is_test_file(path: &Path) -> bool {
    path.strip_prefix(root().join("src")).unwrap().iter().any(|part| part == "tests" || part == "tests.rs")
}

/// The cells of each table row, heads and rules left out.
fn rows(page: &str) -> Vec<Vec<String>> {
    let lines: Vec<&str> = page.lines().collect();
    lines
        .iter()
        .enumerate()
        .filter(|(at, line)| {
            line.starts_with('|') && !is_rule(line) && !lines.get(at + 1).is_some_and(|next| is_rule(next))
        })
        .map(|(_, line)| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

fn is_rule(line: &str) -> bool {
    line.starts_with("| ---")
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The part of a page under a heading, up to the next one.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let start = page.find(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    let body = &page[start + 4..];
    body.find("\n## ").map_or(body, |end| &body[..end])
}

fn assert_same(what: &str, page: BTreeSet<String>, code: BTreeSet<String>) {
    assert!(!code.is_empty(), "{what}: nothing found in the code");
    let missing: Vec<_> = code.difference(&page).collect();
    let surplus: Vec<_> = page.difference(&code).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "{what}: not on the page {missing:?}, not in the code {surplus:?}"
    );
}

/// The code before a file's own unit tests, without comment lines.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    text[..end].lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Each string literal with the character before it, white space skipped.
fn literals(code: &str) -> Vec<(char, String)> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find('"') {
        let before = rest[..start].trim_end().chars().last().unwrap_or(' ');
        let after = &rest[start + 1..];
        let Some(end) = after.find('"') else { break };
        found.push((before, after[..end].to_owned()));
        rest = &after[end + 1..];
    }
    found
}

/// A condition key as the page writes it: `KEY` for the part that a tag names. None for other texts.
fn context_key(literal: &str) -> Option<String> {
    let is_key = ["aws:", "s3:", "sts:", "iam:"]
        .iter()
        .any(|prefix| literal.strip_prefix(prefix).is_some_and(|name| name.starts_with(|c: char| c.is_alphabetic())));
    is_key.then(|| match literal.split_once('/') {
        Some((name, _)) => format!("{name}/KEY"),
        None => literal.to_owned(),
    })
}

#[test]
fn context_keys_are_those_of_the_code() {
    let mut in_code = BTreeSet::new();
    // These two files name nothing but keys, and in the second actions and prefixes, which follow a `(`.
    let table = code(&root().join("src/authz/context.rs"));
    in_code.extend(literals(&table).iter().filter_map(|(_, text)| context_key(text)));
    let table = code(&root().join("src/s3/conditions.rs"));
    in_code
        .extend(literals(&table).iter().filter(|(before, _)| *before != '(').filter_map(|(_, text)| context_key(text)));
    // Everywhere else: what is set in a context.
    for folder in ["src/sts", "src/iam", "src/gateway", "src/authz", "src/authn", "src/s3"] {
        for path in files(folder, &["rs"]).iter().filter(|path| !is_test_file(path)) {
            let text = code(path).replace("format!(", "");
            for call in ["context.set(", "context.set_many("] {
                let arguments = text.split(call).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
                in_code.extend(arguments.filter_map(|rest| context_key(rest.split('"').next().unwrap())));
            }
        }
    }
    let page: BTreeSet<String> =
        rows(&read("docs/context-keys.md")).iter().filter_map(|row| quoted(&row[0]).into_iter().next()).collect();
    assert_same("docs/context-keys.md", page, in_code);
}

#[test]
fn every_rule_stands_once_and_what_is_held_has_a_test_of_its_name() {
    let mut tests: BTreeMap<usize, usize> = BTreeMap::new();
    for path in files("src", &["rs"]).into_iter().chain(files("tests", &["rs", "py"])) {
        let text = fs::read_to_string(&path).unwrap();
        for start in ["fn rule_", "def test_rule_"] {
            for rest in text.split(start).skip(1) {
                // `rule_03_04_…` is a test of both.
                let numbers = rest.split('_').map_while(|part| part.parse::<usize>().ok());
                numbers.for_each(|rule| *tests.entry(rule).or_default() += 1);
            }
        }
    }
    let rows = rows(section(&read("docs/security.md").replacen("| rule |", "\n## Rules\n| rule |", 1), "Rules"));
    let numbers: Vec<usize> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=32).collect::<Vec<_>>(), "each rule once, in order");
    for (rule, row) in numbers.iter().zip(&rows) {
        let (state, count) = (&row[2], tests.get(rule).copied().unwrap_or(0));
        assert!(
            state.starts_with("held") || state.starts_with("partly: ") || state == "not built",
            "rule {rule}: {state}"
        );
        let needs_none = state == "not built";
        assert!(needs_none || count > 0, "rule {rule} is said to be held, but there is no test rule_{rule:02}_…");
    }
    assert!(tests.keys().all(|rule| (1..=32).contains(rule)), "a test of a rule that does not exist: {tests:?}");
}

#[test]
fn s3_operations_are_those_of_the_code() {
    let page = read("docs/s3.md");
    let published: Value = serde_json::from_str(&read("tests/corpus/s3-operations.json")).unwrap();
    let mut actions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for list in ["operations", "operationsNotInModel"] {
        for operation in published[list].as_array().unwrap() {
            let asked = operation["actions"].as_array().unwrap().iter();
            let asked = asked.map(|action| action["action"].as_str().unwrap().to_owned()).collect();
            actions.insert(operation["operation"].as_str().unwrap(), asked);
        }
    }
    let mut carried = BTreeSet::new();
    for row in rows(section(&page, "Carried")) {
        let name = quoted(&row[0]).remove(0);
        let listed: BTreeSet<String> = quoted(&row[1]).into_iter().collect();
        assert_eq!(Some(&listed), actions.get(name.as_str()), "docs/s3.md: the actions of {name}");
        assert!(carried.insert(name), "an operation stands twice");
    }
    let others: BTreeSet<String> = quoted(section(&page, "Known, not carried"))
        .into_iter()
        .filter(|name| Operation::from_name(name).is_some() || name.starts_with(|c: char| c.is_uppercase()))
        .filter(|name| !["NotImplemented", "AccessDenied"].contains(&name.as_str()))
        .collect();
    let (ours, not_ours): (Vec<Operation>, Vec<Operation>) = Operation::ALL.iter().partition(|o| o.carried());
    let names = |list: &[Operation]| list.iter().map(|operation| operation.name().to_owned()).collect();
    assert!(page.contains(&format!("knows {} operations and carries {}", Operation::ALL.len(), ours.len())));
    assert_same("docs/s3.md, carried", carried, names(&ours));
    assert_same("docs/s3.md, not carried", others, names(&not_ours));
    let readme = read("README.md");
    assert!(readme.contains(&format!("- **S3**: {} operations", ours.len())), "README.md, Limits");
    assert!(readme.contains(&format!("The other {} known ones", not_ours.len())), "README.md, Limits");
}

/// `section.key` of each key in `conf/rolegate.toml`, those that are commented out too.
fn sample_keys() -> BTreeSet<String> {
    let mut section = String::new();
    let mut found = BTreeSet::new();
    for line in read("conf/rolegate.toml").lines() {
        // A table that may stand several times is a comment: there is none by default.
        if let Some(name) = line.strip_prefix('[').or_else(|| line.strip_prefix("# [[")) {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ")
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            found.insert(format!("{section}.{key}"));
        }
    }
    found
}

#[test]
fn configuration_keys_are_those_of_the_sample() {
    // A test in `conf` holds that the sample is what the code reads.
    let page = read("docs/configuration.md");
    let mut listed = BTreeSet::new();
    for row in rows(section(&page, "Keys")) {
        let mut table = String::new();
        let mut ending = "";
        for name in quoted(&row[0]) {
            // In `a.b_seconds`, `c_…` the table and the ending are those of the first.
            let full = match name.split_once('.') {
                Some((first, key)) => {
                    first.clone_into(&mut table);
                    if key.ends_with("_timeout_seconds") {
                        ending = "_timeout_seconds";
                    }
                    name.clone()
                }
                None => format!("{table}.{}", name.replace("_…", ending)),
            };
            assert!(listed.insert(full), "{name} stands twice");
        }
    }
    assert_same("docs/configuration.md", listed, sample_keys());
}

#[test]
fn metrics_are_those_of_the_code() {
    let on_page =
        rows(section(&read("docs/operations.md"), "Metrics")).iter().flat_map(|row| quoted(&row[0])).collect();
    let source = code(&root().join("src/telemetry/metrics.rs"));
    let texts = literals(&source).into_iter().map(|(_, text)| text);
    assert_same("docs/operations.md", on_page, texts.filter(|text| text.starts_with("rolegate_")).collect());
}

#[test]
fn log_fields_are_those_of_the_code() {
    let page = read("docs/operations.md");
    for (heading, file) in [("Logs", "src/telemetry/access_log.rs"), ("Logs", "src/telemetry/audit.rs")] {
        let named: BTreeSet<String> = quoted(section(&page, heading)).into_iter().collect();
        let source = code(&root().join(file));
        for call in [".text(\"", ".optional(\"", ".number(\"", ".list(\""] {
            for field in source.split(call).skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(named.contains(field), "docs/operations.md does not name {field} of {file}");
            }
        }
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let pages = files("docs", &["md"]).into_iter().chain([root().join("README.md"), root().join("CHANGELOG.md")]);
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let path = target.split('#').next().unwrap();
            let outside = target.starts_with("http");
            assert!(outside || path.is_empty() || page.with_file_name(path).exists(), "{}: {target}", page.display());
        }
    }
}

#[test]
fn the_readme_explains_all_that_is_at_the_top() {
    let readme = read("README.md");
    let named: BTreeSet<String> = quoted(section(&readme, "Working on it"))
        .into_iter()
        .map(|name| name.trim_end_matches('/').to_owned())
        .collect();
    // What is made here, not kept, and the repository itself.
    let unkept = [".git", "README.md", ".venv", ".run", "target", ".pytest_cache"];
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(unkept.contains(&name.as_str()) || named.contains(&name), "README.md does not explain {name}");
    }
}

#[cfg(feature = "shell")]
mod commands {
    use super::{BTreeSet, assert_same, quoted, read, rows};
    use std::process::Command;

    fn help(words: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_rolegate")).args(words).arg("--help").output().unwrap();
        assert!(output.status.success(), "rolegate {} --help", words.join(" "));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The names below `Commands:`, without `help`.
    fn subcommands(help: &str) -> Vec<String> {
        let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        let names = listed.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
        names.map(str::to_owned).collect()
    }

    /// The long options of one command, without those that all have.
    fn options(help: &str) -> BTreeSet<String> {
        let words = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
        let named = words.filter_map(|line| line.split_whitespace().find(|word| word.starts_with("--")));
        let all = ["--config", "--help", "--version"];
        named.filter(|name| !all.contains(name)).map(str::to_owned).collect()
    }

    #[test]
    fn commands_and_options_are_those_of_the_program() {
        let mut in_program = BTreeSet::new();
        for group in subcommands(&help(&[])) {
            let below = subcommands(&help(&[&group]));
            in_program.extend(below.iter().map(|name| format!("{group} {name}")));
            if below.is_empty() {
                in_program.insert(group);
            }
        }
        let mut on_page = BTreeSet::new();
        for row in rows(&read("docs/commands.md")).iter().filter(|row| row.len() == 3) {
            let listed: BTreeSet<String> = quoted(&row[1]).into_iter().collect();
            for command in quoted(&row[0]) {
                let words: Vec<&str> = command.split(' ').collect();
                assert_eq!(listed, options(&help(&words)), "docs/commands.md: the options of {command}");
                on_page.insert(command);
            }
        }
        assert_same("docs/commands.md", on_page, in_program);
    }
}
