//! The routes: which there are, who may ask, and in which words a refusal is told.

use serde_json::json;

use crate::decide::World;
use crate::problem::{Code, Denial, Problem};
use crate::settings::Settings;
use crate::wire::{Head, Reply};
use crate::{authzen, body, credential, evaluate};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Evaluate,
    Evaluation,
    Evaluations,
    Configuration,
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/v1/evaluate" => Self::Evaluate,
            "/access/v1/evaluation" => Self::Evaluation,
            "/access/v1/evaluations" => Self::Evaluations,
            "/.well-known/authzen-configuration" => Self::Configuration,
            _ => return None,
        })
    }

    const fn method(self) -> &'static str {
        match self {
            Self::Configuration => "GET",
            Self::Evaluate | Self::Evaluation | Self::Evaluations => "POST",
        }
    }

    const fn denial(self) -> Denial {
        match self {
            Self::Evaluate => Denial::Soe,
            Self::Evaluation | Self::Evaluations => Denial::Authzen,
            Self::Configuration => Denial::None,
        }
    }
}

/// Answers a request. Its body is read only once its sender is known.
pub(crate) fn serve(
    world: &impl World,
    settings: &Settings,
    head: &Head,
    read: impl FnOnce() -> Result<Vec<u8>, Problem>,
) -> Reply {
    let mut reply = match Route::of(&head.path) {
        None => Problem::new(Code::NotFound, "there is nothing at this path: ask POST /v1/evaluate")
            .reply(Denial::None),
        Some(route) if route.method() != head.method => {
            let mut reply = Problem::new(Code::MethodNotAllowed, "this path has other methods: see `Allow`")
                .reply(Denial::None);
            reply.headers.push(("allow", route.method().to_owned()));
            reply
        }
        Some(route) => {
            answer(world, settings, route, head, read).unwrap_or_else(|problem| problem.reply(route.denial()))
        }
    };
    if let Some(id) = request_id(head) {
        reply.headers.push(("x-request-id", id.to_owned()));
    }
    reply
}

fn answer(
    world: &impl World,
    settings: &Settings,
    route: Route,
    head: &Head,
    read: impl FnOnce() -> Result<Vec<u8>, Problem>,
) -> Result<Reply, Problem> {
    if head.has_query {
        return Err(Problem::bad_request("this path takes no query parameters"));
    }
    if route == Route::Configuration {
        return configuration(settings);
    }
    credential::check(head, settings)?;
    body::check_type(head)?;
    let body = read()?;
    match route {
        Route::Evaluate => evaluate::evaluate(world, head, &body),
        Route::Evaluation => authzen::evaluation(world, &body),
        Route::Evaluations => authzen::evaluations(world, &body),
        Route::Configuration => configuration(settings),
    }
}

/// Who this is. The name comes from the settings: made of `Host`, it would be whatever the asker says.
fn configuration(settings: &Settings) -> Result<Reply, Problem> {
    let Some(url) = &settings.url else {
        return Err(Problem::new(Code::NotFound, "EDGE_URL is not set, so this place has no name"));
    };
    let body = json!({
        "policy_decision_point": url,
        "access_evaluation_endpoint": format!("{url}/access/v1/evaluation"),
        "access_evaluations_endpoint": format!("{url}/access/v1/evaluations"),
    });
    Ok(Reply::new(200, "application/json", body.to_string()))
}

/// What the asker calls this request, if it can stand in a header.
fn request_id(head: &Head) -> Option<&str> {
    let id = head.all("x-request-id").next()?;
    ((1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())).then_some(id)
}

#[cfg(test)]
mod tests;
