//! One HTTP stream: callbacks of the proxy become events of [`Flow`] and [`Answering`], and what they
//! say is done. No decision is made here.

use std::cell::RefCell;
use std::rc::Rc;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType, LogLevel, MapType};

use crate::answers::{Answering, Begun, Fed};
use crate::config::{Record, Scheme};
use crate::daemon::{self, ANSWER_BYTES_MAX};
use crate::faults;
use crate::flow::{Ending, Flow, Step, Target};
use crate::head::Head;
use crate::host;
use crate::outcomes::{self, Became, Payment};
use crate::reply::{Fault, Reply};
use crate::root::Worker;

/// One stream.
pub(crate) struct Stream {
    /// `None`: the filter was not configured, and nothing goes through.
    worker: Option<Rc<RefCell<Worker>>>,
    flow: Flow,
    /// The head as it came, until the request goes on.
    received: Option<Rc<Head>>,
    answering: Option<Box<Answering>>,
    /// Bytes of the answer that were read and are still in the proxy's buffer.
    kept: usize,
    /// Whether all of the answer came.
    has_ended: bool,
    /// Whether this filter answered the request itself.
    is_own_answer: bool,
    /// Whether the daemon was asked about the request.
    was_asked: bool,
    /// What the request pays, if the daemon holds money for it.
    payment: Option<Payment>,
}

impl Stream {
    pub(crate) fn new(worker: Option<Rc<RefCell<Worker>>>) -> Self {
        Self {
            worker,
            flow: Flow::default(),
            received: None,
            answering: None,
            kept: 0,
            has_ended: false,
            is_own_answer: false,
            was_asked: false,
            payment: None,
        }
    }

    /// Runs an event of the request, and does what it says.
    fn step(&mut self, event: impl FnOnce(&mut Flow, &mut Worker) -> Step) -> Action {
        let Some(worker) = self.worker.clone() else {
            return self.refuse(&unconfigured());
        };
        let mut worker = worker.borrow_mut();
        let mut step = event(&mut self.flow, &mut worker);
        if let Step::Ask(body) = &step {
            match ask(&mut worker, body) {
                true => {
                    self.was_asked = true;
                    return Action::Pause;
                }
                false => step = self.flow.fault(&worker.governor, Fault::DaemonUnreachable),
            }
        }
        let pays = self.was_asked && self.received.as_deref().is_some_and(Head::pays);
        if let Step::Pass(target) = &step
            && !self.received.take().is_some_and(|received| send_to(target, &received))
        {
            step = self.flow.fault(&worker.governor, Fault::HostFailed);
        }
        if let Some(ending) = self.flow.ending.take() {
            worker.metrics.decided(ending.decision);
            tell(&ending);
            self.payment = ending
                .verdict_id
                .filter(|_| pays && matches!(step, Step::Pass(_)))
                .map(|verdict_id| Payment { verdict_id, tool: ending.tool });
        }
        drop(worker);
        match step {
            Step::Go | Step::Pass(_) => Action::Continue,
            Step::Wait | Step::Ask(_) => Action::Pause,
            Step::Refuse(reply) => self.refuse(&reply),
        }
    }

    fn refuse(&mut self, reply: &Reply) -> Action {
        self.is_own_answer = true;
        host::answer(reply);
        Action::Pause
    }

    /// Records what Envoy's own list of addresses refused, behind a verdict that let it go.
    fn note_refused_address(&self) {
        let Some(worker) = &self.worker else { return };
        let Some((exchange, policy)) = self.flow.passed().filter(|_| !self.is_own_answer) else { return };
        let mut worker = worker.borrow_mut();
        if worker.governor.config.record == Record::None {
            return;
        }
        let is_refused = || host::header(MapType::HttpResponseHeaders, ":status").as_deref() == Some(b"403");
        if let Some(call) = exchange.call().filter(|_| is_refused() && host::is_address_refused()) {
            worker.governor.record_denial(policy, "address-private", call);
        }
    }

    /// Tells that a payment was settled, if the server says so, or that it never left.
    fn settle(&mut self) {
        let Some(payment) = self.payment.take().filter(|_| !self.is_own_answer) else { return };
        let Some(worker) = &self.worker else { return };
        let Some(pairs) = host::headers(MapType::HttpResponseHeaders) else { return };
        let status = pairs.text(":status").and_then(|status| status.parse().ok()).unwrap_or_default();
        let receipts: Vec<&str> = ["payment-response", "x-payment-response"]
            .into_iter()
            .flat_map(|name| pairs.all(name))
            .map(|value| std::str::from_utf8(value).unwrap_or_default())
            .collect();
        // Envoy's own list of addresses refused the connection, so nothing left.
        let became =
            if host::is_address_refused() { Some(Became::Kept) } else { outcomes::settled(&receipts) };
        let Some(became) = became else { return };
        let governor = &mut worker.borrow_mut().governor;
        if let Some(report) = outcomes::report(&governor.config.agent_id, &payment, status, &became)
            && !governor.outcomes.push(report)
        {
            host::log(LogLevel::Warn, "sentinel: what became of a payment is not told: too many wait");
        }
    }

    /// What the reader of the answer made of more bytes.
    fn fed(&mut self, fed: Fed, size: usize) -> Action {
        if !self.put(&fed.out, size) {
            return self.break_off();
        }
        if fed.is_refused {
            return self.break_off();
        }
        if fed.is_waiting {
            return Action::Pause;
        }
        if let Some(call) = fed.ask {
            let asked = self.worker.as_ref().is_some_and(|worker| ask(&mut worker.borrow_mut(), &call));
            if asked {
                return Action::Pause;
            }
            let Some(fed) = self.ruled(Err(Fault::DaemonUnreachable)) else { return self.break_off() };
            return self.fed(fed, self.kept);
        }
        if self.kept == 0 && !self.has_ended {
            // What is let go leaves no buffer, and trailers could come next: then nothing could be put.
            return Action::Pause;
        }
        self.kept = 0;
        Action::Continue
    }

    /// Puts bytes in the place of those that are new in the proxy's buffer of so many.
    fn put(&mut self, bytes: &[u8], size: usize) -> bool {
        let of = BufferType::HttpResponseBody;
        let new = size.saturating_sub(self.kept);
        let is_put = if self.kept == 0 || new == 0 {
            new == 0 && bytes.is_empty() || host::replace(of, self.kept, new, bytes)
        } else {
            // The proxy adds to a buffer or replaces all of it; anything between ends the filter.
            host::buffer(of, 0, self.kept).filter(|kept| kept.len() == self.kept).is_some_and(|mut all| {
                all.extend_from_slice(bytes);
                host::replace(of, 0, size, &all)
            })
        };
        self.kept += bytes.len();
        is_put
    }

    fn ruled(&mut self, answer: Result<Vec<u8>, Fault>) -> Option<Fed> {
        let worker = self.worker.clone()?;
        let mut worker = worker.borrow_mut();
        self.answering.as_mut().map(|answering| answering.ruled(&mut worker.governor, answer))
    }

    /// Ends an answer that must not go on.
    fn break_off(&mut self) -> Action {
        self.answering = None;
        let _ = hostcalls::reset_http_response();
        Action::Pause
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, _token: u32, headers: usize, size: usize, _trailers: usize) {
        faults::at("call response");
        let answer = read_answer(headers, size);
        if let (Some(worker), Err(_)) = (&self.worker, &answer) {
            worker.borrow().metrics.daemon_failed();
        }
        if self.answering.is_some() {
            let Some(fed) = self.ruled(answer) else { return };
            if self.fed(fed, self.kept) == Action::Continue {
                let _ = hostcalls::resume_http_response();
            }
            return;
        }
        if self.flow.passed().is_some() {
            // About an answer that was broken off: there is nothing to go on with.
            return;
        }
        if self.step(|flow, worker| flow.answered(&mut worker.governor, answer)) == Action::Continue {
            let _ = hostcalls::resume_http_request();
        }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, is_end: bool) -> Action {
        faults::at("request headers");
        let Some(pairs) = host::headers(MapType::HttpRequestHeaders) else {
            return self.step(|flow, worker| flow.fault(&worker.governor, Fault::HostFailed));
        };
        let scheme = self.worker.as_ref().and_then(|worker| worker.borrow().governor.config.scheme);
        let head = Head::read(pairs).map(|head| Rc::new(verified(head, scheme)));
        self.received = head.as_ref().ok().cloned();
        self.step(|flow, worker| {
            let resolved = host::resolved(worker.governor.config.position);
            flow.head(&mut worker.governor, head, resolved, is_end)
        })
    }

    fn on_http_request_body(&mut self, size: usize, is_end: bool) -> Action {
        faults::at("request body");
        let whole =
            || if size == 0 { Some(Vec::new()) } else { host::buffer(BufferType::HttpRequestBody, 0, size) };
        self.step(|flow, worker| flow.body(&mut worker.governor, size, is_end, whole))
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        faults::at("request trailers");
        self.step(|flow, worker| flow.trailers(&worker.governor))
    }

    fn on_http_response_headers(&mut self, _count: usize, _is_end: bool) -> Action {
        faults::at("response headers");
        self.note_refused_address();
        self.settle();
        let passed = self.flow.passed().filter(|_| !self.is_own_answer);
        let Some((exchange, policy)) =
            passed.filter(|(exchange, _)| exchange.reads_answer() || exchange.may_ask_for_payment())
        else {
            return Action::Continue;
        };
        let Some(pairs) = host::headers(MapType::HttpResponseHeaders) else { return Action::Pause };
        let text = |name: &str| pairs.text(name).map(str::to_owned);
        let status = text(":status").and_then(|status| status.parse().ok()).unwrap_or_default();
        let challenge = pairs.text("payment-required").filter(|_| status == 402);
        if let Some(code) = challenge.and_then(|challenge| exchange.unpayable(policy, challenge)) {
            // Told before the agent signs anything.
            host::set_header(MapType::HttpResponseHeaders, "x-soe-payment", Some(code.as_bytes()));
        }
        match Answering::begin(exchange, Rc::clone(policy), status, &text) {
            Begun::Passes => Action::Continue,
            Begun::Read(answering) => {
                if pairs.has("content-length") {
                    host::set_header(MapType::HttpResponseHeaders, "content-length", None);
                }
                self.answering = Some(answering);
                Action::Continue
            }
            Begun::Refused => {
                let Some(worker) = self.worker.clone() else { return self.break_off() };
                let reply = crate::reply::fault(Fault::AnswerRefused, worker.borrow().governor.governed());
                self.refuse(&reply)
            }
        }
    }

    fn on_http_response_body(&mut self, size: usize, is_end: bool) -> Action {
        faults::at("response body");
        let Some(worker) = self.worker.clone() else { return Action::Pause };
        let Some(answering) = &mut self.answering else { return Action::Continue };
        self.has_ended |= is_end;
        let new = size.saturating_sub(self.kept);
        let bytes = if new == 0 {
            Some(Vec::new())
        } else {
            host::buffer(BufferType::HttpResponseBody, self.kept, new)
        };
        let Some(bytes) = bytes.filter(|bytes| bytes.len() == new) else { return self.break_off() };
        let fed = answering.feed(&mut worker.borrow_mut().governor, &bytes, is_end);
        self.fed(fed, size)
    }

    /// With trailers the body has no end of its own.
    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        faults::at("response trailers");
        let Some(worker) = self.worker.clone() else { return Action::Pause };
        let Some(answering) = &mut self.answering else { return Action::Continue };
        self.has_ended = true;
        let fed = answering.feed(&mut worker.borrow_mut().governor, &[], true);
        self.fed(fed, self.kept)
    }
}

/// Leaves for the access log how the request ended. Each value costs a call of the proxy, so what
/// allowed requests have by the thousand is left out: of those without a record, all but the tool.
fn tell(ending: &Ending) {
    if ending.decision != "allow" || ending.verdict_id.is_some() {
        host::set_property("sentinel.decision", ending.decision);
        host::set_property("sentinel.code", &ending.code);
    }
    if !ending.tool.is_empty() && ending.tool != "http" {
        host::set_property("sentinel.tool", &ending.tool);
    }
    if let Some(id) = &ending.verdict_id {
        host::set_property("sentinel.verdict_id", id);
    }
    if let Some(digest) = &ending.policy_digest {
        host::set_property("sentinel.policy_digest", digest);
    }
    if ending.decision != "allow" {
        host::set_property("sentinel.reason", &ending.reason);
    }
}

/// The same head with the scheme of the connection. `:scheme` is what the client says of itself, and only
/// one of the two words says more than is so.
fn verified(head: Head, scheme: Option<Scheme>) -> Head {
    if let Some(scheme) = scheme {
        return head.over(scheme.as_str());
    }
    if head.target().scheme == "http" {
        return head;
    }
    match host::property(&["connection", "tls_version"]) {
        Some(version) if !version.is_empty() => head.over("https"),
        Some(_) | None => head.over("http"),
    }
}

/// Points the request at what was decided, where that is not what was received: each change costs a new
/// look at the routes.
fn send_to(target: &Target, received: &Head) -> bool {
    let set = |name, value: &str| host::set_header(MapType::HttpRequestHeaders, name, Some(value.as_bytes()));
    let crate::head::Target { authority, path, .. } = received.target();
    let is_set = (target.authority == authority || set(":authority", &target.authority))
        // A tunnel has none.
        && (target.path == path || target.path.is_empty() || set(":path", &target.path));
    if let Some(body) = &target.body {
        let length = body.len().to_string();
        if received.has("content-length") && !set("content-length", &length) {
            return false;
        }
        if !host::replace(BufferType::HttpRequestBody, 0, usize::MAX, body.as_bytes()) {
            return false;
        }
    }
    // Headers by which an agent would tell the router to send it again, or where the proxy's own are: the
    // call that was decided has none of them.
    let are_gone =
        received.proxy_headers().all(|name| host::set_header(MapType::HttpRequestHeaders, name, None));
    let is_set = is_set && are_gone;
    if target.reads_answer && received.has("accept-encoding") {
        return is_set && host::set_header(MapType::HttpRequestHeaders, "accept-encoding", None);
    }
    is_set
}

/// Sends a call to the daemon.
fn ask(worker: &mut Worker, call: &[u8]) -> bool {
    worker.metrics.daemon_called();
    let Some(daemon) = &worker.governor.config.daemon else { return false };
    host::ask(daemon, "POST", "/v1/evaluate", Some(call), None, daemon.timeout).is_some()
}

/// The body of the daemon's answer, if it is one that can carry a verdict.
fn read_answer(headers: usize, size: usize) -> Result<Vec<u8>, Fault> {
    if headers == 0 {
        return Err(Fault::DaemonUnreachable);
    }
    let status = host::header(MapType::HttpCallResponseHeaders, ":status").unwrap_or_default();
    daemon::status(&status)?;
    if size > ANSWER_BYTES_MAX {
        return Err(Fault::DaemonRefused);
    }
    host::buffer(BufferType::HttpCallResponseBody, 0, size).ok_or(Fault::DaemonRefused)
}

/// The filter has no configuration; Envoy should not have called it.
fn unconfigured() -> Reply {
    let governed = crate::reply::Governed { agent_id: "", policy_digest: None };
    crate::reply::fault(Fault::PolicyMissing, governed)
}
