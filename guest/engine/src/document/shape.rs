//! How a type reads itself from a tree and describes itself as JSON Schema.
//!
//! Reading never stops at the first mistake: each one goes to [`Reading`], and the value is
//! `None`. Serde cannot do that, which is why the document does not derive `Deserialize`.

use super::leaves::Text;
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::limits::LIST_ENTRIES_MAX;
use crate::syntax::{Node, SyntaxTree};
use crate::wire::json_string;

/// A type that a document can hold.
pub(crate) trait Shape: Sized {
    /// Reads the value; mistakes are reported and give `None`.
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self>;
    /// The value of an absent field, if the field may be absent.
    fn absent() -> Option<Self> {
        None
    }
    /// The JSON Schema of the type.
    fn schema() -> String;
}

/// Where in the document we are, and what was wrong so far.
pub(crate) struct Reading<'a> {
    text: &'a str,
    /// What is being read, for messages.
    noun: &'static str,
    pointer: String,
    diagnostics: Vec<Diagnostic>,
    programs: u64,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(tree: &SyntaxTree<'a>) -> Self {
        Self::of(tree, "a policy")
    }

    /// Of a document that is something else than a policy of ours.
    pub(crate) fn of(tree: &SyntaxTree<'a>, noun: &'static str) -> Self {
        Self { text: tree.text, noun, pointer: String::new(), diagnostics: Vec::new(), programs: 0 }
    }

    /// Whether something was wrong enough to refuse the document.
    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Runs `read` one step further down.
    pub(crate) fn at<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
        let value = read(self);
        self.pointer.truncate(length);
        value
    }

    /// Counts a compiled pattern of this weight. The answer is the weight of all so far.
    pub(crate) fn programs(&mut self, weight: u64) -> u64 {
        self.programs = self.programs.saturating_add(weight);
        self.programs
    }

    /// The JSON pointer of the place being read.
    pub(crate) fn pointer(&self) -> String {
        self.pointer.clone()
    }

    /// Reports an error at the place being read.
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: String,
        label: &str,
        help: Option<String>,
    ) {
        let pointer = self.pointer();
        self.report(Severity::Error, code, span, pointer, message, label, help);
    }

    /// Reports a finding about a place that was read before.
    #[expect(
        clippy::too_many_arguments,
        reason = "the fields of one diagnostic, each at one call site per finding"
    )]
    pub(crate) fn report(
        &mut self,
        severity: Severity,
        code: &'static str,
        span: Span,
        pointer: String,
        message: String,
        label: &str,
        help: Option<String>,
    ) {
        self.diagnostics.push(Diagnostic {
            severity,
            code,
            message,
            help,
            label: label.to_owned(),
            pointer,
            span,
            line: 0,
            column: 0,
        });
    }

    /// All findings, in document order.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
        // Lines are counted once, however many findings there are.
        let (mut at, mut line, mut column) = (0, 1, 1);
        for diagnostic in &mut self.diagnostics {
            let rest = self.text.get(at..).unwrap_or_default();
            let passed = self.text.get(at..diagnostic.span.start).unwrap_or(rest);
            for c in passed.chars() {
                (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
            at += passed.len();
            (diagnostic.line, diagnostic.column) = (line, column);
        }
        self.diagnostics
    }

    pub(crate) fn wrong_type(&mut self, node: &Node<'_>, wanted: &str) {
        let message = format!("expected {wanted}, found {}", node.kind());
        self.error("wrong-type", node.span, message, &format!("{wanted} goes here"), None);
    }
}

impl<T: Shape> Shape for Option<T> {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        T::read(node, cx).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn schema() -> String {
        T::schema()
    }
}

impl<T: Shape> Shape for Vec<T> {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        Few::<T, LIST_ENTRIES_MAX>::read(node, cx).map(|few| few.0)
    }

    fn schema() -> String {
        Few::<T, LIST_ENTRIES_MAX>::schema()
    }
}

/// A list with a bound of its own.
#[derive(Clone, Debug)]
pub(crate) struct Few<T, const MAX: usize>(pub(crate) Vec<T>);

impl<T: Shape, const MAX: usize> Shape for Few<T, MAX> {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let Some(items) = node.as_array() else {
            cx.wrong_type(node, "an array");
            return None;
        };
        if items.len() > MAX {
            let message = format!("{} entries; at most {MAX} are allowed", items.len());
            cx.error("too-many", node.span, message, "this list", None);
            return None;
        }
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            values.extend(cx.at(&index.to_string(), |cx| T::read(item, cx)));
        }
        // A list with a mistake in it is not a shorter list.
        (values.len() == items.len()).then_some(Self(values))
    }

    fn schema() -> String {
        format!(r#"{{"type":"array","maxItems":{MAX},"items":{}}}"#, T::schema())
    }
}

/// The same, where an empty list would say something else than its author means: as much as no list
/// at all, or nothing.
#[derive(Clone, Debug)]
pub(crate) struct Filled<T, const MAX: usize>(pub(crate) Vec<T>);

impl<T: Shape, const MAX: usize> Shape for Filled<T, MAX> {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let Few(list) = Few::<T, MAX>::read(node, cx)?;
        if list.is_empty() {
            let help = Some("name at least one, or leave the field out".to_owned());
            cx.error("empty-list", node.span, "the list is empty".to_owned(), "this list", help);
            return None;
        }
        Some(Self(list))
    }

    fn schema() -> String {
        format!(r#"{{"type":"array","minItems":1,"maxItems":{MAX},"items":{}}}"#, T::schema())
    }
}

/// An object whose keys are the author's own, in document order.
#[derive(Clone, Debug)]
pub(crate) struct Map<T>(pub(crate) Vec<(Text, T)>);

impl<T: Shape> Shape for Map<T> {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let Some(members) = node.as_object() else {
            cx.wrong_type(node, "an object");
            return None;
        };
        let mut entries = Vec::with_capacity(members.len());
        for member in members {
            entries.extend(cx.at(&member.key, |cx| {
                let value = T::read(&member.value, cx)?;
                let key =
                    Text { value: member.key.to_string(), span: member.key_span, pointer: cx.pointer() };
                Some((key, value))
            }));
        }
        (entries.len() == members.len()).then_some(Self(entries))
    }

    fn schema() -> String {
        format!(r#"{{"type":"object","additionalProperties":{}}}"#, T::schema())
    }
}

/// What a field says of itself in the schema.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) doc: String,
    pub(crate) required: bool,
    pub(crate) schema: String,
}

/// The schema of an object with these fields and no others.
pub(crate) fn object_schema(fields: &[Field]) -> String {
    let properties: Vec<String> = fields
        .iter()
        .map(|field| {
            let body = field.schema.strip_prefix('{').unwrap_or(&field.schema);
            format!(r#"{}:{{"description":{},{body}"#, json_string(field.name), json_string(field.doc.trim()))
        })
        .collect();
    let required: Vec<String> =
        fields.iter().filter(|field| field.required).map(|field| json_string(field.name)).collect();
    format!(
        r#"{{"type":"object","additionalProperties":false,"required":[{}],"properties":{{{}}}}}"#,
        required.join(","),
        properties.join(",")
    )
}

/// Longest key, in bytes, that is compared with the ones that are known.
const KEY_COMPARED_MAX: usize = 64;

/// Reports members that the object does not know, with what it does.
pub(crate) fn unknown_fields(node: &Node<'_>, known: &[&str], cx: &mut Reading<'_>) {
    for member in node.as_object().unwrap_or_default() {
        if known.contains(&member.key.as_ref()) {
            continue;
        }
        // A comparison takes the product of both lengths, and a key may be as long as a document.
        let key = Some(member.key.to_lowercase()).filter(|key| key.len() <= KEY_COMPARED_MAX);
        let close = key.and_then(|key| {
            known.iter().find(|name| strsim::damerau_levenshtein(&name.to_lowercase(), &key) <= 2)
        });
        let mut help = close.map_or(String::new(), |name| format!("did you mean `{name}`? "));
        help.push_str(&format!("allowed here: {}", list(known)));
        let message = format!("unknown field `{}`", member.key.escape_debug());
        let label = format!("not a field of {}", cx.noun);
        cx.at(&member.key, |cx| cx.error("unknown-field", member.key_span, message, &label, Some(help)));
    }
}

/// Reads the node as an object, or reports that it is none.
pub(crate) fn expect_object(node: &Node<'_>, cx: &mut Reading<'_>) -> bool {
    let is_object = node.as_object().is_some();
    if !is_object {
        cx.wrong_type(node, "an object");
    }
    is_object
}

/// Reads one field. The outer `None` is a mistake that was reported.
pub(crate) fn field<T: Shape>(node: &Node<'_>, name: &str, cx: &mut Reading<'_>) -> Option<T> {
    let members = node.as_object().unwrap_or_default();
    // The last of several counts nowhere: duplicates have refused the document by then.
    match members.iter().find(|member| member.key == name) {
        Some(member) => cx.at(name, |cx| T::read(&member.value, cx)),
        None => T::absent().or_else(|| {
            // The object as a whole is to blame; its first character stands for it.
            let span = Span { start: node.span.start, end: node.span.end.min(node.span.start + 1) };
            cx.error("missing-field", span, format!("missing field `{name}`"), "in this object", None);
            None
        }),
    }
}

/// `a`, `b` and `c`, in backticks.
pub(crate) fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Reads a word from a closed list.
pub(crate) fn word<'n>(node: &'n Node<'_>, known: &[&str], cx: &mut Reading<'_>) -> Option<&'n str> {
    let Some(text) = node.as_str() else {
        cx.wrong_type(node, "a string");
        return None;
    };
    if !known.contains(&text) {
        let message = format!("unknown value `{}`", text.escape_debug());
        cx.error(
            "unknown-value",
            node.span,
            message,
            "not one of the allowed values",
            Some(format!("allowed here: {}", list(known))),
        );
        return None;
    }
    Some(text)
}

/// Declares an object of the document: its fields, their types, their names, their words.
macro_rules! shape_struct {
    (
        $(#[doc = $doc:literal])*
        $vis:vis struct $name:ident {
            $( $(#[doc = $field_doc:literal])* $field:ident : $ty:ty = $wire:literal, )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        #[allow(dead_code, reason = "a document may say more than a decision needs: labels for records")]
        $vis struct $name { $( $(#[doc = $field_doc])* pub(crate) $field: $ty, )* }

        impl $crate::document::shape::Shape for $name {
            fn read(
                node: &$crate::syntax::Node<'_>,
                cx: &mut $crate::document::shape::Reading<'_>,
            ) -> Option<Self> {
                use $crate::document::shape;
                if !shape::expect_object(node, cx) {
                    return None;
                }
                shape::unknown_fields(node, &[$($wire),*], cx);
                // All fields are read before the first mistake counts.
                $( let $field = shape::field::<$ty>(node, $wire, cx); )*
                Some(Self { $( $field: $field?, )* })
            }

            fn schema() -> String {
                use $crate::document::shape;
                shape::object_schema(&[
                    $( shape::Field {
                        name: $wire,
                        doc: concat!($($field_doc),*).to_owned(),
                        required: <$ty as shape::Shape>::absent().is_none(),
                        schema: <$ty as shape::Shape>::schema(),
                    }, )*
                ])
            }
        }
    };
}
pub(crate) use shape_struct;

/// Declares the words of a closed list.
macro_rules! shape_enum {
    ( $(#[doc = $doc:literal])* $name:ident { $( $wire:literal => $value:expr, )* } ) => {
        impl $crate::document::shape::Shape for $name {
            fn read(
                node: &$crate::syntax::Node<'_>,
                cx: &mut $crate::document::shape::Reading<'_>,
            ) -> Option<Self> {
                match $crate::document::shape::word(node, &[$($wire),*], cx)? {
                    $( $wire => Some($value), )*
                    _ => None,
                }
            }

            fn schema() -> String {
                let words = [$( $crate::wire::json_string($wire) ),*].join(",");
                format!(r#"{{"type":"string","enum":[{words}]}}"#)
            }
        }
    };
}
pub(crate) use shape_enum;
