//! Two other implementations read what this crate writes: python-tuf the repository,
//! securesystemslib the evidence. Skipped, and said so, where they cannot be installed.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use ringfence_trust as trust;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Repo, key};

/// A Python with both libraries, in a virtual environment under the build directory; `None`, with
/// the reason printed, where there is none to be had.
fn python() -> Option<PathBuf> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-tuf");
    let python = home.join("bin/python");
    let has = |python: &Path| {
        let import = ["-c", "import tuf.ngclient, securesystemslib.dsse, cryptography"];
        Command::new(python).args(import).output().is_ok_and(|output| output.status.success())
    };
    if has(&python) {
        return Some(python);
    }
    let run =
        |program: &Path, arguments: &[&str]| match Command::new(program).args(arguments).output() {
            Ok(output) if output.status.success() => true,
            Ok(output) => {
                eprintln!("SKIPPED: {}", String::from_utf8_lossy(&output.stderr).trim());
                false
            }
            Err(error) => {
                eprintln!("SKIPPED: {}: {error}", program.display());
                false
            }
        };
    let directory = home.to_str().expect("the build directory has a printable name");
    let wanted = ["-m", "pip", "install", "-q", "--retries", "1", "--timeout", "15", "tuf>=6,<8"];
    let wanted = [&wanted[..], &["securesystemslib[crypto]>=1,<2"]].concat();
    (run(Path::new("python3"), &["-m", "venv", "--clear", directory]) && run(&python, &wanted))
        .then_some(python)
        .or_else(|| {
            eprintln!("SKIPPED: this run was NOT cross-checked by python-tuf");
            None
        })
}

const READ: &str = r#"
import json, os, sys
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
top, keyid, public = sys.argv[1:]
class Files(FetcherInterface):
    def _fetch(self, url):
        path = os.path.join(top, "repository", url.removeprefix("x://"))
        if not os.path.exists(path):
            raise DownloadHTTPError("no " + url, 404)
        yield open(path, "rb").read()
os.makedirs(top + "/cache/targets")
root = open(top + "/repository/metadata/1.root.json", "rb").read()
updater = Updater(top + "/cache", "x://metadata", top + "/cache/targets", "x://targets",
                  fetcher=Files(), bootstrap=root)
updater.refresh()
for path in ["fence/rules.json", "release/rules/1.json", "evidence-keys.json"]:
    info = updater.get_targetinfo(path)
    print(path, open(updater.download_target(info), "rb").read().decode())
assert updater.get_targetinfo("release/models/9.json") is None
data = json.load(open(top + "/evidence.json"))
key = SSlibKey(keyid, "ed25519", "ed25519", {"public": public})
envelope = Envelope.from_dict(data)
assert list(envelope.verify([key], 1)) == [keyid]
print("evidence", json.loads(envelope.payload)["_type"])
"#;

#[test]
fn python_tuf_and_securesystemslib_accept_what_is_written() {
    let Some(python) = python() else { return };
    // Their clock is the system's, so this repository is made today.
    let today = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = decide::time::Time(u64::try_from(today.as_millis()).unwrap());
    let mut repo = Repo::at(now);
    repo.fence("the fence");
    repo.release(1, "the manifest");
    let top = tempfile::tempdir().unwrap();
    for (address, bytes) in &repo.files {
        let file = top.path().join("repository").join(address);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
    let payload = br#"{"_type":"https://in-toto.io/Statement/v1"}"#;
    let evidence = trust::evidence::sign(payload, &[&key(9)]);
    std::fs::write(top.path().join("evidence.json"), evidence).unwrap();
    let public = key(9).public().clone();
    let output = Command::new(python)
        .args(["-c", READ, top.path().to_str().unwrap(), &public.id(), public.hex()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "fence/rules.json the fence",
        "release/rules/1.json the manifest",
        "evidence https://in-toto.io/Statement/v1",
    ] {
        assert!(said.contains(line), "{said}");
    }
}
