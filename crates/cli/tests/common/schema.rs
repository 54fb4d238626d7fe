//! As much of JSON Schema as our own schemas use.

use serde_json::Value;

/// What of `document` does not fit `schema`, each with its place.
pub fn faults(schema: &Value, document: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    walk(schema, document, "$", &mut faults);
    faults
}

fn walk(schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
    for key in schema.as_object().into_iter().flat_map(|object| object.keys()) {
        const KNOWN: [&str; 13] = [
            "$schema",
            "title",
            "type",
            "properties",
            "required",
            "items",
            "enum",
            "const",
            "anyOf",
            "pattern",
            "minimum",
            "additionalProperties",
            "description",
        ];
        assert!(KNOWN.contains(&key.as_str()), "the schema uses '{key}', which is not tested");
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let tried: Vec<Vec<String>> = choices.iter().map(|one| self::faults(one, value)).collect();
        if !tried.iter().any(Vec::is_empty) {
            faults.push(format!("{place}: {}", tried[0].join("; ")));
        }
    }
    if let Some(constant) = schema.get("const")
        && constant != value
    {
        faults.push(format!("{place}: {value} instead of {constant}"));
    }
    if let Some(choices) = schema["enum"].as_array()
        && !choices.contains(value)
    {
        faults.push(format!("{place}: {value} is none of {choices:?}"));
    }
    types(&schema["type"], value, place, faults);
    if let (Some(text), Some(pattern)) = (value.as_str(), schema["pattern"].as_str())
        && !fits(pattern, text)
    {
        faults.push(format!("{place}: '{text}' does not fit {pattern}"));
    }
    if let Some(items) = value.as_array()
        && schema.get("items").is_some()
    {
        for (index, item) in items.iter().enumerate() {
            walk(&schema["items"], item, &format!("{place}[{index}]"), faults);
        }
    }
    if value.is_object() {
        members(schema, value, place, faults);
    }
}

fn types(wanted: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        other => panic!("unknown type {other}"),
    };
    let good = match wanted {
        Value::Null => true,
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        other => panic!("unknown type {other}"),
    };
    if !good {
        faults.push(format!("{place}: {value} is not {wanted}"));
    }
}

fn members(schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            faults.push(format!("{place}: no '{name}'"));
        }
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        let inside = format!("{place}.{name}");
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(known), _) => walk(known, inner, &inside, faults),
            (None, Some(Value::Bool(false))) => faults.push(format!("{inside}: not known")),
            (None, Some(other)) if other.is_object() => walk(other, inner, &inside, faults),
            (None, _) => {}
        }
    }
}

/// The few patterns that our schemas use.
fn fits(pattern: &str, text: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    match pattern {
        "^[0-9a-f]{64}$" => text.len() == 64 && hex(text),
        "^RF[0-9]{4}$" => {
            text.len() == 6
                && text.starts_with("RF")
                && text[2..].bytes().all(|b| b.is_ascii_digit())
        }
        other => panic!("unknown pattern {other}"),
    }
}
