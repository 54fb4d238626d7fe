//! Unchanged polls (304) of our server against nginx on a static file of the same size, answers
//! per CPU second of the server process.

use super::{Figure, median};
use crate::process::{Running, cpu_seconds, run as run_command, wait_for};
use crate::stage::{Programs, Stage, scratch};
use crate::tools::{self, NGINX, WRK};
use crate::{Fault, Outcome};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const RUNS: usize = 5;
/// Seconds of load a run; bounded, loopback only.
const SECONDS: u32 = 3;
const CONNECTIONS: u32 = 32;

/// Answers per CPU second of the process `id` while asking for `url` with `etag`.
fn rate(url: &str, etag: &str, id: u32) -> Outcome<f64> {
    let before = cpu_seconds(id)?;
    let text = run_command(Command::new("wrk").args([
        "-t1",
        &format!("-c{CONNECTIONS}"),
        &format!("-d{SECONDS}s"),
        "-H",
        &format!("If-None-Match: {etag}"),
        url,
    ]))?;
    let used = cpu_seconds(id)? - before;
    let requests = text
        .lines()
        .find_map(|line| line.trim().split_once(" requests in ").map(|(count, _)| count))
        .and_then(|count| count.trim().parse::<f64>().ok())
        .ok_or_else(|| Fault(format!("wrk's report was not understood: {text}")))?;
    Ok(requests / used.max(0.01))
}

fn etag(url: &str) -> Outcome<(String, Vec<u8>)> {
    let mut answer = ureq::get(url).call().map_err(|error| Fault::about(url, error))?;
    let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    let body = answer.body_mut().read_to_vec().map_err(|error| Fault::about(url, error))?;
    tag.map(|tag| (tag, body)).ok_or_else(|| Fault(format!("{url} has no ETag")))
}

fn nginx(directory: &Path, body: &[u8]) -> Outcome<(Running, String)> {
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(directory.join(name), bytes).map_err(|error| Fault::about(name, error))
    };
    std::fs::create_dir_all(directory.join("www")).map_err(|e| Fault::about("www", e))?;
    write("www/timestamp.json", body)?;
    let port = crate::stage::free_port()?;
    let root = directory.display();
    let config = format!(
        "worker_processes 1; daemon off; master_process off; pid {root}/nginx.pid; \
         error_log {root}/error.log; events {{ worker_connections 1024; }} \
         http {{ access_log off; keepalive_requests 1000000000; \
         client_body_temp_path {root}/b; proxy_temp_path {root}/p; fastcgi_temp_path {root}/f; \
         uwsgi_temp_path {root}/u; scgi_temp_path {root}/s; open_file_cache max=16; \
         server {{ listen 127.0.0.1:{port}; root {root}/www; }} }}"
    );
    write("nginx.conf", config.as_bytes())?;
    let program = tools::find("nginx").ok_or_else(|| Fault("nginx is not installed".into()))?;
    let mut command = Command::new(program);
    command.arg("-c").arg(directory.join("nginx.conf")).arg("-p").arg(directory);
    let running = Running::start("nginx", &mut command, &directory.join("nginx.log"))?;
    Ok((running, format!("http://127.0.0.1:{port}/timestamp.json")))
}

/// Runs the bench.
pub(super) fn run(programs: &Programs) -> Outcome<Vec<Figure>> {
    tools::ensure(&[&NGINX, &WRK])?;
    let directory = scratch("bench-polls")?;
    let stage = Stage::open(programs, &directory.join("stage"))?;
    let server = stage.serve()?;
    let ours = format!("{}/tuf/metadata/timestamp.json", server.address);
    let (our_tag, body) = etag(&ours)?;
    let (running, theirs) = nginx(&directory, &body)?;
    let (their_tag, _) = wait_for("nginx", Duration::from_secs(5), || Ok(etag(&theirs).ok()))?;
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let a = rate(&ours, &our_tag, server.process.id())?;
        let b = rate(&theirs, &their_tag, running.id())?;
        ratios.push(a / b);
        rates.push(a);
    }
    let how = format!(
        "304 answers per CPU second of the server process, {CONNECTIONS} kept connections, \
         {SECONDS} s a run on loopback, against one nginx worker on a static file of the same \
         {} bytes with its file cache on; pairs in turn, median of {RUNS}",
        body.len()
    );
    Ok(vec![
        Figure::at_least(
            "unchanged polls / nginx",
            median(ratios),
            0.5,
            "ratio per core",
            how.clone(),
        ),
        Figure::only("unchanged polls", median(rates), "answers per CPU second", how),
    ])
}
