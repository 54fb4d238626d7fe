//! As much of a web server as agents need.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wire::report::{Enroll, Report, Reports};

#[derive(Default)]
pub struct Shared {
    /// Address without its first slash, and the bytes.
    pub files: BTreeMap<String, Vec<u8>>,
    pub reports: Vec<Report>,
    pub enrolled: Vec<Enroll>,
    /// Answers nothing at all.
    pub down: bool,
    /// Newest fence number, as the answer to reports names it.
    pub fence: u64,
    /// Addresses that were asked for.
    pub asked: Vec<String>,
}

/// Serves until the process ends; returns the address.
pub fn serve(shared: Arc<Mutex<Shared>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || {
                let _ = answer(stream, &shared);
            });
        }
    });
    address
}

fn answer(stream: TcpStream, shared: &Mutex<Shared>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim().split_once(':') else { break };
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let mut shared = shared.lock().unwrap();
        if shared.down {
            return Ok(());
        }
        let path = words[1].trim_start_matches('/').to_owned();
        let (status, etag, bytes) = match words[0].as_str() {
            "GET" => get(&mut shared, &path, headers.get("if-none-match")),
            _ => post(&mut shared, &path, &body),
        };
        drop(shared);
        let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n{etag}\r\n", bytes.len());
        stream.write_all(head.as_bytes())?;
        stream.write_all(&bytes)?;
    }
}

fn get(shared: &mut Shared, path: &str, tag: Option<&String>) -> (u16, String, Vec<u8>) {
    shared.asked.push(path.to_owned());
    let Some(bytes) = shared.files.get(path) else { return (404, String::new(), Vec::new()) };
    let etag = format!("\"{}\"", decide::id::Digest::of(bytes));
    let header = format!("ETag: {etag}\r\n");
    if tag == Some(&etag) {
        return (304, header, Vec::new());
    }
    (200, header, bytes.clone())
}

fn post(shared: &mut Shared, path: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
    let answer = match path {
        "v1/enroll" => {
            shared.enrolled.push(wire::read(body).unwrap());
            serde_json::json!({"schema": "ringfence/enrolled/v1", "machine_token": "m"})
        }
        "v1/reports" => {
            let reports: Reports = wire::read(body).unwrap();
            let known = shared.reports.last().map_or(0, |report| report.sequence);
            shared.reports.extend(reports.reports.into_iter().filter(|r| r.sequence > known));
            let newest = shared.reports.last().map_or(0, |report| report.sequence);
            serde_json::json!({
                "schema": "ringfence/reports-taken/v1", "sequence": newest,
                "fences": {"rules": shared.fence},
            })
        }
        _ => return (404, String::new(), Vec::new()),
    };
    (200, String::new(), answer.to_string().into_bytes())
}
