//! The OpenAPI document, made from the list of routes and a list of documents by hand. A test
//! holds the documents against what the wire really writes.

use super::routes::{Operation, Route, Who, all};
use serde_json::Value;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApiBuilder, Ref, RefOr, Required,
    ResponseBuilder, Schema,
};

/// Documents by name: what they are, and their fields. `?` marks a field that may be absent or
/// null, `[]` a list, `{}` an object, `#` an integer, `!` a truth value; all others are texts.
pub(super) const DOCUMENTS: &[(&str, &str, &[&str])] = &[
    (
        "Enroll",
        "First words of a machine",
        &["schema", "machine", "labels{}", "ring", "channels[]"],
    ),
    ("Enrolled", "A machine's token", &["schema", "machine_token"]),
    ("Reports", "What a machine says, oldest first", &["schema", "machine", "reports[]"]),
    (
        "ReportsTaken",
        "What was stored, and the newest fences",
        &["schema", "sequence#", "fences{}"],
    ),
    (
        "Publish",
        "Everything that makes a release; byte strings are base64",
        &["schema", "manifest", "channel_role", "evidence[]", "content"],
    ),
    (
        "Release",
        "A release as the server knows it",
        &["manifest{}", "published#", "by", "withdrawn{}?"],
    ),
    (
        "RolloutRequest",
        "What should be rolled out and how",
        &["schema", "channel", "number#", "lane", "policy{}", "plan?", "reason"],
    ),
    ("PlanAnswer", "What a rollout would do", &["schema", "digest", "plan{}"]),
    (
        "RolloutStatus",
        "One rollout",
        &[
            "schema",
            "rollout",
            "release{}",
            "previous{}?",
            "lane",
            "by",
            "reason",
            "started#",
            "as_of#",
            "view{}",
            "hands_needed#",
        ],
    ),
    ("OrderRequest", "Halt, revert, withdraw or resume", &["schema", "order", "reason"]),
    (
        "WithdrawRequest",
        "A digest to withdraw for ever",
        &["schema", "channel", "digest", "reason"],
    ),
    ("HoldRequest", "Machines to hold", &["schema", "machines[]", "reason"]),
    (
        "MachineStatus",
        "One machine",
        &["machine", "labels{}", "ring", "held?", "last_seen#?", "running{}"],
    ),
    (
        "AuditLine",
        "One line of the append-only log",
        &["sequence#", "at#", "actor", "verb", "target", "code?", "sentence", "hash"],
    ),
    (
        "Form",
        "A form of the pages, urlencoded",
        &["csrf?", "token?", "order?", "reason?", "confirm?"],
    ),
    (
        "Problem",
        "Why a request was refused (RFC 9457)",
        &["type", "title", "status#", "detail", "code", "next"],
    ),
];

/// Lists of documents.
const LISTS: &[(&str, &str)] = &[
    ("ReleaseList", "Release"),
    ("RolloutStatusList", "RolloutStatus"),
    ("MachineStatusList", "MachineStatus"),
    ("AuditLineList", "AuditLine"),
];

/// The document.
pub(crate) fn document() -> Value {
    let mut paths = PathsBuilder::new();
    for (route, _) in all() {
        let mut item = PathItem::default();
        for one in route.operations {
            let operation = operation(&route, one);
            item.merge_operations(PathItem::new(method(one.method), operation));
        }
        paths = paths.path(route.path.replace("{*path}", "{path}"), item);
    }
    let mut components = ComponentsBuilder::new();
    for (name, description, fields) in DOCUMENTS {
        components = components.schema(*name, object(description, fields));
    }
    for (name, of) in LISTS {
        let items = ArrayBuilder::new().items(reference(of));
        let list = ObjectBuilder::new()
            .property("schema", text())
            .property("items", items)
            .property("as_of", ObjectBuilder::new().schema_type(Type::Integer));
        components = components.schema(*name, list);
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let cookie = ApiKey::Cookie(ApiKeyValue::new(super::doors::COOKIE));
    let components = components
        .security_scheme("token", SecurityScheme::Http(bearer))
        .security_scheme("session", SecurityScheme::ApiKey(cookie))
        .build();
    let info = InfoBuilder::new()
        .title("Ringfence")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("The control plane. Times are milliseconds since 1970, UTC."))
        .build();
    let whole = OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build();
    serde_json::to_value(whole).unwrap_or_default()
}

fn method(name: &str) -> HttpMethod {
    match name {
        "post" => HttpMethod::Post,
        "delete" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn operation(route: &Route, one: &Operation) -> utoipa::openapi::path::Operation {
    let mut built = OperationBuilder::new().summary(Some(one.summary));
    for name in route.path.split(['{', '}']).skip(1).step_by(2) {
        let parameter = ParameterBuilder::new()
            .name(name.trim_start_matches('*'))
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(text()));
        built = built.parameter(parameter);
    }
    if route.path == "/v1/audit" {
        for name in ["after", "target"] {
            let parameter = ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Query)
                .schema(Some(text()));
            built = built.parameter(parameter);
        }
    }
    if let Some(name) = one.request {
        let media =
            if name == "Form" { "application/x-www-form-urlencoded" } else { "application/json" };
        let content = ContentBuilder::new().schema(Some(reference(name))).build();
        let body = RequestBodyBuilder::new().content(media, content).required(Some(Required::True));
        built = built.request_body(Some(body.build()));
    }
    let (media, name) = one.answer;
    let schema = (!name.is_empty()).then(|| reference(name));
    let good = ResponseBuilder::new()
        .description("Done")
        .content(media, ContentBuilder::new().schema(schema).build());
    let content = ContentBuilder::new().schema(Some(reference("Problem"))).build();
    let bad = ResponseBuilder::new()
        .description("Refused; the code says why")
        .content("application/problem+json", content);
    built = built.response("200", good).response("default", bad);
    match one.who {
        Who::Anybody => built,
        Who::Enroller | Who::Machine => built.security(needs("token")),
        Who::Person(role) => built
            .description(Some(format!("For the role {role} and above.")))
            .security(needs("token")),
        Who::Session => built.security(needs("session")),
    }
    .build()
}

fn needs(scheme: &str) -> SecurityRequirement {
    SecurityRequirement::new(scheme, Vec::<String>::new())
}

fn reference(name: &str) -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(name))
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn object(description: &str, fields: &[&str]) -> ObjectBuilder {
    let mut object = ObjectBuilder::new().description(Some(description));
    for field in fields {
        let name = field.trim_end_matches(['?', '[', ']', '{', '}', '#', '!']);
        let kind = match field.as_bytes().get(name.len()) {
            Some(b'#') => Type::Integer,
            Some(b'!') => Type::Boolean,
            Some(b'{') => Type::Object,
            _ => Type::String,
        };
        object = match field.contains("[]") {
            true => object.property(name, ArrayBuilder::new()),
            false => object.property(name, ObjectBuilder::new().schema_type(kind)),
        };
        if !field.ends_with('?') {
            object = object.required(name);
        }
    }
    object
}
