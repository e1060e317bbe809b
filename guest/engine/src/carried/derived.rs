//! Writes what a request stands for as a call of its own.

use super::Carried;
use crate::call::Call;
use crate::decide::Looked;
use crate::exchange::Hiding;
use crate::http::{Forward, Request};
use crate::money;
use crate::protocol::x402::write_member;
use crate::syntax::Member;
use crate::wire::{push_json_list, push_json_string};

/// The call, or nothing where the request stands for itself.
///
/// It is decided as the request is, and told to others without its credentials (`is_told`). What differs
/// whenever the same is sent again is not in it: the id of a message, the signature of a payment.
pub(crate) fn write(looked: &Looked<'_>, is_told: bool) -> Option<Vec<u8>> {
    let Looked { call, request, forward, carried, .. } = looked;
    let tool = carried.tool();
    // Rules speak of what is forwarded: another spelling of the same is no way around them.
    let is_respelled =
        request.headers.is_some() && (request.authority != forward.authority || request.path != forward.path);
    if tool.is_none() && carried.payment.is_none() && !is_respelled {
        return None;
    }
    let mut out = String::with_capacity(512 + tool.as_ref().map_or(0, |(_, arguments)| arguments.len()));
    let mut object = Members::open(&mut out);
    object.text("agentId", Some(&call.agent_id));
    match &tool {
        Some((name, arguments)) => {
            object.text("toolName", Some(name));
            object.key("toolInput").push_str(arguments);
            member(object.key("http"), carried, request, forward, Shape::Beside);
        }
        // An inner call keeps its own input, and the request beside it.
        None if request.headers.is_none() => {
            object.text("toolName", Some(&call.tool_name));
            let mut input = Members::open(object.key("toolInput"));
            for Member { key, value, .. } in &call.tool_input {
                value.write(input.key(key));
            }
            input.out.push('}');
            member(object.key("http"), carried, request, forward, Shape::Beside);
        }
        None => {
            object.text("toolName", Some(&call.tool_name));
            let hiding = request.hiding.filter(|_| is_told);
            member(object.key("toolInput"), carried, request, forward, Shape::Whole(hiding));
        }
    }
    rest(&mut object, call);
    money(&mut object, call, carried);
    out.push('}');
    Some(out.into_bytes())
}

/// How much of a request is written.
#[derive(Clone, Copy)]
enum Shape<'h> {
    /// All of it, as the input of `http`, and what credentials are hidden with.
    Whole(Option<Hiding<'h>>),
    /// What is left of it beside an inner call.
    Beside,
}

fn member(
    out: &mut String,
    carried: &Carried<'_>,
    request: &Request<'_>,
    forward: &Forward,
    shape: Shape<'_>,
) {
    let mut object = Members::open(out);
    object.text("method", Some(request.method));
    object.text("scheme", Some(request.scheme));
    object.text("authority", Some(&forward.authority));
    object.text("path", Some(&forward.path));
    if let Shape::Whole(hiding) = shape {
        headers(object.key("headers"), request, hiding);
        if let Some(body) = &request.body {
            let (name, text) = body.member();
            object.text(name, Some(&text));
        }
    }
    if let Some(addresses) = &request.resolved_ips {
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        push_json_list(object.key("resolvedIps"), &addresses);
    }
    if request.resolves_later {
        object.key("resolvesLater").push_str("true");
    }
    if let Some(paid) = &carried.payment {
        write_member(&paid.payment, object.key("payment"));
    }
    out.push('}');
}

/// All headers but that of the payment.
fn headers(out: &mut String, request: &Request<'_>, hiding: Option<Hiding<'_>>) {
    let is_payment = |name: &str| crate::protocol::x402::is_payment_header(name);
    let all = request.headers.as_deref().unwrap_or_default().iter();
    for (number, (name, value)) in all.filter(|(name, _)| !is_payment(name)).enumerate() {
        out.push_str(if number == 0 { "[[" } else { "],[" });
        push_json_string(out, name);
        out.push(',');
        match hiding {
            Some(hiding) => push_json_string(out, &hiding.value(name, value)),
            None => push_json_string(out, value),
        }
    }
    out.push_str(if out.ends_with(':') { "[]" } else { "]]" });
}

/// Everything else that the call says of its caller.
fn rest(object: &mut Members<'_>, call: &Call<'_>) {
    object.text("sessionId", call.session_id.as_deref());
    object.text("runId", call.run_id.as_deref());
    object.text("environment", call.environment.as_deref());
    object.text("workspace", call.workspace.as_deref());
    object.text("home", call.home.as_deref());
    object.text("cwd", call.cwd.as_deref());
    object.text("shell", call.shell.as_deref());
    if !call.resolved_paths.is_empty() {
        let mut paths = Members::open(object.key("resolvedPaths"));
        for (given, real) in &call.resolved_paths {
            paths.text(given, Some(real));
        }
        paths.out.push('}');
    }
    if !call.protected_paths.is_empty() {
        let paths: Vec<String> = call.protected_paths.iter().map(ToString::to_string).collect();
        push_json_list(object.key("protectedPaths"), &paths);
    }
}

fn money(object: &mut Members<'_>, call: &Call<'_>, carried: &Carried<'_>) {
    let paid = carried.payment.as_ref();
    let cost = paid.map_or(call.cost, |paid| paid.cost(call.cost));
    if cost.usd_micros.is_some() || cost.tokens.is_some() {
        let mut own = Members::open(object.key("cost"));
        own.text("usd", cost.usd_micros.map(money::write).as_deref());
        if let Some(tokens) = cost.tokens {
            own.key("tokens").push_str(&tokens.to_string());
        }
        own.out.push('}');
    }
    object.text("endpoint", paid.map(|paid| paid.endpoint.as_str()).or(call.endpoint.as_deref()));
    object.text("payee", paid.map(|paid| paid.payment.pay_to.as_str()).or(call.payee.as_deref()));
}

/// An object that is being written; whoever opened it closes it.
struct Members<'o> {
    out: &'o mut String,
    is_first: bool,
}

impl<'o> Members<'o> {
    fn open(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, is_first: true }
    }

    /// Where the value goes.
    fn key(&mut self, name: &str) -> &mut String {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(',');
        }
        push_json_string(self.out, name);
        self.out.push(':');
        self.out
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            push_json_string(self.key(name), value);
        }
    }
}
