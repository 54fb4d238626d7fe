//! Bad configuration: one sentence with its place, and the right exit code.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use ringfence_agent::config::Config;
use support::{Field, Hub, content};

/// What the agent says about a changed agent.toml, with the directory's name taken out.
fn said(change: impl Fn(&str) -> String) -> (Option<i32>, String) {
    let hub = Hub::new();
    let field = Field::new(&hub, &content("good"));
    let text = std::fs::read_to_string(field.config()).unwrap();
    std::fs::write(field.config(), change(&text)).unwrap();
    let output = field.say(&["run"]);
    let text = String::from_utf8(output.stderr).unwrap();
    let text = text.replace(&field.path().display().to_string(), "DIR");
    (output.status.code(), text.trim().to_owned())
}

#[test]
fn every_mistake_has_its_place_and_a_way_out() {
    type Change = fn(&str) -> String;
    let cases: [(Change, &str); 8] = [
        (
            |text| text.replace("enroll_token =", "enrol_token ="),
            "ringfence-agent: DIR/agent.toml:13:1: unknown key 'enrol_token', did you mean 'enroll_token'?",
        ),
        (
            |text| text.replace("[probation]", "[probation]\ncolour = 1"),
            "ringfence-agent: DIR/agent.toml:24:1: unknown key 'colour', known here: time, heartbeats, events, polls",
        ),
        (
            |text| text.replace("ring = \"standard\"", "ring = \"stanadrd\""),
            "ringfence-agent: DIR/agent.toml:3:8: unknown variant `stanadrd`, expected one of `lab`, `early`, `standard`, `late`, `critical`",
        ),
        (
            |text| text.replace("signal:HUP", "signal:INT"),
            "ringfence-agent: DIR/agent.toml:18:10: 'signal:INT' is not a way to reload: write restart, signal:HUP, signal:USR1 or signal:USR2",
        ),
        (
            |text| text.replace("\"500ms\"", "\"500\""),
            "ringfence-agent: DIR/agent.toml:24:8: '500' is not a time span: write 250ms, 15s, 10m, 26h or 7d",
        ),
        (
            |text| text.replace("agent/v1", "agent/v7"),
            "ringfence-agent: DIR/agent.toml: schema is 'ringfence/agent/v7', this agent reads 'ringfence/agent/v1'",
        ),
        (
            |text| text.replace("seed.bin", "seeed.bin"),
            "ringfence-agent: the seed DIR/seeed.bin: No such file or directory (os error 2)",
        ),
        (|_| String::new(), "ringfence-agent: DIR/agent.toml:1:1: missing field `schema`"),
    ];
    for (change, expected) in cases {
        assert_eq!(said(change), (Some(2), expected.to_owned()));
    }
}

#[test]
fn a_root_that_is_none_is_a_matter_of_trust() {
    let (code, text) = said(|text| text.replace("root.json", "seed.bin"));
    assert_eq!(code, Some(4), "{text}");
    assert!(text.starts_with("ringfence-agent: DIR/seed.bin: "), "{text}");
}

#[test]
fn a_missing_or_huge_configuration_is_refused() {
    let hub = Hub::new();
    let field = Field::new(&hub, &content("good"));
    std::fs::File::create(field.config()).unwrap().set_len(1 << 30).unwrap();
    assert!(Config::load(field.config()).unwrap_err().contains("1073741824 bytes, at most 262144"));
    std::fs::remove_file(field.config()).unwrap();
    assert_eq!(field.say(&["why"]).status.code(), Some(2));
}

#[test]
fn why_and_status_answer_before_during_and_after() {
    let hub = Hub::new();
    let mut field = Field::new(&hub, &content("good"));
    let early = field.say(&["why"]);
    assert_eq!(early.status.code(), Some(3));
    assert!(!field.state().exists(), "looking makes nothing");
    field.start();
    field.until("healthy", |status| status.attempts == 0 && status.fence > 0);
    for runs in [true, false] {
        let output = field.say(&["status", "--output", "json"]);
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(status["schema"], "ringfence/agent-status/v1");
        assert_eq!(status["agent_runs"], runs);
        assert_eq!(status["current"]["number"], 0);
        let why = String::from_utf8(field.say(&["why"]).stdout).unwrap();
        for part in ["runs        the seed", "because     RF0501", "stays       RF0501", "journal"]
        {
            assert!(why.contains(part), "{part} is not in\n{why}");
        }
        if runs {
            field.kill();
        }
    }
    assert_eq!(field.say(&["stauts"]).status.code(), Some(2));
    let version = std::process::Command::new(support::field::AGENT).arg("--version").output();
    assert!(String::from_utf8(version.unwrap().stdout).unwrap().starts_with("ringfence-agent 0."));
}
