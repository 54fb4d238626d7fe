//! A consumer that nobody here wrote: nginx serves an include that an agent hands over.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use decide::endpoint::Phase;
use std::net::TcpListener;
use support::{Field, Hub, root};
use wire::fence::OfferState;
use wire::report::What;

/// `{current}` is included by a configuration that is written before each start.
fn consumer(port: u16) -> String {
    let template = root().join("examples/nginx/nginx.conf.in");
    format!(
        r#"[consumer]
version = "1.22"
command = ["nginx", "-e", "{{work}}/error.log", "-p", "{{work}}", "-c", "{{work}}/nginx.conf"]
files = {{ "nginx.conf" = {template:?} }}
values = {{ listen = "127.0.0.1:{port}" }}
reload = "signal:HUP"
taste = [["nginx", "-t", "-q", "-e", "{{work}}/error.log", "-p", "{{work}}", "-c", "{{work}}/nginx.conf"]]
taste_files = {{ "nginx.conf" = {template:?} }}
health = {{ probe = "http://127.0.0.1:{port}/healthz" }}
hang_after = "5s"

[probation]
time = "1s"
heartbeats = 2
events = 0
"#
    )
}

/// One field with nginx in place of the sensor.
fn field(hub: &Hub) -> Field {
    let good = std::fs::read(root().join("examples/nginx/served-good.conf")).unwrap();
    let field = Field::new(hub, &good);
    let text = std::fs::read_to_string(field.config()).unwrap();
    let (head, _) = text.split_once("[consumer]").unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    std::fs::write(field.config(), format!("{head}{}", consumer(port))).unwrap();
    field
}

#[test]
fn nginx_takes_a_good_include_and_loses_a_bad_one() {
    if std::process::Command::new("nginx").arg("-v").output().is_err() {
        println!("skipped: nginx is not installed (apt-get install nginx-light)");
        return;
    }
    let mut hub = Hub::new();
    let read = |name: &str| std::fs::read(root().join("examples/nginx").join(name)).unwrap();
    let release =
        |hub: &mut Hub, number, name| hub.release_tried_on(number, &read(name), &["1.22"]);
    let mut field = field(&hub);
    field.start();
    field.until("a healthy seed", |status| status.attempts == 0 && status.fence > 0);
    let process = field.consumer();
    let fixed = release(&mut hub, 1, "served-fixed.conf");
    hub.offer(&fixed, OfferState::Open);
    field.until("known good", |s| s.known_good.number == 1 && s.phase == Phase::Stable);
    assert_eq!(field.consumer(), process, "reloaded, not restarted");
    // The taste refuses what nginx itself refuses.
    let broken = release(&mut hub, 2, "served-broken.conf");
    hub.offer(&broken, OfferState::Open);
    field.wait("refused", || hub.told(2) == [What::Refused]);
    // What nginx accepts and the probe does not is put back.
    let bad = release(&mut hub, 3, "served-bad.conf");
    hub.offer(&bad, OfferState::Open);
    field.until("banned", |s| s.banned == [bad.digest] && s.phase == Phase::Stable);
    field.wait("the reports", || hub.told(3).contains(&What::Reverted));
    let told: Vec<What> = hub.told(3).into_iter().filter(|what| *what != What::Loaded).collect();
    assert_eq!(told, [What::Attempted, What::Crashed, What::Reverted]);
    let crash = hub.reports().into_iter().find(|report| report.what == What::Crashed).unwrap();
    assert!(crash.detail.contains("the probe answers"), "{}", crash.detail);
    assert_eq!(field.current(), read("served-fixed.conf"));
    field.stop();
}
