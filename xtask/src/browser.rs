//! A real browser, driven over the WebDriver protocol (W3C) with plain HTTP on loopback.

use crate::process::{Running, wait_for};
use crate::stage::{free_port, get};
use crate::{Fault, Outcome, tools};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Longest time for one command of the protocol, a page load included.
const COMMAND_TIME: Duration = Duration::from_secs(30);
/// Longest wait for the driver to come up.
const DRIVER_WAIT: Duration = Duration::from_secs(20);
/// How the protocol marks an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Nothing but the page: no sandbox for root, no traffic of the browser's own.
const ARGUMENTS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A browser with one window.
pub struct Browser {
    session: String,
    agent: ureq::Agent,
    // Dropped last: the session's commands need it.
    _driver: Running,
}

impl Browser {
    /// Starts driver and browser; `directory` gets their files.
    ///
    /// # Errors
    /// When one of them is missing or does not come up.
    pub fn open(directory: &Path) -> Outcome<Browser> {
        tools::ensure(&[&tools::CHROMIUM, &tools::CHROMEDRIVER])?;
        let program = tools::find("chromedriver")
            .ok_or_else(|| Fault("chromedriver is not installed".into()))?;
        let port = free_port()?;
        let mut command = Command::new(program);
        command.arg(format!("--port={port}"));
        let driver = Running::start("chromedriver", &mut command, &directory.join("driver.log"))?;
        let base = format!("http://127.0.0.1:{port}");
        wait_for("the browser's driver", DRIVER_WAIT, || {
            Ok(get(&format!("{base}/status"), None).ok())
        })?;
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(COMMAND_TIME))
            .http_status_as_error(false)
            .build()
            .into();
        let mut arguments: Vec<String> = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", directory.join("profile").display()));
        let options = json!({ "args": arguments });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options } } });
        let mut browser = Browser { session: base.clone(), agent, _driver: driver };
        let opened = browser.post("/session", &wanted)?;
        let id = opened["sessionId"]
            .as_str()
            .ok_or_else(|| Fault(format!("the driver opened no session: {opened}")))?;
        browser.session = format!("{base}/session/{id}");
        Ok(browser)
    }

    fn answer(what: &str, bytes: &[u8]) -> Outcome<Value> {
        let document: Value =
            serde_json::from_slice(bytes).map_err(|error| Fault::about(what, error))?;
        let value = document["value"].clone();
        match value["error"].as_str() {
            Some(error) => Err(Fault(format!("{what}: {error}: {}", value["message"]))),
            None => Ok(value),
        }
    }

    fn post(&self, path: &str, body: &Value) -> Outcome<Value> {
        let mut answer = self
            .agent
            .post(format!("{}{path}", self.session))
            .header("Content-Type", "application/json")
            .send(body.to_string())
            .map_err(|error| Fault::about(path, error))?;
        let bytes = answer.body_mut().read_to_vec().map_err(|error| Fault::about(path, error))?;
        Browser::answer(path, &bytes)
    }

    /// Opens an address.
    ///
    /// # Errors
    /// When the page does not load.
    pub fn go(&self, url: &str) -> Outcome<()> {
        self.post("/url", &json!({ "url": url })).map(|_| ())
    }
    /// Sets the window's size.
    ///
    /// # Errors
    /// When the driver refuses.
    pub fn size(&self, width: u32, height: u32) -> Outcome<()> {
        self.post("/window/rect", &json!({ "width": width, "height": height })).map(|_| ())
    }
    /// Asks for the light or the dark colours.
    ///
    /// # Errors
    /// When the driver refuses.
    pub fn colours(&self, scheme: &str) -> Outcome<()> {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let body =
            json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": features } });
        self.post("/goog/cdp/execute", &body).map(|_| ())
    }
    fn element(&self, css: &str) -> Outcome<String> {
        let found = self.post("/element", &json!({ "using": "css selector", "value": css }))?;
        let id = found[ELEMENT].as_str();
        id.map(str::to_owned).ok_or_else(|| Fault(format!("'{css}' is not an element: {found}")))
    }
    /// Types into an element.
    ///
    /// # Errors
    /// When it is not there.
    pub fn write(&self, css: &str, text: &str) -> Outcome<()> {
        let element = self.element(css)?;
        self.post(&format!("/element/{element}/value"), &json!({ "text": text })).map(|_| ())
    }
    /// Clicks on an element.
    ///
    /// # Errors
    /// When it is not there or covered by another.
    pub fn click(&self, css: &str) -> Outcome<()> {
        let element = self.element(css)?;
        self.post(&format!("/element/{element}/click"), &json!({})).map(|_| ())
    }
    /// The value of an expression of the page's language.
    ///
    /// # Errors
    /// When it throws.
    pub fn eval(&self, expression: &str) -> Outcome<Value> {
        let body = json!({ "script": format!("return {expression};"), "args": [] });
        self.post("/execute/sync", &body)
    }
    /// The text that a person sees on the page.
    ///
    /// # Errors
    /// When there is no page.
    pub fn text(&self) -> Outcome<String> {
        Ok(self.eval("document.body.innerText")?.as_str().unwrap_or_default().to_owned())
    }
    /// Waits until the page's text has `words`.
    ///
    /// # Errors
    /// When it has not in time; with the text that it has.
    pub fn wait_text(&self, words: &str, limit: Duration) -> Outcome<()> {
        wait_for(words, limit, || Ok(self.text()?.contains(words).then_some(()))).map_err(|fault| {
            Fault(format!("{fault}; the page says: {}", self.text().unwrap_or_default()))
        })
    }
    /// Saves a picture of the window as PNG, where `RINGFENCE_PICTURES` names a directory for them.
    ///
    /// # Errors
    /// When the driver or the disk refuses.
    pub fn picture(&self, name: &str) -> Outcome<()> {
        let Some(directory) = std::env::var_os("RINGFENCE_PICTURES") else { return Ok(()) };
        let path = "/screenshot";
        let mut answer = self
            .agent
            .get(format!("{}{path}", self.session))
            .call()
            .map_err(|error| Fault::about(path, error))?;
        let bytes = answer.body_mut().read_to_vec().map_err(|error| Fault::about(path, error))?;
        let value = Browser::answer(path, &bytes)?;
        let file = Path::new(&directory).join(format!("{name}.png"));
        let encoded = file.with_extension("base64");
        std::fs::write(&encoded, value.as_str().unwrap_or_default())
            .map_err(|error| Fault::about(encoded.display(), error))?;
        let script = "base64 -d \"$1\" > \"$2\" && rm \"$1\"";
        let mut decode = Command::new("sh");
        decode.args(["-c", script, "sh"]).arg(&encoded).arg(&file);
        crate::process::run(&mut decode).map(|_| ())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends with its session; the driver is ended by id after that.
        let _ = self.agent.delete(&self.session).call();
    }
}
