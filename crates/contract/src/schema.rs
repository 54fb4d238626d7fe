//! JSON Schemas of the TOML files that people write, for editors and for `ringfence schema`.

use serde_json::{Value, json};

/// The documents whose schema this crate knows.
pub const NAMES: [&str; 3] = ["contract", "policy", "project"];

/// The schema of a document by name.
pub fn named(name: &str) -> Option<Value> {
    match name {
        "contract" => Some(contract()),
        "policy" => Some(policy()),
        "project" => Some(project()),
        _ => None,
    }
}

fn object(title: &str, properties: Value, required: &[&str]) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "required": required,
    })
}

fn part(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn number() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn span() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" })
}

fn binary_field() -> Value {
    let any = json!({ "type": ["integer", "string"] });
    part(
        json!({ "name": text(), "type": { "enum": ["u8", "u16", "u32", "u64", "bytes", "text"] },
            "size": any, "equals": text(), "min": number(), "max": number(),
            "names": { "type": "object" }, "count_of": text(), "length_of": text(), "crc32_of": text() }),
        &["name", "type"],
    )
}

fn kinds(words: &[&str]) -> Value {
    json!({ "enum": words })
}

/// A group of a layout around an inner one.
fn group(items: Value) -> Value {
    part(
        json!({ "name": text(), "count": text(), "field": list(binary_field()), "items": items }),
        &["name", "count", "field"],
    )
}

fn contract() -> Value {
    let texts = list(text());
    let flag = json!({ "type": "boolean" });
    let real = json!({ "type": "number" });
    let field = part(
        json!({ "path": text(), "type": kinds(&["object", "array", "string", "integer", "number", "boolean"]),
            "required": flag, "min": real, "max": real, "one_of": texts, "pattern": text(),
            "length_min": number(), "length_max": number(), "closed": flag, "unique": flag }),
        &["path"],
    );
    let column = part(
        json!({ "name": text(), "type": kinds(&["integer", "number", "text"]), "required": flag,
            "min": real, "max": real, "one_of": texts, "pattern": text(), "length_max": number(),
            "unique": flag }),
        &["name"],
    );
    let takes = part(
        json!({ "field": text(), "max": { "type": ["integer", "string"] },
            "unless": part(json!({ "field": text(), "one_of": texts }), &["field", "one_of"]),
            "because": text() }),
        &["field", "max"],
    );
    let codes = list(json!({ "type": "integer" }));
    let consumer = part(
        json!({ "version": text(), "facts": { "type": "object" }, "takes": list(takes),
            "load": texts, "try": texts, "events": texts,
            "render": list(part(json!({ "from": text(), "to": text() }), &["from", "to"])),
            "ok": codes, "refused": codes, "time": span(), "memory_mib": number() }),
        &["version", "load"],
    );
    object(
        "Ringfence contract",
        json!({
            "schema": { "const": "ringfence/contract/v1" }, "channel": text(),
            "format": { "enum": ["json", "csv", "lines", "binary"] },
            "limits": part(json!({ "bytes_min": number(), "bytes_max": number(), "records_min": number(),
                "records_max": number(), "records": text(), "repeated_permille_max": number() }), &[]),
            "growth": part(json!({ "bytes_percent_max": number(), "bytes_percent_min": number(),
                "records_percent_max": number(), "records_percent_min": number() }), &[]),
            "field": list(field),
            "csv": part(json!({ "delimiter": text(), "header": { "type": "boolean" } }), &[]),
            "column": list(column),
            "lines": part(json!({ "comment": text(), "length_max": number(), "pattern": text(), "forbid": texts }), &[]),
            "layout": part(json!({ "endian": { "enum": ["little", "big"] }, "header": list(binary_field()),
                "records": group(group(json!({ "type": "object" }))) }), &["endian", "header", "records"]),
            "consumer": list(consumer),
        }),
        &["schema", "channel", "format"],
    )
}

fn policy() -> Value {
    let size = json!({ "anyOf": [
        { "const": "each_stratum" },
        part(json!({ "machines": number() }), &["machines"]),
        part(json!({ "permille": number() }), &["permille"]),
    ] });
    let ring = json!({ "enum": ["lab", "early", "standard", "late", "critical"] });
    let gate =
        part(json!({ "size": size, "wait": span(), "ring": ring }), &["size", "wait", "ring"]);
    let ladder = part(
        json!({ "doubling": span(), "multiplier": number(), "evidence_age": span(),
            "hold_max": span(), "probation": span(), "gates": list(gate) }),
        &["doubling", "multiplier", "evidence_age", "hold_max", "probation", "gates"],
    );
    object(
        "Ringfence policy",
        json!({
            "schema": { "const": "ringfence/policy/v1" }, "name": text(), "strata": list(text()),
            "block": text(), "heartbeat": span(), "tick": span(), "false_halt_one_in": number(),
            "hold_at": number(), "resume_at": number(),
            "lanes": part(json!({ "standard": ladder, "cautious": ladder, "emergency": ladder }), &["standard", "emergency"]),
        }),
        &[
            "schema",
            "name",
            "strata",
            "block",
            "heartbeat",
            "tick",
            "false_halt_one_in",
            "hold_at",
            "resume_at",
            "lanes",
        ],
    )
}

fn project() -> Value {
    let channel = part(
        json!({ "contract": text(), "files": list(text()), "policy": text(), "events": list(text()) }),
        &["contract"],
    );
    object(
        "Ringfence project",
        json!({
            "schema": { "const": "ringfence/project/v1" },
            "server": part(json!({ "url": text() }), &["url"]),
            "bin_dir": text(),
            "channel": { "type": "object", "additionalProperties": channel },
        }),
        &["schema", "channel"],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_schema_is_closed_and_names_its_document() {
        for name in NAMES {
            let schema = named(name).expect("known");
            assert_eq!(schema["additionalProperties"], false, "{name}");
            let id = schema["properties"]["schema"]["const"].as_str().expect("const");
            assert_eq!(id, format!("ringfence/{name}/v1"));
        }
        assert_eq!(named("nothing"), None);
    }
}
