//! JSON Schemas of the documents that this program prints and exchanges.
//!
//! The files that people write have theirs in `contract::schema`. Here are the others; a test
//! holds each against a document that the program really printed. Within v1 documents only grow,
//! so that objects here allow keys that they do not name.

use serde_json::{Map, Value, json};

/// Draws one schema.
type Draw = fn() -> Value;

/// Documents described here, in order of name.
const DOCUMENTS: [(&str, Draw); 17] = [
    ("check", check),
    ("check-report", check_report),
    ("codes", codes),
    ("error", error),
    ("exit-codes", exit_codes),
    ("fence", fence),
    ("halted", halted),
    ("init", init),
    ("manifest", manifest),
    ("published", published),
    ("replay", replay),
    ("reports", reports),
    ("rollout", rollout),
    ("rollouts", rollouts),
    ("saved-plan", saved_plan),
    ("trial-report", trial_report),
    ("why", why),
];

/// All names, those of files that people write first.
pub(crate) fn names() -> Vec<&'static str> {
    let written = contract::schema::NAMES.into_iter();
    written.chain(DOCUMENTS.iter().map(|(name, _)| *name)).collect()
}

/// A schema by name.
pub(crate) fn named(name: &str) -> Option<Value> {
    if let Some(schema) = contract::schema::named(name) {
        return Some(schema);
    }
    // `plan` is what people look for.
    let name = if name == "plan" { "saved-plan" } else { name };
    let (name, describe) = DOCUMENTS.iter().find(|(known, _)| *known == name)?;
    let mut schema = describe();
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(format!("Ringfence {}", name.replace('-', " ")));
    schema["properties"]["schema"] = json!({ "const": format!("ringfence/{name}/v1") });
    if let Some(required) = schema["required"].as_array_mut() {
        required.insert(0, json!("schema"));
    }
    Some(schema)
}

/// An object whose named keys are all there; a key that ends in `?` may be absent or null.
fn object(keys: &[(&str, Value)]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (key, schema) in keys {
        match key.strip_suffix('?') {
            Some(name) => {
                properties
                    .insert(name.to_owned(), json!({ "anyOf": [schema, { "type": "null" }] }));
            }
            None => {
                properties.insert((*key).to_owned(), schema.clone());
                required.push(*key);
            }
        }
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

fn text() -> Value {
    json!({ "type": "string" })
}
fn number() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}
fn flag() -> Value {
    json!({ "type": "boolean" })
}
fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}
fn map(values: Value) -> Value {
    json!({ "type": "object", "additionalProperties": values })
}
fn digest() -> Value {
    json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })
}
fn code() -> Value {
    json!({ "type": "string", "pattern": "^RF[0-9]{4}$" })
}
fn verdict() -> Value {
    json!({ "enum": ["pass", "no_signal", "inconclusive", "fail"] })
}
fn ring() -> Value {
    json!({ "enum": ["lab", "early", "standard", "late", "critical"] })
}
fn lane() -> Value {
    json!({ "enum": ["standard", "cautious", "emergency"] })
}

fn place() -> Value {
    object(&[
        ("file", text()),
        ("offset?", number()),
        ("length?", number()),
        ("line?", number()),
        ("column?", number()),
        ("record?", number()),
        ("field?", text()),
    ])
}

fn finding() -> Value {
    object(&[
        ("code", code()),
        ("severity", json!({ "enum": ["note", "warning", "error"] })),
        ("message", text()),
        ("place", place()),
        ("measured", text()),
        ("limit", text()),
        ("consumers", list(text())),
        ("rule?", place()),
        ("help", text()),
        ("folded", number()),
    ])
}

fn reason() -> Value {
    object(&[
        ("code", code()),
        ("sentence", text()),
        ("measured", text()),
        ("limit", text()),
        ("count?", object(&[("n", number()), ("of", number())])),
        ("evidence", list(text())),
        ("next", text()),
    ])
}

fn release_ref() -> Value {
    object(&[("channel", text()), ("number", number()), ("digest", digest()), ("length", number())])
}

fn check_report() -> Value {
    let facts = object(&[("bytes", number()), ("records", number()), ("repeated", number())]);
    object(&[
        ("file", text()),
        ("contract", text()),
        ("facts", facts),
        ("verdict", verdict()),
        ("findings", list(finding())),
    ])
}

fn check() -> Value {
    let names = ["named", "checked", "passed", "refused", "skipped"];
    object(&[
        ("verdict", verdict()),
        ("counts", object(&names.map(|name| (name, number())))),
        ("files", list(check_report())),
        ("evidence", list(json!({ "type": ["string", "null"] }))),
    ])
}

/// How a run of a consumer ended.
fn ending() -> Value {
    object(&[("class", text())])
}

fn landmine() -> Value {
    object(&[
        ("id", text()),
        ("versions", list(text())),
        ("class", ending()),
        ("kind", text()),
        ("change", text()),
        ("cause", text()),
        ("variants", number()),
    ])
}

fn trial_report() -> Value {
    let version = object(&[
        ("version", text()),
        ("candidate", ending()),
        ("variants", number()),
        ("loaded", number()),
        ("refused", number()),
        ("crashed", number()),
        ("hung", number()),
        ("other", number()),
    ]);
    object(&[
        ("file", text()),
        ("digest", digest()),
        ("contract", text()),
        ("seed", number()),
        ("executions", number()),
        ("sandbox", text()),
        ("events", list(text())),
        ("versions", list(version)),
        ("landmines", list(landmine())),
        ("findings", list(finding())),
        ("verdict", verdict()),
    ])
}

fn replay() -> Value {
    let version = object(&[("version", text()), ("ending", ending())]);
    object(&[("landmine", landmine()), ("verdict", verdict()), ("versions", list(version))])
}

fn codes() -> Value {
    let one = object(&[("code", code()), ("title", text()), ("explanation", text())]);
    object(&[("codes", list(one))])
}

fn error() -> Value {
    let kinds = [
        "usage",
        "configuration",
        "refused",
        "undecided",
        "trust",
        "permission",
        "unreachable",
        "interrupted",
        "bug",
    ];
    object(&[
        ("kind", json!({ "enum": kinds })),
        ("exit", number()),
        ("reasons", list(reason())),
        ("findings", list(finding())),
        ("hints", list(text())),
    ])
}

fn exit_codes() -> Value {
    object(&[("codes", list(object(&[("code", number()), ("meaning", text())])))])
}

fn init() -> Value {
    object(&[("directory", text()), ("written", list(text())), ("kept", list(text()))])
}

fn manifest() -> Value {
    let evidence = object(&[
        ("kind", json!({ "enum": ["check", "trial"] })),
        ("digest", digest()),
        ("length", number()),
    ]);
    object(&[
        ("release", release_ref()),
        ("file_name", text()),
        ("created", number()),
        ("evidence", list(evidence)),
    ])
}

fn release() -> Value {
    let withdrawn = object(&[("at", number()), ("by", text()), ("reason", text())]);
    object(&[
        ("manifest", manifest()),
        ("published", number()),
        ("by", text()),
        ("withdrawn?", withdrawn),
    ])
}

fn published() -> Value {
    object(&[("release", release()), ("key", text()), ("next", text())])
}

fn fence() -> Value {
    let threshold = object(&[("stratum", text()), ("below", number())]);
    let offer = object(&[
        ("rollout", text()),
        ("release", release_ref()),
        ("salt", text()),
        ("state", json!({ "enum": ["open", "halted", "reverting"] })),
        ("thresholds", list(threshold)),
    ]);
    object(&[
        ("channel", text()),
        ("number", number()),
        ("issued", number()),
        ("expires", number()),
        ("base?", release_ref()),
        ("offers", list(offer)),
        ("withdrawn", list(digest())),
        ("held?", list(text())),
        ("strata", list(text())),
        ("cadence", object(&[("poll", text()), ("heartbeat", text())])),
    ])
}

fn reports() -> Value {
    let report = object(&[
        ("sequence", number()),
        ("channel", text()),
        ("age", number()),
        ("what", text()),
        ("release", object(&[("number", number()), ("digest", digest())])),
        ("detail?", text()),
        ("events?", number()),
        ("decisions?", number()),
        ("rss_kib?", number()),
        ("fence?", number()),
    ]);
    object(&[("machine", text()), ("reports", list(report))])
}

fn view() -> Value {
    let phases = ["advancing", "holding", "soaking", "done", "halted", "reverting", "reverted"];
    let gate = object(&[
        ("size", text()),
        ("machines", number()),
        ("ring", ring()),
        ("wait", number()),
        ("reached?", number()),
        ("opened?", number()),
        ("verdict", verdict()),
    ]);
    let stratum = object(&[
        ("name", text()),
        ("ring", ring()),
        ("machines", number()),
        ("assigned", number()),
        ("attempted", number()),
        ("confirmed", number()),
        ("harmed", number()),
        ("quarantined", flag()),
        ("reverted?", number()),
        ("down?", number()),
        ("refused?", number()),
    ]);
    object(&[
        ("phase", json!({ "enum": phases })),
        ("since", number()),
        ("withdrawn", flag()),
        ("verdict", verdict()),
        ("reasons", list(reason())),
        ("gates", list(gate)),
        ("strata", list(stratum)),
        ("machines", number()),
        ("assigned", number()),
        ("attempted", number()),
        ("confirmed", number()),
        ("harmed", number()),
        ("reverted", number()),
        ("down?", number()),
        ("refused?", number()),
        ("evidence", text()),
        ("first_harm?", number()),
        ("halted_at?", number()),
    ])
}

fn rollout() -> Value {
    object(&[
        ("rollout", text()),
        ("release", release_ref()),
        ("previous?", release_ref()),
        ("lane", lane()),
        ("by", text()),
        ("reason", text()),
        ("started", number()),
        ("as_of", number()),
        ("view", view()),
        ("hands_needed", number()),
    ])
}

fn rollouts() -> Value {
    object(&[("as_of", number()), ("items", list(rollout()))])
}

fn halted() -> Value {
    object(&[("rollouts", list(rollout()))])
}

fn saved_plan() -> Value {
    let gate = object(&[
        ("size", text()),
        ("machines", number()),
        ("permille", number()),
        ("ring", ring()),
        ("wait", number()),
        ("seen_ppm", number()),
        ("power", text()),
    ]);
    let plan = object(&[
        ("release", release_ref()),
        ("previous?", release_ref()),
        ("lane", lane()),
        ("policy", text()),
        ("machines", number()),
        ("gates", list(gate)),
        ("earliest_all", number()),
        ("left_out", list(reason())),
        ("strata", list(object(&[("name", text()), ("machines", number())]))),
    ]);
    let request = object(&[
        ("channel", text()),
        ("number", number()),
        ("lane", lane()),
        ("policy", json!({ "type": "object" })),
        ("plan?", digest()),
        ("reason", text()),
    ]);
    object(&[("digest", digest()), ("plan", plan), ("request", request)])
}

fn why() -> Value {
    let line = object(&[
        ("sequence", number()),
        ("at", number()),
        ("actor", text()),
        ("verb", text()),
        ("target", text()),
        ("code?", code()),
        ("sentence", text()),
        ("hash", digest()),
    ]);
    let running =
        object(&[("number", number()), ("digest", digest()), ("word", text()), ("at", number())]);
    let machine = object(&[
        ("machine", text()),
        ("labels", map(text())),
        ("ring", ring()),
        ("held?", text()),
        ("last_seen?", number()),
        ("running", map(running)),
    ]);
    object(&[
        ("audit", list(line)),
        ("rollout?", rollout()),
        ("release?", release()),
        ("rollouts?", list(rollout())),
        ("machine?", machine),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_names_its_document_and_names_are_in_order() {
        let documents: Vec<&str> = DOCUMENTS.iter().map(|(name, _)| *name).collect();
        let mut sorted = documents.clone();
        sorted.sort_unstable();
        assert_eq!(documents, sorted);
        for name in names() {
            let schema = named(name).expect("known");
            let id = schema["properties"]["schema"]["const"].as_str().expect("a name");
            assert_eq!(id, format!("ringfence/{name}/v1"));
            assert!(
                schema["required"].as_array().expect("a list").contains(&json!("schema")),
                "{name}"
            );
        }
        assert_eq!(named("plan"), named("saved-plan"));
        assert_eq!(named("nothing"), None);
    }
}
