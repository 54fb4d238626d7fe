//! `--report FORMAT=PATH`: several reports out of one run, each where it is wanted.

use crate::codes;
use crate::error::Failure;
use crate::files;
use contract::{CheckReport, render};
use std::path::PathBuf;
use std::str::FromStr;

/// One wanted report.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    format: &'static str,
    path: PathBuf,
}

impl FromStr for Wanted {
    type Err = String;
    fn from_str(text: &str) -> Result<Wanted, String> {
        let known = || format!("FORMAT is one of {}", render::FORMATS.join(", "));
        let (format, path) = text
            .split_once('=')
            .ok_or_else(|| format!("'{text}' is not FORMAT=PATH; {}", known()))?;
        let found = render::FORMATS.into_iter().find(|name| *name == format);
        let format = found.ok_or_else(|| {
            let meant = contract::strict::suggestion(format, &render::FORMATS);
            let meant = meant.map_or(String::new(), |name| format!("; did you mean '{name}'?"));
            format!("'{format}' is no report format{meant} {}", known())
        })?;
        if path.is_empty() {
            return Err(format!("'{text}' names no path"));
        }
        Ok(Wanted { format, path: PathBuf::from(path) })
    }
}

/// Writes the wanted reports. `document` is the run's own JSON document.
pub(crate) fn write(
    wanted: &[Wanted],
    reports: &[CheckReport],
    document: &serde_json::Value,
) -> Result<(), Failure> {
    for Wanted { format, path } in wanted {
        let text = match *format {
            "json" => format!("{document:#}\n"),
            "sarif" => render::sarif(reports),
            "junit" => render::junit(reports),
            "github" => render::github(reports),
            "gitlab" => render::gitlab(reports),
            "markdown" => render::markdown(reports),
            "html" => render::html(reports),
            other => {
                let sentence = format!("the report format {other} is known and not drawn");
                return Err(Failure::new(codes::BUG, sentence));
            }
        };
        if path.as_os_str() == "/dev/stdout" {
            let sentence = "standard output carries the command's own result";
            return Err(Failure::new(codes::USAGE, sentence).hint("write the report to a file"));
        }
        files::replace(path, text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_format_and_a_path() {
        let good: Wanted = "sarif=a=b.json".parse().expect("good");
        assert_eq!((good.format, good.path), ("sarif", PathBuf::from("a=b.json")));
        for (text, part) in
            [("sarif", "FORMAT=PATH"), ("sariff=x", "did you mean 'sarif'?"), ("json=", "no path")]
        {
            let error = text.parse::<Wanted>().expect_err("refused");
            assert!(error.contains(part), "{error}");
        }
    }
}
