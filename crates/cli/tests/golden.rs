//! What the command says, word for word: cases are data, the transcript is the test.
#![allow(missing_docs)]

mod common;

use common::{Environment, golden};
use std::process::Command;

/// Files that several cases share.
const RULES: &str = r#"schema = "ringfence/contract/v1"
channel = "rules"
format = "json"
limits = { bytes_max = 4096, records = "/rules", records_max = 3 }

[[field]]
path = "/rules/*/name"
type = "string"
required = true
unique = true

[[field]]
path = "/rules/*/level"
type = "integer"
min = 1
max = 5
"#;
const GOOD: &str =
    "{\"rules\": [\n  {\"name\": \"a\", \"level\": 1},\n  {\"name\": \"b\", \"level\": 5}\n]}\n";
const BAD: &str = "{\"rules\": [\n  {\"name\": \"a\", \"level\": 9},\n  {\"name\": \"a\", \"level\": \"1\"}\n]}\n";
const PROJECT: &str = r#"#:schema schemas/project.json
schema = "ringfence/project/v1"

[channel.rules]
contract = "contracts/rules.toml"
files = ["content/*.json"]
"#;

struct Case {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    lines: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        name: "check",
        files: &[("rules.toml", RULES), ("good.json", GOOD), ("bad.json", BAD)],
        lines: &[
            "ringfence check good.json --contract rules.toml",
            "ringfence check good.json bad.json --contract rules.toml",
            "ringfence check good.json missing.json --contract rules.toml",
            "ringfence check good.json --contract rules.toml --previous bad.json --output json",
            "ringfence check good.json bad.json --contract rules.toml --output jsonl",
        ],
    },
    Case {
        name: "check-in-a-project",
        files: &[
            ("ringfence.toml", PROJECT),
            ("contracts/rules.toml", RULES),
            ("content/good.json", GOOD),
            ("content/bad.json", BAD),
            ("content/notes.txt", "not listed"),
        ],
        lines: &[
            "ringfence check",
            "ringfence check content/good.json",
            "ringfence check content/good.json --channel ruels",
            "ringfence --project nowhere check",
        ],
    },
    Case {
        name: "nothing-to-check",
        files: &[("ringfence.toml", PROJECT), ("contracts/rules.toml", RULES), ("a.json", GOOD)],
        lines: &[
            "ringfence check",
            "ringfence check --allow-empty",
            "ringfence check --output json",
        ],
    },
    Case {
        name: "broken-configuration",
        files: &[
            (
                "key.toml",
                "schema = \"ringfence/contract/v1\"\nchannel = \"rules\"\nformat = \"json\"\n\n[limits]\nbytes_maxx = 10\n",
            ),
            ("syntax.toml", "schema = \"ringfence/contract/v1\"\nchannel = \nformat = \"json\"\n"),
            (
                "type.toml",
                "schema = \"ringfence/contract/v1\"\nchannel = \"rules\"\nformat = \"yaml\"\n",
            ),
            (
                "name.toml",
                "schema = \"ringfence/contract/v1\"\nchannel = \"../rules\"\nformat = \"json\"\n",
            ),
            (
                "schema.toml",
                "schema = \"ringfence/contract/v9\"\nchannel = \"rules\"\nformat = \"json\"\n",
            ),
            ("a.json", GOOD),
        ],
        lines: &[
            "ringfence check a.json --contract key.toml",
            "ringfence check a.json --contract syntax.toml",
            "ringfence check a.json --contract type.toml",
            "ringfence check a.json --contract name.toml",
            "ringfence check a.json --contract schema.toml",
            "ringfence check a.json --contract missing.toml",
            "ringfence check a.json",
            "ringfence check a.json --contract key.toml --output json",
        ],
    },
    Case {
        name: "broken-project",
        files: &[(
            "ringfence.toml",
            "schema = \"ringfence/project/v1\"\n\n[chanel.rules]\ncontract = \"contracts/rules.toml\"\n",
        )],
        lines: &["ringfence check a.json", "ringfence rollout status", "ringfence explain RF0101"],
    },
    Case {
        name: "broken-policy",
        files: &[
            ("key.toml", "schema = \"ringfence/policy/v1\"\nname = \"x\"\nhartbeat = \"1m\"\n"),
            ("ungated.toml", include_str!("data/ungated.toml")),
        ],
        lines: &[
            "ringfence rollout plan rules@1 --policy key.toml",
            "ringfence rollout plan rules@1 --policy ungated.toml",
        ],
    },
    Case {
        name: "usage",
        files: &[("rules.toml", RULES), ("good.json", GOOD)],
        lines: &[
            "ringfence chekc",
            "ringfence check good.json --contract rules.toml --report sarfi=x.json",
            "ringfence check good.json --contract rules.toml --report sarif=nowhere/x.json",
            "ringfence revert r-0001",
            "ringfence rollout plan rules",
            "ringfence withdraw rules --reason x",
            "ringfence hold m-1",
            "ringfence trial",
            "ringfence --server ftp://x rollout status",
        ],
    },
    Case {
        name: "explain",
        files: &[],
        lines: &[
            "ringfence explain RF0107",
            "ringfence explain rf0301 --output json",
            "ringfence explain RF0170",
            "ringfence help exit-codes",
            "ringfence help chekc",
            "ringfence schema polisy",
        ],
    },
    Case {
        name: "help",
        files: &[],
        lines: &["ringfence help", "ringfence help halt", "ringfence halt -h"],
    },
    Case {
        name: "no-project",
        files: &[("plan.json", "{\"schema\": \"ringfence/saved-plan/v1\"}"), ("a.json", GOOD)],
        lines: &[
            "ringfence publish a.json",
            "ringfence serve",
            "ringfence rollout status",
            "ringfence rollout apply plan.json --reason x",
            "ringfence rollout apply missing.json --reason x",
            "ringfence halt --token missing",
        ],
    },
];

#[test]
fn transcripts_are_as_they_were_accepted() {
    for case in CASES {
        let environment = Environment::new();
        for (name, text) in case.files {
            environment.write(name, text);
        }
        golden(case.name, &environment.transcript(case.lines));
    }
}

/// Files that hurt: each is refused or skipped, none is read beyond its limit.
#[test]
fn hostile_files() {
    let mut environment = Environment::new();
    environment.write("rules.toml", RULES);
    environment.write("empty.json", "");
    environment.write("truncated.json", &GOOD[..30]);
    environment.write("directory/inside", "");
    let sparse = std::fs::File::create(environment.file("gigabyte.json")).expect("made");
    sparse.set_len(1 << 30).expect("sparse");
    let made = Command::new("mkfifo").arg(environment.file("pipe.json")).status();
    assert!(made.expect("mkfifo runs").success());
    common::programs::stage(&environment, &["good"]);
    let whole = std::fs::read(environment.file("good.bin")).expect("there");
    environment.write("truncated.bin", &whole[..whole.len() - 7]);
    environment.write("torn.bin", &whole[..9]);
    environment.stand_ins.push((format!("{} bytes", whole.len()), "[n] bytes"));
    golden(
        "hostile-files",
        &environment.transcript(&[
            "ringfence check empty.json --contract rules.toml",
            "ringfence check truncated.json --contract rules.toml",
            "ringfence check gigabyte.json --contract rules.toml",
            "ringfence check directory --contract rules.toml",
            "ringfence check pipe.json --contract rules.toml",
            "ringfence check truncated.bin --contract contracts/ipc-rules.toml",
            "ringfence check torn.bin --contract contracts/ipc-rules.toml",
            "ringfence trial gigabyte.json --contract rules.toml",
            "ringfence trial missing.json --contract rules.toml",
            "ringfence check good.bin --contract gigabyte.json",
        ]),
    );
}
