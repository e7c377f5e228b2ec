//! The module edges, as data: an arrow that is not in the table fails the build (DESIGN section 2).
//!
//! Also held here: the cores name no crate of the shell, the clock is read in one file, no module has a
//! name that says nothing, and files stay of a size that one person can hold in mind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module -> the modules it may use.
const EDGES: &[(&str, &[&str])] = &[
    // L0
    ("types", &[]),
    ("wire", &["types"]),
    // L1: siblings do not know each other, but entity may use policy for parsed documents.
    ("sigv4", &["types", "wire"]),
    ("s3", &["types", "wire"]),
    ("policy", &["types"]),
    ("token", &["types"]),
    ("entity", &["types", "policy"]),
    // L2
    ("store", &["types", "wire", "entity"]),
    ("authn", &["types", "wire", "sigv4", "token", "entity", "policy", "store"]),
    ("authz", &["types", "wire", "sigv4", "policy", "token", "entity", "store", "authn"]),
    // iam looks at whose policies there are to simulate them, never at a request.
    ("iam", &["types", "wire", "policy", "entity", "store", "authn", "authz"]),
    ("sts", &["types", "wire", "policy", "token", "entity", "store", "authn", "authz"]),
    // L3
    (
        "gateway",
        &["types", "wire", "sigv4", "s3", "policy", "token", "entity", "store", "authn", "authz", "iam", "sts"],
    ),
    // L4
    ("directory", &["types", "entity", "store", "authn", "authz", "sigv4", "token"]),
    ("backend", &["types", "wire", "sigv4", "gateway"]),
    // The signer of the backend's requests is one for both ways to it.
    ("proxy", &["types", "wire", "sigv4", "authz", "gateway", "backend"]),
    ("conf", &["types", "wire", "entity", "s3", "policy", "directory", "proxy"]),
    ("oidc", &["types", "entity", "token", "gateway", "conf"]),
    ("telemetry", &["types", "gateway", "conf"]),
    ("cli", &["types", "wire", "entity", "policy", "token", "store", "authz", "iam", "conf", "telemetry", "server"]),
    (
        "server",
        &[
            "types",
            "wire",
            "sigv4",
            "s3",
            "policy",
            "token",
            "entity",
            "store",
            "authn",
            "authz",
            "iam",
            "sts",
            "gateway",
            "directory",
            "backend",
            "proxy",
            "telemetry",
            "conf",
            "oidc",
            "cli",
        ],
    ),
];

/// Modules that build without the feature `shell`, and so name none of its crates.
const CORES: &[&str] =
    &["types", "wire", "sigv4", "s3", "policy", "token", "entity", "authn", "authz", "iam", "sts", "gateway"];

const SHELL_CRATES: &[&str] = &[
    "arc_swap",
    "argon2",
    "clap",
    "clap_complete",
    "http",
    "http_body_util",
    "httparse",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "libc",
    "memchr",
    "moka",
    "pingora",
    "prometheus",
    "redis",
    "rusqlite",
    "rustls",
    "rustls_native_certs",
    "tokio_rustls",
    "toml",
    "tracing_subscriber",
    "x509_parser",
];

/// Names that say nothing of what a module owns.
const EMPTY_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "manager", "misc"];

/// Lines that a file may have, its tests and files of tests included.
const MAX_LINES: usize = 400;

fn sources() -> Vec<(PathBuf, String)> {
    let found = rust_files("src");
    assert!(found.len() > 50, "the sources were not found");
    found
}

/// All Rust files below a folder of the crate.
fn rust_files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// The top-level module a file belongs to; none for lib.rs and main.rs.
fn module(path: &Path) -> Option<String> {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    (inside.components().count() > 1)
        .then(|| inside.components().next().unwrap().as_os_str().to_str().unwrap().to_owned())
}

/// The code before the unit tests, without comment lines.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    text.split_at(end).0.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// `tests.rs`, and all below a folder `tests` of the sources.
fn is_test_file(path: &Path) -> bool {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    inside.iter().any(|part| part == "tests" || part == "tests.rs")
}

/// Modules named after `crate::` in a piece of code; `use crate::{a::b, c::d}` counts both.
fn used_modules(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for piece in code.split("crate::").skip(1) {
        if let Some(group) = piece.strip_prefix('{') {
            let mut depth = 1usize;
            let mut word = String::new();
            for character in group.chars() {
                match character {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => word.clear(),
                    ':' if depth == 1 => {
                        used.insert(word.trim().to_owned());
                    }
                    other if depth == 1 => word.push(other),
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            used.insert(piece.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect());
        }
    }
    used.retain(|name| !name.is_empty());
    used
}

#[test]
fn modules_use_only_what_the_table_allows() {
    let table: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let Some(module) = module(&path) else { continue };
        let Some(allowed) = table.get(module.as_str()) else {
            faults.push(format!("{}: the module {module} is not in the table", path.display()));
            continue;
        };
        if is_test_file(&path) {
            continue;
        }
        for used in used_modules(&code(&text)) {
            if used != module && table.contains_key(used.as_str()) && !allowed.contains(&used.as_str()) {
                faults.push(format!("{}: {module} may not use {used}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_table_is_a_directed_graph_without_circles_but_for_server_and_cli() {
    let order: Vec<&str> = EDGES.iter().map(|(module, _)| *module).collect();
    for (index, (module, uses)) in EDGES.iter().enumerate() {
        for used in *uses {
            let place = order.iter().position(|known| known == used).unwrap();
            assert!(place < index || (*module == "cli" && *used == "server"), "{module} -> {used} points up");
        }
    }
}

#[test]
fn cores_name_no_crate_of_the_shell() {
    for (path, text) in sources() {
        let Some(module) = module(&path) else { continue };
        if CORES.contains(&module.as_str()) {
            for name in SHELL_CRATES {
                let named = [format!("use {name}::"), format!(" {name}::"), format!("({name}::"), format!("<{name}::")];
                for form in named {
                    assert!(!code(&text).contains(&form), "{}: names {name}", path.display());
                }
            }
        }
    }
}

#[test]
fn the_clock_is_read_in_one_file() {
    for (path, text) in sources() {
        if path.ends_with("server/clock.rs") {
            continue;
        }
        for call in ["SystemTime::now", "Instant::now", "now_utc", "UNIX_EPOCH.elapsed"] {
            assert!(!code(&text).contains(call), "{}: reads the clock with {call}", path.display());
        }
    }
}

#[test]
fn names_say_what_a_module_owns_and_files_stay_small() {
    let mut faults = Vec::new();
    for (path, text) in ["tests", "benches"].into_iter().flat_map(rust_files).chain(sources()) {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(!EMPTY_NAMES.contains(&stem), "{}: the name says nothing", path.display());
        assert!(text.starts_with("//!"), "{}: has no module header", path.display());
        let lines = text.lines().count();
        if lines > MAX_LINES {
            faults.push(format!("{}: {lines} lines", path.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_reader_of_edges_reads_groups_and_paths() {
    let found = used_modules("use crate::{types::Arn, wire::{a, b}};\nlet x = crate::policy::decide();");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["policy", "types", "wire"]);
}
