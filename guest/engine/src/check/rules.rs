//! What the types cannot say of rules: names that are unique, rules that are never reached, and
//! conditions that mean less or more than they seem to.

mod never;

use std::collections::BTreeSet;

use super::{member, meters};
use crate::condition::{Operator, Scalar, When};
use crate::diagnostic::{Severity, Span};
use crate::document::Document;
use crate::document::rules::{Rule, TagRule};
use crate::document::shape::Reading;
use crate::policy::Action;
use crate::syntax::Node;

/// Reports mistakes, in whatever of the section could be read.
pub(super) fn check(root: &Node<'_>, cx: &mut Reading<'_>) {
    let rules = member(root, "rules").and_then(Node::as_array).unwrap_or_default();
    meters::unique(rules, "/rules", &[], "give each its own name; reasons name the rule by it", cx);
}

/// What is legal and probably not meant.
pub(super) fn warn(document: &Document, cx: &mut Reading<'_>) {
    let rules = document.rules.as_ref().map_or(&[] as &[Rule], |list| &list.0);
    let mut earlier = Unconditional::default();
    for (index, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.enabled != Some(false)) {
        let name = &rule.name.0;
        if let Some(first) = earlier.ends_before(rule) {
            let message = format!("rule `{}` is never reached: `{first}` always holds before it", name.value);
            note(cx, &name.pointer, name.span, "unreachable", message, "move it up, or remove it");
        }
        if rule.when.is_none() {
            earlier.add(rule);
        }
        if let Some(when) = &rule.when {
            let title = format!("rule `{}`", name.value);
            self::when(&title, when, Some(rule.action), &format!("/rules/{index}/when"), cx);
        }
    }
    let tags = document.tags.as_ref().map_or(&[] as &[TagRule], |list| &list.0);
    for (index, tag) in tags.iter().enumerate() {
        if let Some(when) = &tag.when {
            self::when("this entry", when, None, &format!("/tags/{index}/when"), cx);
        }
    }
}

/// The tools for which an earlier rule always holds, and its name.
#[derive(Default)]
struct Unconditional<'d> {
    every: Option<&'d str>,
    patterns: Vec<(&'d Rule, BTreeSet<&'d str>)>,
}

impl<'d> Unconditional<'d> {
    fn add(&mut self, rule: &'d Rule) {
        let texts: BTreeSet<&str> = rule.tools.0.iter().map(|pattern| pattern.as_str()).collect();
        if texts.contains("*") {
            self.every.get_or_insert(&rule.name.0.value);
        }
        // Enough for what people write; a comparison of all with all would take seconds.
        if self.patterns.len() < UNCONDITIONAL_MAX {
            self.patterns.push((rule, texts));
        }
    }

    fn ends_before(&self, rule: &Rule) -> Option<&'d str> {
        let covers =
            |earlier: &BTreeSet<&str>| rule.tools.0.iter().all(|pattern| earlier.contains(pattern.as_str()));
        self.every.or_else(|| {
            let found = self.patterns.iter().find(|(_, earlier)| covers(earlier));
            found.map(|(earlier, _)| earlier.name.0.value.as_str())
        })
    }
}

/// Most earlier rules that each rule is compared with.
const UNCONDITIONAL_MAX: usize = 64;

fn when(title: &str, when: &When, action: Option<Action>, pointer: &str, cx: &mut Reading<'_>) {
    if never::holds(&when.condition) {
        let message = format!("{title} can never hold: its tests exclude each other");
        note(cx, pointer, when.span, "never-matches", message, "look at `all`, and at the values");
    }
    let (mut of_each, mut as_text, mut star_in_host, mut no_url) = (None, None, false, false);
    when.condition.tests(false, &mut |test, negated| {
        // What holds lets the call pass: of a rule that allows, or under the `not` of one that does
        // not. Labels let nothing pass.
        let opens = action.is_some_and(|action| (action == Action::Allow) != negated);
        if test.is_of_each() && opens {
            of_each.get_or_insert(test.written.as_str());
        }
        if let Operator::Order { to: Scalar::Text(text), .. } = &test.operator
            && is_like_a_number(text)
        {
            as_text.get_or_insert(text.as_str());
        }
        if let Operator::Url(globs) = &test.operator {
            star_in_host |= opens && globs.iter().any(|glob| glob.star_in_host());
            no_url |= globs.iter().any(|glob| !glob.may_match());
        }
    });
    if let Some(path) = of_each {
        let message =
            format!("{title} lets a call pass if one element of `{path}` fits, whatever the others are");
        let help = "ask that no element is wrong: `not` around a test of what is wrong";
        note(cx, pointer, when.span, "any-element", message, help);
    }
    if let Some(text) = as_text {
        let message = format!("{title} compares with the text `{}`, and no number", text.escape_debug());
        let help = "write the number in plain digits, without quotes; a number and a text are not compared";
        note(cx, pointer, when.span, "number-as-text", message, help);
    }
    if star_in_host {
        let message = format!(
            "{title} lets URLs pass by a pattern with a star in its host, and a star also stands for `/`"
        );
        note(cx, pointer, when.span, "star-in-host", message, "name the host, with stars behind it only");
    }
    if no_url {
        let message = format!("{title} has a URL pattern that no URL matches");
        note(cx, pointer, when.span, "never-matches", message, "start it with `https://`, `http://` or `*`");
    }
}

/// Whether somebody probably means a number. Dates and versions are texts that have an order.
fn is_like_a_number(text: &str) -> bool {
    let plain = text.trim().trim_start_matches(['-', '+', '$', '€', '£']).replace(['_', ',', ' '], "");
    let is_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.parse::<f64>().is_ok()
        || plain.strip_prefix("0x").or(plain.strip_prefix("0o")).is_some_and(is_hex)
        || matches!(plain.to_ascii_lowercase().as_str(), ".inf" | ".nan")
}

fn note(cx: &mut Reading<'_>, pointer: &str, span: Span, code: &'static str, message: String, help: &str) {
    let (pointer, help) = (pointer.to_owned(), Some(help.to_owned()));
    cx.report(Severity::Warning, code, span, pointer, message, "this entry", help);
}
