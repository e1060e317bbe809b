//! The budget policy: a preset, limits, a spike, lists of endpoints, an amount that asks.

use super::super::draft::Draft;
use super::super::json::Json;
use super::super::leaves::{Any, Dollars, Place, Placed, millionths};
use super::super::rule::{Action, NewRule, leaf, not};
use super::allows_everything;
use crate::diagnostic::Severity;
use crate::document::leaves::{Text, visible};
use crate::document::shape::{Reading, Shape, list, shape_struct};
use crate::limits::PATTERN_BYTES_MAX;
use crate::syntax::{Node, Value};
use crate::url::UrlGlob;

shape_struct! {
    /// What may be paid.
    struct Fields {
        /// A preset that the other fields change.
        preset: Option<Placed<Text>> = "preset",
        /// Most dollars of one call.
        max_per_call: Option<Dollars> = "maxPerCall",
        /// Most dollars of an hour (UTC).
        max_per_hour: Option<Dollars> = "maxPerHour",
        /// Most dollars of a day (UTC).
        max_per_day: Option<Dollars> = "maxPerDay",
        /// Most dollars altogether.
        max_total: Option<Dollars> = "maxTotal",
        /// How many times the usual price is too much.
        spike_threshold: Option<Times> = "spikeThreshold",
        /// Endpoints that may be paid, and no others.
        allowed_endpoints: Option<Placed<Vec<Endpoint>>> = "allowedEndpoints",
        /// Endpoints that may not be paid.
        blocked_endpoints: Option<Placed<Vec<Endpoint>>> = "blockedEndpoints",
        /// From where on a person is asked.
        require_approval: Option<RequireApproval> = "requireApproval",
    }
}

shape_struct! {
    /// From where on a person is asked.
    struct RequireApproval {
        /// Calls that cost more.
        above: Dollars = "above",
        /// Code of theirs that is never called.
        handler: Option<Any> = "handler",
    }
}

/// What a preset sets.
struct Limits {
    per_call: &'static str,
    per_hour: &'static str,
    per_day: &'static str,
    spike: u64,
}

/// The presets; one of them sets nothing.
const PRESETS: &[(&str, Option<Limits>)] = &[
    ("conservative", Some(Limits { per_call: "0.10", per_hour: "5.00", per_day: "50.00", spike: 3 })),
    ("standard", Some(Limits { per_call: "1.00", per_hour: "25.00", per_day: "200.00", spike: 3 })),
    ("liberal", Some(Limits { per_call: "10.00", per_hour: "100.00", per_day: "1000.00", spike: 5 })),
    ("unlimited", None),
];

/// The preset that takes changes: `standard` below them.
const CUSTOM: &str = "custom";
const CUSTOM_BASE: &str = "standard";

/// A budget policy, or the name of a preset.
#[derive(Clone, Debug)]
pub(super) struct BudgetPolicy {
    fields: Fields,
    place: Place,
}

impl Shape for BudgetPolicy {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let place = Place { span: node.span, pointer: cx.pointer() };
        let mut fields = match &node.value {
            // The name alone is a policy without any other field.
            Value::String(_) => {
                let preset = Placed::<Text>::read(node, cx)?;
                let empty = Node { value: Value::Object(Vec::new()), span: node.span };
                Fields { preset: Some(preset), ..Fields::read(&empty, cx)? }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Fields::read(node, cx)?
            }
        };
        if let Some(preset) = fields.preset.clone() {
            let is_changed = node.as_object().is_some_and(|members| members.len() > 1);
            fields.overlay(&preset, is_changed, cx)?;
        }
        Some(Self { fields, place })
    }

    fn schema() -> String {
        Fields::schema()
    }
}

impl Fields {
    /// Puts the preset below the fields.
    fn overlay(&mut self, preset: &Placed<Text>, is_changed: bool, cx: &mut Reading<'_>) -> Option<()> {
        let name = preset.value.value.as_str();
        let mut error = |code, message: String, help: String| {
            let Place { span, pointer } = preset.place.clone();
            let severity = Severity::Error;
            cx.report(severity, code, span, pointer, message, "this preset", Some(help));
        };
        let base = if name == CUSTOM { CUSTOM_BASE } else { name };
        let Some((_, limits)) = PRESETS.iter().find(|(own, _)| *own == base) else {
            let words: Vec<&str> = PRESETS.iter().map(|(own, _)| *own).chain([CUSTOM]).collect();
            let message = format!("unknown preset `{}`", name.escape_debug());
            error("unknown-value", message, format!("allowed here: {}", list(&words)));
            return None;
        };
        if is_changed && name != CUSTOM {
            let message = format!("preset `{name}` takes no changes");
            let help =
                "write `custom`, which is `standard` with the other fields over it, or remove one of the two";
            error("conflicting-fields", message, help.to_owned());
            return None;
        }
        let Some(limits) = limits else { return Some(()) };
        for (field, text) in [
            (&mut self.max_per_call, limits.per_call),
            (&mut self.max_per_hour, limits.per_hour),
            (&mut self.max_per_day, limits.per_day),
        ] {
            if field.is_none() {
                let micros = millionths(text, false)?;
                *field = Some(Dollars { micros, is_number: false, place: preset.place.clone() });
            }
        }
        self.spike_threshold.get_or_insert_with(|| Times {
            hundredths: limits.spike * 100,
            place: preset.place.clone(),
            is_rounded: false,
        });
        Some(())
    }
}

impl BudgetPolicy {
    pub(super) fn convert(&self, draft: &mut Draft<'_, '_>) {
        let fields = &self.fields;
        let limits = [
            (&fields.max_per_call, "max-per-call", "call"),
            (&fields.max_per_hour, "max-per-hour", "hour"),
            (&fields.max_per_day, "max-per-day", "day"),
            (&fields.max_total, "max-total", "lifetime"),
        ];
        for (limit, name, per) in limits {
            let Some(limit) = limit else { continue };
            note_number(limit, draft);
            draft.push_budget(name, &limit.text(), per, Some("*"));
            note_price(&limit.place, draft);
        }
        fields.endpoints(draft);
        if let Some(times) = &fields.spike_threshold {
            times.convert(draft);
        }
        if let Some(asks) = &fields.require_approval {
            asks.convert(fields.max_per_call.as_ref(), draft);
        }
        let has_limits = limits.iter().any(|(limit, ..)| limit.is_some());
        if !has_limits {
            fields.need_a_price(draft);
        }
        let has_lists = [&fields.allowed_endpoints, &fields.blocked_endpoints]
            .iter()
            .any(|list| list.as_ref().is_some_and(|list| !list.value.is_empty()));
        if !has_limits && !has_lists && fields.require_approval.is_none() {
            allows_everything(&self.place, draft);
        }
    }
}

fn note_price(place: &Place, draft: &mut Draft<'_, '_>) {
    draft.note_once(
        place,
        "cost-required",
        "a call that does not say what it costs is denied",
        "send `cost.usd` with each call; there, an unknown price was recorded as 0",
    );
}

fn note_number(amount: &Dollars, draft: &mut Draft<'_, '_>) {
    if amount.is_number {
        let message = "an amount is written as a number, which can lose cents on its way";
        draft.note(&amount.place, "number-amount", message, "write it as a text, such as \"25.00\"");
    }
}

impl RequireApproval {
    fn convert(&self, max_per_call: Option<&Dollars>, draft: &mut Draft<'_, '_>) {
        note_number(&self.above, draft);
        draft.approvals.push(("above".to_owned(), self.above.text().into()));
        if let Some(handler) = &self.handler {
            let message = "`handler` is code, and is not carried over";
            let help =
                "people answer through the daemon; there, it was never called and the payment was blocked";
            draft.note(&handler.place, "dropped-setting", message, help);
        }
        if let Some(limit) = max_per_call.filter(|limit| limit.micros <= self.above.micros) {
            let message = format!(
                "nobody is ever asked: `maxPerCall` {} denies before {}",
                limit.text(),
                self.above.text()
            );
            draft.note(&self.above.place, "unreachable", message, "lower `above`, or raise `maxPerCall`");
        }
    }
}

/// A factor above 1 with two decimals.
#[derive(Clone, Debug)]
struct Times {
    hundredths: u64,
    place: Place,
    /// Whether it was written with more.
    is_rounded: bool,
}

impl Shape for Times {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        const HUNDREDTH: u64 = 10_000;
        let Some(text) = node.as_number() else {
            cx.wrong_type(node, "a number");
            return None;
        };
        let value = millionths(text, true)
            .filter(|value| *value > 100 * HUNDREDTH && *value < 1_000_000 * 100 * HUNDREDTH);
        match value.map(|value| (value / HUNDREDTH, value % HUNDREDTH)) {
            Some((hundredths, rest)) if hundredths > 100 => {
                let place = Place { span: node.span, pointer: cx.pointer() };
                Some(Self { hundredths, place, is_rounded: rest > 0 })
            }
            Some(_) | None => {
                let message = format!("`{text}` is not a factor above 1");
                let help = "write how many times the usual price is too much, such as 3 or 2.5";
                cx.error("bad-number", node.span, message, "this number", Some(help.to_owned()));
                None
            }
        }
    }

    fn schema() -> String {
        r#"{"type":"number","exclusiveMinimum":1}"#.to_owned()
    }
}

impl Times {
    fn convert(&self, draft: &mut Draft<'_, '_>) {
        let text = format!("{}.{:02}", self.hundredths / 100, self.hundredths % 100);
        let text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
        if self.is_rounded {
            draft.note(&self.place, "rounded", format!("the factor is {text} here"), "two decimals are kept");
        }
        let spike = Json::object([("times", Json::Number(text)), ("action", "block".into())]);
        draft.anomaly.push(("signals".to_owned(), Json::List(Vec::new())));
        draft.anomaly.push(("spike".to_owned(), spike));
    }
}

/// A pattern of URLs.
#[derive(Clone, Debug)]
struct Endpoint {
    text: Text,
    glob: UrlGlob,
}

impl Shape for Endpoint {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = visible(Text::read(node, cx)?, cx)?;
        let found = match text.value.len() {
            0..=PATTERN_BYTES_MAX => UrlGlob::parse(&text.value),
            _ => Err("the pattern is too long"),
        };
        match found {
            Ok(glob) => Some(Self { text, glob }),
            Err(help) => {
                let message = format!("`{}` is not a URL pattern", text.value.escape_debug());
                cx.error("bad-url-pattern", node.span, message, "this pattern", Some(help.to_owned()));
                None
            }
        }
    }

    fn schema() -> String {
        Text::schema()
    }
}

impl Endpoint {
    /// Says what such a pattern means here and did not mean there.
    fn note(&self, is_allowed: bool, draft: &mut Draft<'_, '_>) {
        let place = Place::from(&self.text);
        if self.text.value.contains(['\\', '^', '$', '+', '(', ')', '[', ']', '{', '}', '|']) {
            let message =
                "only `*` and `?` stand for anything here; there, the rest was read as an expression";
            draft.note(&place, "literal-pattern", message, "write one pattern for each endpoint");
        }
        if !self.glob.may_match() {
            let message = "no endpoint matches: each begins with `http://` or `https://`";
            draft.note(&place, "never-matches", message, "write the whole URL, or begin with `*`");
        }
        if is_allowed && self.glob.star_in_host() {
            let message = "a star in the host also stands for `/`, and so for other hosts";
            draft.note(&place, "star-in-host", message, "name the host, with stars behind it only");
        }
    }
}

impl Fields {
    /// Blocks a call without a price where one is compared and no limit asks for it: an agent that
    /// keeps its price to itself would never reach a person, or a spike.
    fn need_a_price(&self, draft: &mut Draft<'_, '_>) {
        let asks = self.require_approval.as_ref().map(|asks| &asks.above.place);
        let Some(place) = asks.or(self.spike_threshold.as_ref().map(|times| &times.place)) else { return };
        draft.add_rule(NewRule {
            when: Some(leaf("@cost.usd", "exists", Json::Bool(false))),
            message: Some("The call has to say what it costs.".to_owned()),
            ..NewRule::new("cost-required", vec!["*".to_owned()], Action::Block)
        });
        note_price(place, draft);
    }

    /// Lists of endpoints: one of the two. What names no endpoint, or no URL, is blocked by either.
    fn endpoints(&self, draft: &mut Draft<'_, '_>) {
        if let (Some(allowed), Some(blocked)) = (&self.allowed_endpoints, &self.blocked_endpoints)
            && !allowed.value.is_empty()
            && !blocked.value.is_empty()
        {
            let message = "both `allowedEndpoints` and `blockedEndpoints` are given";
            draft.error(&blocked.place, "conflicting-fields", message, "keep one of them, as there");
        }
        for (endpoints, name, is_allowed) in [
            (&self.blocked_endpoints, "blocked-endpoints", false),
            (&self.allowed_endpoints, "allowed-endpoints", true),
        ] {
            let Some(endpoints) = endpoints else { continue };
            if endpoints.value.is_empty() {
                if is_allowed {
                    let message = "an empty allow list restricts nothing there, and would allow nothing here";
                    let help = "name the endpoints, or leave `allowedEndpoints` out";
                    draft.error(&endpoints.place, "empty-list", message, help);
                }
                continue;
            }
            let mut patterns = Vec::with_capacity(endpoints.value.len());
            for endpoint in &endpoints.value {
                endpoint.note(is_allowed, draft);
                patterns.push(endpoint.text.value.as_str());
            }
            let found = leaf("@endpoint", "url_matches", Json::texts(&patterns));
            draft.add_rule(NewRule {
                when: Some(if is_allowed { not(found) } else { found }),
                on_missing: Some("block"),
                on_mismatch: Some("block"),
                ..NewRule::new(name, vec!["*".to_owned()], Action::Block)
            });
            let message = "a call that names no endpoint, or one that is no plain URL, is blocked";
            draft.note_once(&endpoints.place, "endpoint-required", message, "send `endpoint` with each call");
        }
    }
}
