//! What goes wrong around the command: keys, signatures, time, network, ports, pipes.
#![allow(missing_docs)]

mod common;

use common::fleet::Server;
use common::{Environment, http, programs, with_closed_output};
use decide::time::{Span, Time};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{SystemTime, UNIX_EPOCH};
use trust::key::KeyPair;
use trust::repository::{self, ChannelKeys, Expiries, InitRequest, Signers};

/// A project whose good file has passed check and trial.
fn tested() -> Environment {
    let environment = Environment::new();
    programs::stage(&environment, &["good"]);
    environment.run(&["init", ".", "--channel", "ipc-rules"]).expect(0);
    environment.line("ringfence check good.bin").expect(0);
    environment.line("ringfence trial good.bin --variants 1").expect(0);
    environment
}

#[test]
fn init_writes_private_keys_and_tokens_and_never_overwrites() {
    let environment = Environment::new();
    environment.write("contracts/a.toml", "mine");
    let said = environment.line("ringfence init --channel a --channel b --output json").expect(0);
    let schema = environment.line("ringfence schema init").json();
    assert_eq!(common::schema::faults(&schema, &said.json()), [""; 0]);
    let mode = |name: &str| {
        std::fs::metadata(environment.file(name)).expect("there").permissions().mode() & 0o777
    };
    for (name, wanted) in [
        ("keys", 0o700),
        ("tokens", 0o700),
        ("keys/root.pem", 0o600),
        ("keys/channel-a.pem", 0o600),
        ("keys/channel-b.pem", 0o600),
        ("keys/evidence.pem", 0o600),
        ("tokens/operator", 0o600),
        ("data/keys/fences.pem", 0o600),
    ] {
        assert_eq!(mode(name), wanted, "{name}");
    }
    let kept = std::fs::read_to_string(environment.file("contracts/a.toml")).expect("there");
    assert_eq!(kept, "mine");
    // What init writes is what the other commands read.
    environment.write("content/b/x", "one line\n");
    environment.line("ringfence check").expect(0);
    environment.line("ringfence init --channel c").says(2, &["RF0608", "nothing was written"]);
    // Half a project is not completed behind somebody's back.
    std::fs::remove_file(environment.file("ringfence.toml")).expect("removed");
    environment.line("ringfence init --channel c").says(2, &["RF0608", "keys is there already"]);
}

#[test]
fn keys_evidence_and_the_server_are_not_taken_on_trust() {
    let environment = tested();
    let publish = "ringfence publish good.bin";
    let nobody = format!("ringfence --server {} publish good.bin", http::nobody());
    environment.line(&nobody).says(5, &["RF0337", "Connection refused", "next: ringfence serve"]);

    let key = environment.file("keys/channel-ipc-rules.pem");
    let set = |mode| {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).expect("set");
    };
    set(0o644);
    environment.line(publish).says(4, &["RF0313", "mode 0644", "chmod 600"]);
    set(0o600);
    std::fs::rename(&key, environment.file("away.pem")).expect("moved");
    environment.line(publish).says(4, &["RF0315", "channel-ipc-rules.pem", "ringfence init"]);
    // Somebody else's key: the server knows whose releases the channel takes.
    trust::key::save(&KeyPair::generate().expect("a key"), &key).expect("saved");
    let server = Server::start(&environment);
    let there = format!("ringfence --server {} publish good.bin", server.url);
    environment.line(&there).says(4, &["RF0353", "0 valid signatures"]);
    std::fs::remove_file(&key).expect("removed");
    std::fs::rename(environment.file("away.pem"), &key).expect("moved");

    let digest = decide::id::Digest::of(&std::fs::read(environment.file("good.bin")).expect("x"));
    let evidence = environment.file(&format!("evidence/{digest}.trial.json"));
    let envelope = std::fs::read_to_string(&evidence).expect("there");
    let at = envelope.find("\"sig\":\"").expect("a signature") + 12;
    let other = if &envelope[at..=at] == "A" { "B" } else { "A" };
    let forged = format!("{}{other}{}", &envelope[..at], &envelope[at + 1..]);
    std::fs::write(&evidence, forged).expect("written");
    environment.line(&there).says(4, &["RF0364", "next: ringfence trial good.bin"]);
    std::fs::write(&evidence, envelope).expect("written");

    let root = std::fs::read(environment.file("root.json")).expect("there");
    let stranger = Environment::new();
    stranger.run(&["init", ".", "--channel", "ipc-rules"]).expect(0);
    std::fs::copy(stranger.file("root.json"), environment.file("root.json")).expect("copied");
    environment.line(&there).says(4, &["RF0333", "valid signatures"]);
    std::fs::write(environment.file("root.json"), root).expect("written");
    environment.line(&there).says(0, &["ipc-rules 1", "No machine has it yet"]);
    let published = environment.line(&there);
    // The same bytes again are the next release, or are refused; never a silent success.
    assert!(published.code == 0 || published.err.contains("RF0"), "{published:?}");
}

#[test]
fn metadata_that_has_expired_advances_nothing() {
    let environment = tested();
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let long_ago = Time((seconds - 30 * 24 * 3600) * 1000);
    let key = |name: &str| trust::key::load(&environment.file(name)).expect("a key");
    let root = key("keys/root.pem");
    let targets = key("keys/targets.pem");
    let channel = key("keys/channel-ipc-rules.pem");
    let online = KeyPair::generate().expect("a key");
    fn one(pair: &KeyPair) -> Signers<'_> {
        Signers { keys: vec![pair], threshold: 1 }
    }
    let files = repository::init(&InitRequest {
        root: one(&root),
        targets: one(&targets),
        snapshot: one(&online),
        timestamp: one(&online),
        fences: one(&online),
        channels: vec![ChannelKeys {
            channel: "ipc-rules".parse().expect("a name"),
            signers: one(&channel),
        }],
        evidence: vec![key("keys/evidence.pem").public().clone()],
        now: long_ago,
        expiries: Expiries { timestamp: Span::hours(24), ..Expiries::default() },
    })
    .expect("a repository");
    let installed = files.iter().find(|(name, _)| name == "metadata/1.root.json").expect("a root");
    environment.write("root.json", &installed.1);
    let files = files.into_iter().map(|(name, bytes)| (format!("/tuf/{name}"), bytes));
    let url = http::serve(files.collect());
    environment
        .line(&format!("ringfence --server {url} publish good.bin"))
        .says(4, &["RF0339", "'timestamp' expired"]);
}

#[test]
fn something_that_is_no_ringfence_server_is_told_apart_from_none() {
    let environment = Environment::new();
    environment.write("token", "secret\n");
    let line = |url: &str| format!("ringfence --server {url} --token token rollout status");
    environment
        .line(&line(&http::nobody()))
        .says(5, &["RF0613", "cannot be reached", "next: ringfence serve"]);
    let page = BTreeMap::from([("/v1/rollouts".to_owned(), b"<html>hello".to_vec())]);
    environment.line(&line(&http::serve(page))).says(5, &["RF0614", "cannot be read"]);
    let other = http::serve(BTreeMap::new());
    environment.line(&line(&other)).says(5, &["RF0614", "status 404 without a problem document"]);
    let json = environment.line(&format!("{} --output json", line(&http::nobody()))).expect(5);
    let schema = environment.line("ringfence schema error").json();
    assert_eq!(common::schema::faults(&schema, &json.json()), [""; 0]);
    assert_eq!(json.json()["exit"], 5);
}

#[test]
fn serve_says_what_it_cannot_do() {
    let environment = Environment::new();
    environment.run(&["init", ".", "--channel", "a"]).expect(0);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    environment.run(&["serve", "--listen", &address]).says(2, &["RF0701", &address]);
    environment.run(&["serve", "--listen", "nowhere"]).says(2, &["RF0606", "HOST:PORT"]);
    environment.run(&["serve", "--data", "missing"]).says(2, &["RF0702"]);
    let server = Server::start(&environment);
    environment.run(&["serve", "--listen", "127.0.0.1:0"]).says(2, &["RF0703"]);
    drop(server);
}

#[test]
fn a_reader_that_goes_away_changes_no_verdict() {
    let environment = Environment::new();
    for words in [&["explain"][..], &["help"], &["schema", "contract"], &["completions", "bash"]] {
        let (code, err) = with_closed_output(&environment, words);
        assert_eq!((code, err.as_str()), (0, ""), "{words:?}");
    }
    environment.write("empty", "");
    environment.write(
        "c.toml",
        "schema = \"ringfence/contract/v1\"\nchannel = \"c\"\nformat = \"lines\"\n",
    );
    let (code, err) = with_closed_output(&environment, &["check", "empty", "--contract", "c.toml"]);
    assert_eq!((code, err.as_str()), (1, ""));
}

#[test]
fn a_full_disk_is_said() {
    let environment = Environment::new();
    let full = std::fs::File::options().write(true).open("/dev/full").expect("there");
    let mut command = environment.command(&["explain"]);
    let output = command.stdout(full).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("RF0612") && said.contains("No space left"), "{said}");
}

#[test]
fn a_consumer_that_is_not_there_is_no_pass() {
    let environment = Environment::new();
    programs::stage(&environment, &["good"]);
    let line = "ringfence trial good.bin --contract contracts/ipc-rules.toml --bin examples";
    environment.line(line).says(3, &["RF0204", "? nothing is known about this file"]);
    let line = "ringfence trial good.bin --contract contracts/ipc-rules.toml --events missing";
    environment.line(line).says(2, &["RF0603", "missing"]);
}

#[test]
fn colour_is_an_addition_and_can_be_refused() {
    let mut environment = Environment::new();
    environment.write("empty", "");
    environment.write(
        "c.toml",
        "schema = \"ringfence/contract/v1\"\nchannel = \"c\"\nformat = \"lines\"\n",
    );
    let colored = |environment: &Environment, more: &str| {
        let line = format!("ringfence check empty --contract c.toml {more}").trim().to_owned();
        environment.line(&line).expect(1).out.contains('\u{1b}')
    };
    assert!(!colored(&environment, ""), "a pipe is no terminal");
    assert!(colored(&environment, "--color always"));
    environment.variables = vec![("CLICOLOR_FORCE", "1".to_owned())];
    assert!(colored(&environment, ""));
    assert!(!colored(&environment, "--color never"));
    environment.variables.push(("NO_COLOR", "1".to_owned()));
    assert!(!colored(&environment, ""));
}

#[test]
fn every_report_format_is_written_in_one_run() {
    let environment = Environment::new();
    environment.write("empty", "");
    environment.write(
        "c.toml",
        "schema = \"ringfence/contract/v1\"\nchannel = \"c\"\nformat = \"lines\"\n",
    );
    let formats = ["json", "sarif", "junit", "github", "gitlab", "markdown", "html"];
    let reports: Vec<String> =
        formats.iter().map(|format| format!("--report {format}=out.{format}")).collect();
    environment
        .line(&format!("ringfence check empty --contract c.toml {}", reports.join(" ")))
        .expect(1);
    for format in formats {
        let text = std::fs::read_to_string(environment.file(&format!("out.{format}")));
        assert!(text.expect("written").contains("RF0101"), "{format}");
    }
    let text = std::fs::read_to_string(environment.file("out.json")).expect("written");
    let schema = environment.line("ringfence schema check").json();
    let document = serde_json::from_str(&text).expect("JSON");
    assert_eq!(common::schema::faults(&schema, &document), [""; 0]);
}

#[test]
fn every_code_is_explained_and_every_schema_printed() {
    let environment = Environment::new();
    let codes = environment.line("ringfence explain --output json").expect(0).json();
    let schema = environment.line("ringfence schema codes").json();
    assert_eq!(common::schema::faults(&schema, &codes), [""; 0]);
    let list = environment.line("ringfence explain").expect(0).out;
    for entry in decide::finding::catalogue::all() {
        assert!(list.contains(&format!("{}  {}\n", entry.code, entry.title)), "{}", entry.code);
    }
    for name in environment.line("ringfence schema").expect(0).out.lines() {
        let schema = environment.line(&format!("ringfence schema {name}")).expect(0).json();
        assert_eq!(schema["properties"]["schema"]["const"], format!("ringfence/{name}/v1"));
    }
}

#[test]
fn completion_scripts_are_read_by_their_shells() {
    let environment = Environment::new();
    for (shell, check) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["-n"])] {
        let script = environment.line(&format!("ringfence completions {shell}")).expect(0).out;
        assert!(script.contains("rollout"), "{shell}");
        environment.write(shell, &script);
        let file = environment.file(shell);
        let read = std::process::Command::new(shell).args(check).arg(file).output();
        // A shell that is not installed here cannot say anything about its script.
        if let Ok(read) = read {
            let said = String::from_utf8_lossy(&read.stderr).into_owned();
            assert!(read.status.success(), "{shell}: {said}");
        }
    }
}
