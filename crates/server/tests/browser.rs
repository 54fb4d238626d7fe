//! What a browser meets: login, cookies, forms that only our own pages can send, live events.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use decide::id::Ring;
use decide::rollout::Phase;
use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;
use support::fleet::Machine;
use support::{World, quick};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

struct Browser<'a> {
    world: &'a World,
    cookie: String,
}

impl Browser<'_> {
    fn log_in<'a>(world: &'a World, token: &str) -> Browser<'a> {
        let origin = format!("http://{}", world.address);
        let body = format!("token={token}");
        let answer = world.post_bytes("/login", &[FORM, ("Origin", &origin)], body.as_bytes());
        assert_eq!(answer.status(), 303);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Browser { world, cookie }
    }

    fn page(&self, path: &str) -> (u16, String) {
        let mut answer = self.world.raw(path, &[("Cookie", &self.cookie)]);
        let policy = answer.headers().get("content-security-policy");
        if answer.status() == 200 && path != "/?format=json" {
            assert!(policy.unwrap().to_str().unwrap().starts_with("default-src 'self'"));
        }
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }

    fn csrf(&self) -> String {
        let (_, page) = self.page("/");
        let from = page.split("name=\"csrf\" value=\"").nth(1).expect("a form with its secret");
        from.split('"').next().unwrap().to_owned()
    }

    fn send(&self, path: &str, origin: Option<&str>, body: &str) -> u16 {
        let mut headers = vec![FORM, ("Cookie", self.cookie.as_str())];
        headers.extend(origin.map(|origin| ("Origin", origin)));
        self.world.post_bytes(path, &headers, body.as_bytes()).status().as_u16()
    }
}

fn running() -> World {
    let mut world = World::new();
    Machine::join(&world, "m-1", "7.11", Ring::Early);
    world.publish(1, b"rules");
    world.rollout(1, &quick()).unwrap();
    world
}

#[test]
fn pages_ask_for_a_login_and_have_a_twin() {
    let world = running();
    let sent = world.raw("/", &[]);
    assert_eq!(
        (sent.status().as_u16(), sent.headers()["location"].to_str().unwrap()),
        (303, "/login")
    );
    assert_eq!(world.raw("/login", &[]).status(), 200);
    let browser = Browser::log_in(&world, &world.tokens.viewer);
    assert!(browser.page("/").1.contains("r-0001"));
    assert_eq!(browser.page("/rollouts/r-0001").0, 200);
    assert_eq!(browser.page("/rollouts/r-0099").0, 404);
    let (status, twin) = browser.page("/?format=json");
    let twin: serde_json::Value = serde_json::from_str(&twin).unwrap();
    assert_eq!((status, twin["schema"].as_str()), (200, Some("ringfence/now/v1")));
    assert_eq!(world.raw("/?format=json", &[]).status(), 401);
    let origin = format!("http://{}", world.address);
    let wrong = world.post_bytes("/login", &[FORM, ("Origin", &origin)], b"token=guess");
    assert_eq!(wrong.status(), 401);
    let csrf = browser.csrf();
    assert_eq!(browser.send("/logout", Some(&origin), &format!("csrf={csrf}")), 303);
    assert_eq!(browser.page("/").0, 303, "the session is over");
}

#[test]
fn only_our_own_forms_order_anything() {
    let world = running();
    let origin = format!("http://{}", world.address);
    let origin = Some(origin.as_str());
    let path = "/rollouts/r-0001/orders";
    let viewer = Browser::log_in(&world, &world.tokens.viewer);
    let halt = format!("order=halt&csrf={}", viewer.csrf());
    assert_eq!(viewer.send(path, origin, &halt), 403, "a viewer cannot halt");
    let operator = Browser::log_in(&world, &world.tokens.operator);
    let csrf = operator.csrf();
    let halt = format!("order=halt&csrf={csrf}");
    assert_eq!(operator.send(path, None, &halt), 403, "no word of where it comes from");
    assert_eq!(operator.send(path, Some("http://evil.example"), &halt), 403);
    assert_eq!(operator.send(path, origin, "order=halt&csrf=guess"), 403);
    assert_eq!(operator.send(path, origin, "order=halt"), 403);
    let foreign = format!("order=halt&csrf={}", viewer.csrf());
    assert_eq!(operator.send(path, origin, &foreign), 403, "another session's secret");
    let cookie = operator.cookie.clone();
    let by_cookie = world.post_bytes(
        "/v1/rollouts/r-0001/orders",
        &[("Cookie", &cookie)],
        br#"{"schema":"ringfence/order/v1","order":"halt","reason":""}"#,
    );
    assert_eq!(by_cookie.status(), 401, "a cookie alone changes nothing through the API");
    assert!(!world.status("r-0001").view.phase.stopped());
    let unconfirmed = format!("order=revert&reason=x&confirm=r-1&csrf={csrf}");
    assert_eq!(operator.send(path, origin, &unconfirmed), 400);
    let unreasoned = format!("order=revert&reason=&confirm=r-0001&csrf={csrf}");
    assert_eq!(operator.send(path, origin, &unreasoned), 400);
    assert_eq!(operator.send(path, origin, &halt), 303);
    assert_eq!(world.status("r-0001").view.phase, Phase::Halted);
    let revert = format!("order=revert&reason=bad+rule&confirm=r-0001&csrf={csrf}");
    assert_eq!(operator.send(path, origin, &revert), 303);
    assert!(matches!(world.status("r-0001").view.phase, Phase::Reverting | Phase::Reverted));
}

#[test]
fn a_page_hears_of_changes() {
    let world = running();
    let browser = Browser::log_in(&world, &world.tokens.viewer);
    let mut stream = TcpStream::connect(world.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let ask = format!(
        "GET /events HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n",
        world.address, browser.cookie
    );
    std::io::Write::write_all(&mut stream, ask.as_bytes()).unwrap();
    let mut heard = String::new();
    let mut until = |part: &str| {
        let mut buffer = [0u8; 65_536];
        while !heard.contains(part) {
            let count = stream.read(&mut buffer).unwrap();
            assert!(count > 0, "the stream ended without {part}");
            heard.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    };
    until("text/event-stream");
    until("event: fragments");
    until("id: 1");
    world.order("r-0001", "halt", "").unwrap();
    until("halted");
    assert_eq!(world.raw("/events", &[]).status(), 401);
}
