//! The command line as Ceph's pages write it, brought into the form that clap reads.
//!
//! Options may stand before the command words, `_` in an option's name equals `-`, and a value after a space may
//! begin with a stray `=` (`--path-prefix ="/application"`).

use clap::Command;
use std::collections::BTreeMap;

/// The arguments cannot be put in order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ArgvError {
    /// An option that no command has.
    #[error("there is no option {0}; run `rolegate help`")]
    UnknownOption(String),
    /// An argument that is not text.
    #[error("the arguments must be UTF-8 text")]
    NotText,
}

/// Puts the command words first and the options after them, each as `--name=value` or `--flag`. The first argument is
/// the program's name.
pub(super) fn arrange(args: Vec<String>, command: &Command) -> Result<Vec<String>, ArgvError> {
    let known = options(command);
    let mut args = args.into_iter().peekable();
    let mut arranged: Vec<String> = args.next().into_iter().collect();
    let (mut words, mut options) = (Vec::new(), Vec::new());
    while let Some(arg) = args.next() {
        let Some(option) = arg.strip_prefix("--").filter(|option| !option.is_empty()) else {
            if arg.starts_with('-') && arg.len() > 1 {
                options.push(arg)
            } else {
                words.push(arg)
            }
            continue;
        };
        let (name, inline) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (option, None),
        };
        let name = name.replace('_', "-");
        let takes_value = *known.get(&name).ok_or_else(|| ArgvError::UnknownOption(format!("--{name}")))?;
        let value = match inline {
            Some(value) => Some(value),
            None if !takes_value => None,
            // The next argument is the value, unless it is plainly the next option.
            None => args
                .next_if(|next| !is_option(next, &known))
                .map(|next| next.strip_prefix('=').map_or(next.clone(), str::to_owned)),
        };
        options.push(value.map_or_else(|| format!("--{name}"), |value| format!("--{name}={value}")));
    }
    if words.first().is_some_and(|word| word == "help") {
        words.remove(0);
        options = vec!["--help".to_owned()];
    }
    arranged.extend(spell(words));
    arranged.extend(options);
    Ok(arranged)
}

/// `role policy put` is `role-policy put`, `role policy list attached` is `role-policy list-attached`, and older Ceph's
/// `role modify` is `role-trust-policy modify`.
fn spell(words: Vec<String>) -> Vec<String> {
    let spelt: &[&str] = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["role-policy", "list", "attached"] => return vec!["role-policy".to_owned(), "list-attached".to_owned()],
        ["role", "policy", "list", "attached"] => {
            return vec!["role-policy".to_owned(), "list-attached".to_owned()];
        }
        ["role", "policy", ..] => &["role-policy"],
        [noun @ ("user" | "group"), "policy", "list", "attached"] => {
            return vec![format!("{noun}-policy"), "list-attached".to_owned()];
        }
        ["user", "policy", ..] => &["user-policy"],
        ["group", "policy", ..] => &["group-policy"],
        ["role", "modify", ..] => &["role-trust-policy", "modify"],
        ["role", "trust-policy", ..] => &["role-trust-policy"],
        _ => return words,
    };
    spelt.iter().map(|word| (*word).to_owned()).chain(words.into_iter().skip(2)).collect()
}

fn is_option(arg: &str, known: &BTreeMap<String, bool>) -> bool {
    let name = arg.strip_prefix("--").map(|option| option.split('=').next().unwrap_or_default().replace('_', "-"));
    name.is_some_and(|name| known.contains_key(&name))
}

/// Every long option of every command, and whether it takes a value.
fn options(command: &Command) -> BTreeMap<String, bool> {
    let mut known = BTreeMap::from([("help".to_owned(), false), ("version".to_owned(), false)]);
    let mut waiting = vec![command];
    while let Some(command) = waiting.pop() {
        for arg in command.get_arguments() {
            let takes_value = arg.get_action().takes_values();
            let names = arg.get_long().into_iter().chain(arg.get_all_aliases().into_iter().flatten());
            known.extend(names.map(|name| (name.to_owned(), takes_value)));
        }
        waiting.extend(command.get_subcommands());
    }
    known
}

#[cfg(test)]
mod tests {
    use super::super::args::Args;
    use super::*;
    use clap::CommandFactory as _;

    fn arranged(line: &[&str]) -> Result<Vec<String>, ArgvError> {
        arrange(line.iter().map(|arg| (*arg).to_owned()).collect(), &Args::command())
    }

    #[test]
    fn ceph_spellings_are_brought_into_one_form() {
        let table: [(&[&str], &[&str]); 11] = [
            (
                &[
                    "r",
                    "--uid",
                    "TESTER",
                    "--display-name",
                    "TestUser",
                    "--access_key",
                    "T",
                    "--secret",
                    "test123",
                    "user",
                    "create",
                ],
                &[
                    "r",
                    "user",
                    "create",
                    "--uid=TESTER",
                    "--display-name=TestUser",
                    "--access-key=T",
                    "--secret=test123",
                ],
            ),
            (
                &["r", "role", "list", "--path-prefix", "=/application"],
                &["r", "role", "list", "--path-prefix=/application"],
            ),
            (
                &["r", "role", "list", "--path-prefix=/application"],
                &["r", "role", "list", "--path-prefix=/application"],
            ),
            (&["r", "caps", "add", "--uid=T", "--caps=roles=*"], &["r", "caps", "add", "--uid=T", "--caps=roles=*"]),
            (&["r", "role", "policy", "get", "--role-name=R"], &["r", "role-policy", "get", "--role-name=R"]),
            (&["r", "role", "modify", "--role_name", "R"], &["r", "role-trust-policy", "modify", "--role-name=R"]),
            (&["r", "role", "trust-policy", "modify"], &["r", "role-trust-policy", "modify"]),
            (&["r", "--allow_weak", "serve", "--config", "c"], &["r", "serve", "--allow-weak", "--config=c"]),
            (&["r", "user", "info", "--uid", "--config", "c"], &["r", "user", "info", "--uid", "--config=c"]),
            (&["r", "-h"], &["r", "-h"]),
            (&["r", "--config=c", "help", "role", "policy"], &["r", "role-policy", "--help"]),
        ];
        for (line, wanted) in table {
            assert_eq!(arranged(line).unwrap(), wanted, "{line:?}");
        }
        assert_eq!(
            arranged(&["r", "user", "create", "--tenant", "x"]),
            Err(ArgvError::UnknownOption("--tenant".to_owned()))
        );
    }
}
