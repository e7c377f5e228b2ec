//! `--help` that teaches: a paragraph and examples beside each group of commands; and shell completions.

use super::args::Args;
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;

/// For each command a paragraph, and lines that work.
const LESSONS: &[(&str, &str, &[&str])] = &[
    (
        "serve",
        "The smallest configuration is one backend in three lines. With SQLite, the store and its keys are made at \
         first start, beside the configuration; keep a copy of the keys.",
        &["rolegate serve --config rolegate.toml"],
    ),
    ("check-conf", "Nothing is connected to, made or changed.", &["rolegate check-conf --config rolegate.toml"]),
    (
        "check-backend",
        "It makes two buckets of its own at the server and removes them. Run it before the gate guards anything there, \
         and again after the server was updated.",
        &["rolegate check-backend"],
    ),
    (
        "account",
        "The configured account is there without being made. Each account has users, groups, roles and policies of its \
         own; its root may do all in it.",
        &[
            "rolegate account create --account-name=Research --account-id=research",
            "rolegate user create --account-id=research --uid=admin --account-root",
        ],
    ),
    (
        "user",
        "A standalone user owns the buckets it makes and may do all with those. For anything else it assumes a role. \
         The secret of a key is shown once, when it is made.",
        &["rolegate user create --uid=alice --display-name=Alice", "rolegate user info --uid=alice"],
    ),
    (
        "user-policy",
        "What a user of IAM may do is in its own policies and in those of its groups. A standalone user needs none for \
         its own buckets.",
        &["rolegate user-policy put --uid=bob --policy-name=Read --infile=read.json"],
    ),
    (
        "key",
        "A user has two keys at most, so that one can be replaced by the other without a gap.",
        &["rolegate key create --uid=alice", "rolegate key rm --access-key=AKIAEXAMPLE"],
    ),
    (
        "caps",
        "Caps let a standalone user administer: roles, users, user-policy and oidc-provider, each with read, write or \
         *. Who can write roles can reach all data of the account.",
        &["rolegate caps add --uid=alice --caps=roles=*"],
    ),
    (
        "group",
        "What the policies of a group allow, all users in it may do.",
        &["rolegate group create --group-name=Staff", "rolegate group add-user --group-name=Staff --uid=bob"],
    ),
    (
        "group-policy",
        "The policies of a group count for every user in it.",
        &["rolegate group-policy put --group-name=Staff --policy-name=Read --infile=read.json"],
    ),
    (
        "role",
        "A role has no keys. Who its trust policy names can assume it and is then allowed what its policies say.",
        &[
            "rolegate role create --role-name=Reader --infile=trust.json",
            "rolegate role-policy put --role-name=Reader --policy-name=Read --infile=read.json",
            "rolegate role list",
        ],
    ),
    (
        "role-trust-policy",
        "The trust policy says who may assume the role.",
        &["rolegate role-trust-policy modify --role-name=Reader --infile=trust.json"],
    ),
    (
        "role-policy",
        "Inline policies belong to one role; managed ones are attached by their ARN and shared.",
        &[
            "rolegate role-policy put --role-name=Reader --policy-name=Read --infile=read.json",
            "rolegate role-policy attach --role-name=Reader --policy-arn=arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
        ],
    ),
    (
        "oidc-provider",
        "A provider is who else may say who somebody is: its tokens are taken by AssumeRoleWithWebIdentity where a role's \
         trust policy names its ARN. The URL is the issuer, byte for byte; a client id is an audience.",
        &[
            "rolegate oidc-provider create --url=https://idp.example.com/realms/demo --client-id=app",
            "rolegate oidc-provider update --url=https://idp.example.com/realms/demo --add-client-id=web",
        ],
    ),
    (
        "policy",
        "A managed policy has an ARN, is attached to roles, users and groups, and has up to five versions of which one \
         counts. Documents can be checked and tried before anything is stored.",
        &[
            "rolegate policy create --policy-name=Read --infile=read.json",
            "rolegate policy validate read.json",
            "rolegate policy simulate --principal=arn:aws:iam:::role/Reader --action=s3:GetObject --resource=arn:aws:s3:::b/k",
        ],
    ),
    (
        "explain",
        "It says which statement decided, or which kind of policy lacked one.",
        &["rolegate explain arn:aws:iam:::role/Reader s3:GetObject arn:aws:s3:::photos/cat.jpg"],
    ),
    (
        "session",
        "Sessions end by themselves. This ends them now, on every gate, and new ones can be made at once.",
        &[
            "rolegate session revoke --role-name=Reader",
            "rolegate session revoke --oidc-provider=https://idp.example.com/realms/demo",
        ],
    ),
    (
        "token-key",
        "The keys that seal session tokens. With one gate, rotate is all; with several, every gate must have the file \
         with a new key before it mints.",
        &["rolegate token-key rotate", "rolegate token-key list"],
    ),
    (
        "bucket",
        "The gate keeps a record of each bucket made through it, which says whose it is. A bucket that the server had \
         before is out of reach until it is linked, or belongs to backend.unrecorded_bucket_owner.",
        &["rolegate bucket link --bucket=old-data --uid=alice", "rolegate bucket list --uid=alice"],
    ),
    (
        "export",
        "Secrets are left out unless they are encrypted with a passphrase. Unique ids are kept, so that an import \
         elsewhere means the same users and roles.",
        &[
            "rolegate export --out=state.json",
            "rolegate export --out=state.json --with-secrets --passphrase-file=passphrase",
        ],
    ),
    (
        "import",
        "Without --apply nothing is changed: + is what would be made, ~ changed, - removed. What the file does not \
         have stays, unless --prune is given. Run again, it finishes what was broken off.",
        &["rolegate import state.json", "rolegate import state.json --apply --passphrase-file=passphrase"],
    ),
    (
        "completions",
        "Bash, Zsh, Fish, Elvish and PowerShell.",
        &["rolegate completions bash > ~/.local/share/bash-completion/completions/rolegate"],
    ),
];

/// The commands with their lessons.
pub(super) fn teach(command: Command) -> Command {
    let first = "Options may stand before the command words, and _ in an option's name equals -, so that lines of \
                 Ceph's documents work as they are.\n\nExamples:\n  rolegate user create --uid=alice\n  rolegate serve\n  \
                 rolegate help role";
    LESSONS.iter().fold(command.after_help(first), |command, (name, text, lines)| {
        command.mut_subcommand(name, |command| {
            let lines: String = lines.iter().map(|line| format!("\n  {line}")).collect();
            command.after_help(format!("{text}\n\nExamples:{lines}"))
        })
    })
}

/// The script for a shell.
pub(super) fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "rolegate", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use super::super::argv;
    use super::*;

    #[test]
    fn every_command_and_option_has_a_help_text_and_every_group_a_lesson() {
        let command = teach(Args::command());
        for group in command.get_subcommands() {
            assert!(group.get_after_help().is_some(), "{} teaches nothing", group.get_name());
        }
        let mut waiting = vec![&command];
        while let Some(command) = waiting.pop() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for arg in command.get_arguments().filter(|arg| !["help", "version"].contains(&arg.get_id().as_str())) {
                assert!(arg.get_help().is_some(), "{} {}", command.get_name(), arg.get_id());
            }
            waiting.extend(command.get_subcommands());
        }
    }

    #[test]
    fn every_example_is_a_line_that_is_understood() {
        let command = teach(Args::command());
        let lessons = LESSONS.iter().filter(|(name, _, _)| command.find_subcommand(name).is_some());
        for line in lessons.flat_map(|(_, _, lines)| *lines) {
            let words = line.split(" > ").next().unwrap().split(' ').map(str::to_owned).collect();
            let arranged = argv::arrange(words, &command).unwrap();
            command.clone().try_get_matches_from(arranged).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn completions_know_the_commands() {
        use clap::ValueEnum as _;
        for shell in Shell::value_variants() {
            let script = String::from_utf8(completions(*shell)).unwrap();
            for word in ["role-trust-policy", "check-backend", "passphrase-file"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}
