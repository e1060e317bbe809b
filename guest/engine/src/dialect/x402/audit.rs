//! `audit`: labels and redaction. Whether and where records are kept is not for a policy to say.

use super::super::draft::Draft;
use super::super::json::Json;
use super::super::leaves::{Any, Flag, Placed};
use super::super::regex::{Flavour, Sense};
use super::super::rule::leaf;
use crate::document::leaves::Text;
use crate::document::rules::{Label, Redact};
use crate::document::shape::{Few, shape_struct};
use crate::limits::{TAG_RULES_MAX, TAGS_MAX};

shape_struct! {
    /// What is recorded.
    pub(super) struct Audit {
        /// Whether anything is.
        enabled: Option<Flag> = "enabled",
        /// Where to.
        storage: Option<Any> = "storage",
        /// What is added.
        enrichment: Option<Enrichment> = "enrichment",
        /// What is left out.
        redact_fields: Option<Redact> = "redactFields",
    }
}

shape_struct! {
    /// What is added to records.
    pub(super) struct Enrichment {
        /// Labels of every record.
        static_tags: Option<Few<Label, TAGS_MAX>> = "staticTags",
        /// Labels by endpoint.
        tag_rules: Option<Few<TagRule, TAG_RULES_MAX>> = "tagRules",
        /// Read by nothing.
        capture_request_headers: Option<Any> = "captureRequestHeaders",
    }
}

shape_struct! {
    /// Labels by endpoint.
    pub(super) struct TagRule {
        /// An expression that is searched for in the endpoint.
        pattern: Placed<Text> = "pattern",
        /// Labels where it is found.
        tags: Placed<Few<Label, TAGS_MAX>> = "tags",
    }
}

impl Audit {
    pub(super) fn convert(&self, draft: &mut Draft<'_, '_>) {
        if let Some(enabled) = self.enabled.as_ref().filter(|own| !own.value) {
            let message = "records cannot be switched off here";
            draft.note(
                &enabled.place,
                "dropped-setting",
                message,
                "a call is answered when its record is durable",
            );
        }
        if let Some(storage) = &self.storage {
            let message = "`storage` is not carried over: the daemon has a ledger of its own";
            draft.note(
                &storage.place,
                "dropped-setting",
                message,
                "see its configuration for where records go",
            );
        }
        draft.redact.extend(self.redact_fields.iter().flat_map(|list| &list.0).map(|name| name.0.clone()));
        let Some(enrichment) = &self.enrichment else { return };
        if let Some(headers) = &enrichment.capture_request_headers {
            let message = "`captureRequestHeaders` is read by nothing there, and is not carried over";
            draft.note(&headers.place, "dropped-setting", message, "nothing to do");
        }
        let labels = texts(enrichment.static_tags.as_ref().map_or(&[], |list| &list.0));
        if !labels.is_empty() {
            draft.tags.push(Json::object([("add", Json::texts(&labels))]));
        }
        for rule in enrichment.tag_rules.iter().flat_map(|list| &list.0) {
            rule.convert(draft);
        }
    }
}

impl TagRule {
    fn convert(&self, draft: &mut Draft<'_, '_>) {
        let labels = texts(&self.tags.value.0);
        if labels.is_empty() {
            let help = "name labels, or remove the rule";
            draft.error(&self.tags.place, "empty-list", "a rule without labels", help);
            return;
        }
        let how = (Flavour::JavaScript, Sense::Catches);
        let Some(pattern) = draft.regex(&self.pattern.value.value, how, ("", ""), &self.pattern.place) else {
            return;
        };
        let when = leaf("@endpoint", "matches", pattern.into());
        draft.tags.push(Json::object([("add", Json::texts(&labels)), ("when", when)]));
    }
}

/// The texts, each once.
fn texts(list: &[Label]) -> Vec<&str> {
    let mut texts: Vec<&str> = Vec::with_capacity(list.len());
    for text in list {
        if !texts.contains(&text.0.as_str()) {
            texts.push(&text.0);
        }
    }
    texts
}
