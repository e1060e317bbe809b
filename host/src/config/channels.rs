//! How people hear of questions, beside the API: a webhook, and Slack.

use crate::auth::Secret;

/// What is told of questions. `None` in a configuration where nothing is.
#[derive(Clone, Debug)]
pub struct Channels {
    /// A service that is asked, and tells what was answered.
    pub webhook: Option<Webhook>,
    /// A Slack-compatible incoming webhook, which gets messages with signed links.
    pub slack: Option<Slack>,
    /// Whether addresses of private networks, and plain HTTP, may be told. For tests and for
    /// services on the same machine.
    pub allow_private: bool,
}

/// A service that is asked.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where questions are sent.
    pub url: String,
    /// Where answers are asked for; holds `{action_id}` or `{id}`.
    pub status_url: Option<String>,
    /// In which words.
    pub format: WebhookFormat,
    /// What it knows us by.
    pub token: Option<Secret>,
    /// Signs what is sent.
    pub secret: Option<Secret>,
}

/// Words of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookFormat {
    /// Ours: the question as the API shows it, signed.
    Sentinel,
    /// Those of agentic-sentinel: `function_name`, `parameters`, `action_id`, and polling.
    AgenticSentinel,
    /// Those of agentsentinel-sdk: `action_name`, `action_inputs`, and polling.
    AgentSentinel,
}

/// A Slack-compatible incoming webhook.
#[derive(Clone, Debug)]
pub struct Slack {
    /// Where messages are sent. It is a secret: whoever knows it can write there.
    pub url: Secret,
    /// Signs messages as Slack signs its own, and the links in them.
    pub signing_secret: Secret,
    /// Where people reach this daemon; links begin with it.
    pub public_url: String,
}
