//! A session as an export: numbers and texts in, JSON out. A time that is no number means that time
//! stands still.

use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;

use super::holds::Cost;
use super::{Approver, Session, With};
use crate::circumstances::{mode, whole};
use crate::policy::WebPolicy;

/// What one page keeps of its calls.
#[wasm_bindgen]
pub struct WebSession(Session);

/// Whoever is no word of ours is nobody.
const fn approver(number: u8) -> Approver {
    match number {
        1 => Approver::Possible,
        2 => Approver::No,
        _ => Approver::Nobody,
    }
}

#[wasm_bindgen]
impl WebSession {
    /// A session in which nothing was called yet.
    #[must_use]
    pub fn start(policy: &WebPolicy, mode_number: u8, who: u8, environment: Option<String>) -> WebSession {
        Self(Session::new(Rc::clone(&policy.policy), mode(mode_number), approver(who), environment))
    }

    /// Goes on from what was saved.
    ///
    /// # Errors
    ///
    /// Where the text is damaged, or of another agent.
    pub fn restore(
        policy: &WebPolicy,
        saved: &str,
        mode_number: u8,
        who: u8,
        environment: Option<String>,
    ) -> Result<WebSession, String> {
        let policy = Rc::clone(&policy.policy);
        Session::restore(policy, saved, mode(mode_number), approver(who), environment).map(Self)
    }

    /// Decides a call, and charges for it.
    ///
    /// # Errors
    ///
    /// Where the clock is far behind what this session was told before.
    #[expect(clippy::needless_pass_by_value, reason = "optional texts come by value")]
    pub fn step(
        &mut self,
        call: &[u8],
        now: f64,
        run: Option<String>,
        approval: Option<String>,
    ) -> Result<String, String> {
        let with = With { now: whole(now.trunc()), run: run.as_deref(), approval: approval.as_deref() };
        self.0.step(call, with).map(|step| step.json())
    }

    /// Records what a person answered.
    ///
    /// # Errors
    ///
    /// Where the answer does not count.
    pub fn answer(&mut self, id: &str, subject: &str, is_yes: bool, now: f64) -> Result<(), String> {
        self.0.answer(id, subject, is_yes, whole(now.trunc()))
    }

    /// Answers in the name of everybody who may: for trying a policy out.
    ///
    /// # Errors
    ///
    /// Where there is nothing to answer.
    pub fn pretend(&mut self, id: &str, is_yes: bool) -> Result<(), String> {
        self.0.pretend(id, is_yes)
    }

    /// Says what became of a call, and what it really cost.
    ///
    /// # Errors
    ///
    /// Where the verdict is none of this session, or the cost is none.
    pub fn settle(
        &mut self,
        verdict_id: &str,
        happened: bool,
        usd: Option<String>,
        tokens: Option<f64>,
        now: f64,
    ) -> Result<(), String> {
        let usd_micros = match usd {
            None => None,
            Some(text) => Some(
                sentinel_engine::usd_micros(&text)
                    .ok_or("a cost in dollars is written like `0.25`, with at most six decimals")?,
            ),
        };
        let tokens = match tokens {
            None => None,
            Some(number) => Some(whole(number).ok_or("a number of tokens is a whole number")?),
        };
        self.0.settled(verdict_id, happened, &Cost { usd_micros, tokens }, whole(now.trunc()))
    }

    /// Meters, risk and questions, as JSON.
    pub fn state(&mut self, now: f64) -> String {
        self.0.state(whole(now.trunc()))
    }

    /// The session as text.
    #[must_use]
    pub fn save(&self) -> String {
        self.0.save()
    }
}
