//! A comparison as one HTML file: no script, nothing fetched, light and dark, curves drawn here.

use super::compare::{headline, ratio};
use super::{clock, count};
use crate::report::{CompareReport, Compared, Figure, Point};
use std::fmt::Write as _;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 34.0;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--back:#ffffff;--line:#c9d1d9;--soft:#59636e;\
--ours:#0550ae;--other:#8c959f}\
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--back:#0d1117;--line:#3d444d;--soft:#9198a1;\
--ours:#79c0ff;--other:#768390}}\
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);margin:2rem auto;\
max-width:76rem;padding:0 1rem}\
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem}p.lead{font-size:1.1rem}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
th,td{padding:.3rem .5rem;border-bottom:1px solid var(--line);text-align:right}\
th:first-child,td:first-child{text-align:left}tr.ours{font-weight:600;color:var(--ours)}\
.wide{overflow-x:auto}.two{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;flex:1 1 24rem}\
svg{width:100%;height:auto}svg text{fill:var(--soft);font-size:11px}\
.axis{stroke:var(--line);fill:none}.curve{fill:none;stroke:var(--other);stroke-width:1.2}\
.curve.ours{stroke:var(--ours);stroke-width:2.6}svg text.ours{fill:var(--ours);font-weight:600}\
dt{font-weight:600}dd{margin:0 0 .5rem;color:var(--soft)}footer{color:var(--soft);margin-top:2rem}";

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
}

/// The scales of one picture: time and machines, both by powers of ten.
struct Scales {
    time: f64,
    machines: f64,
}

impl Scales {
    fn of(report: &CompareReport) -> Scales {
        let points = report.policies.iter().flat_map(|row| &row.timeline);
        let last = points.map(|point| point.at_s).max().unwrap_or(1).max(120);
        Scales {
            time: libm::log10(last as f64 / 60.0 + 1.0),
            machines: libm::log10(report.machines as f64 + 1.0).max(0.1),
        }
    }
    fn x(&self, at_s: u64) -> f64 {
        let share = libm::log10(at_s as f64 / 60.0 + 1.0) / self.time;
        LEFT + share.min(1.0) * (WIDTH - LEFT - RIGHT)
    }
    fn y(&self, machines: u64) -> f64 {
        let share = libm::log10(machines as f64 + 1.0) / self.machines;
        HEIGHT - BOTTOM - share.min(1.0) * (HEIGHT - TOP - BOTTOM)
    }
}

/// One panel: a curve a policy, ours in front.
fn panel(report: &CompareReport, title: &str, of: fn(&Point) -> u64) -> String {
    let scales = Scales::of(report);
    let mut svg = format!(
        "<figure><h2>{title}</h2><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{title} over time, one curve a policy\">"
    );
    axes(&mut svg, report, &scales);
    let ours = |row: &&Compared| row.policy == report.ours;
    for row in report.policies.iter().filter(|row| !ours(row)) {
        curve(&mut svg, row, &scales, of, "");
    }
    for row in report.policies.iter().filter(ours) {
        curve(&mut svg, row, &scales, of, " ours");
        let last = row.timeline.last().map_or(0, of);
        let _ = write!(
            svg,
            "<text class=\"ours\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{} {}</text>",
            WIDTH - RIGHT,
            scales.y(last) - 6.0,
            escaped(&row.policy),
            count(last)
        );
    }
    svg.push_str("</svg></figure>\n");
    svg
}

fn axes(svg: &mut String, report: &CompareReport, scales: &Scales) {
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    let _ = write!(svg, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom}H{right}\"/>");
    let mut machines = 1;
    while machines <= report.machines {
        let y = scales.y(machines);
        let _ = write!(
            svg,
            "<path class=\"axis\" d=\"M{LEFT} {y:.1}h-4\"/>\
             <text text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            LEFT - 7.0,
            y + 4.0,
            count(machines)
        );
        machines *= 10;
    }
    for at_s in [60, 600, 3_600, 21_600, 86_400, 604_800] {
        let x = scales.x(at_s);
        if libm::log10(at_s as f64 / 60.0 + 1.0) <= scales.time {
            let _ = write!(
                svg,
                "<path class=\"axis\" d=\"M{x:.1} {bottom}v4\"/>\
                 <text text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                bottom + 17.0,
                span(at_s)
            );
        }
    }
}

fn span(at_s: u64) -> &'static str {
    match at_s {
        60 => "1 min",
        600 => "10 min",
        3_600 => "1 h",
        21_600 => "6 h",
        86_400 => "1 d",
        _ => "7 d",
    }
}

fn curve(svg: &mut String, row: &Compared, scales: &Scales, of: fn(&Point) -> u64, class: &str) {
    let mut path = format!("M{LEFT:.1} {:.1}", scales.y(0));
    for point in &row.timeline {
        // Counts change in steps; a step is drawn as one.
        let _ = write!(path, "H{:.1}V{:.1}", scales.x(point.at_s), scales.y(of(point)));
    }
    let _ = write!(path, "H{:.1}", WIDTH - RIGHT);
    let last = row.timeline.last().map_or(0, of);
    let _ = write!(
        svg,
        "<path class=\"curve{class}\" d=\"{path}\"><title>{}: {}</title></path>",
        escaped(&row.policy),
        count(last)
    );
}

fn cell(figure: Figure) -> String {
    if figure.median == figure.p95 {
        return count(figure.median);
    }
    format!("{} <small>/ {}</small>", count(figure.median), count(figure.p95))
}

fn rows(html: &mut String, report: &CompareReport) {
    let time = |figure: Option<Figure>| figure.map_or("never".into(), |of| clock(of.median));
    for row in &report.policies {
        let class = if row.policy == report.ours { " class=\"ours\"" } else { "" };
        let _ = writeln!(
            html,
            "<tr{class}><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
             <td>{} of {}</td></tr>",
            escaped(&row.policy),
            ratio(row),
            cell(row.exposed),
            cell(row.harmed),
            cell(row.hands_needed),
            if row.halted == 0 { "-".into() } else { time(row.first_harm_to_halt_s) },
            time(row.good_everywhere_s),
            row.false_halts,
            report.seeds
        );
    }
}

/// One scenario under several policies.
pub fn compare_html(report: &CompareReport) -> String {
    let scenario = &report.scenario;
    let title = format!("Drill: {}", escaped(&scenario.name));
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'\">\n<title>{title}</title>\n<style>{STYLE}</style></head><body>\n\
         <h1>{title}</h1>\n<p>{}</p>\n<p class=\"lead\">{}</p>\n",
        escaped(&scenario.line),
        escaped(&headline(report))
    );
    html.push_str("<div class=\"two\">\n");
    html.push_str(&panel(report, "Exposed", |point| point.exposed));
    html.push_str(&panel(report, "Harmed", |point| point.harmed));
    html.push_str(
        "</div>\n<div class=\"wide\"><table><thead><tr><th>Policy</th><th>Harm against ours</th>\
         <th>Exposed</th><th>Harmed</th><th>Hands</th><th>First harm to halt</th>\
         <th>Good file to all</th><th>False halts</th></tr></thead><tbody>\n",
    );
    rows(&mut html, report);
    html.push_str("</tbody></table></div>\n<h2>Where the policies come from</h2>\n<dl>\n");
    for row in &report.policies {
        let assumed = if row.assumed.is_empty() {
            String::new()
        } else {
            format!(" Assumed: {}.", escaped(&row.assumed))
        };
        let _ = writeln!(
            html,
            "<dt>{}</dt><dd>{}.{assumed}</dd>",
            escaped(&row.policy),
            escaped(&row.source)
        );
    }
    html.push_str("</dl>\n");
    for assumption in &report.assumptions {
        let _ = writeln!(html, "<p>Assumed: {}.</p>", escaped(assumption));
    }
    let _ = writeln!(
        html,
        "<footer>{} machines, {} seeds from {}; curves are those of the first seed, both scales by \
         powers of ten. The same seed gives the same file.</footer>\n</body></html>",
        count(report.machines),
        report.seeds,
        report.seed
    );
    html
}
