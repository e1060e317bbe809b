//! What the calls of agents add up to, read from their meters.

use super::App;
use super::protected::{self, Protected};
use super::reads::ReadError;
use super::tally::Statistics;

/// Demands that an agent has a policy, had one, or called at least once.
///
/// # Errors
///
/// Where it is not known, or nothing can be read.
pub async fn known(app: &App, agent: &str) -> Result<(), ReadError> {
    let id = agent.to_owned();
    if app.catalog.knows(agent) || app.readers.read(move |reader| Ok(reader.agent(&id)?)).await?.is_some() {
        return Ok(());
    }
    Err(ReadError::Unknown { what: format!("agent `{agent}`") })
}

/// What the calls of an agent add up to, and what was protected from them.
///
/// # Errors
///
/// Where the agent is not known, or nothing can be read.
pub async fn statistics(app: &App, agent: &str) -> Result<(Statistics, Protected), ReadError> {
    known(app, agent).await?;
    let id = agent.to_owned();
    let meters = app.readers.read(move |reader| Ok(reader.meters(&id)?)).await?;
    Ok((Statistics::new(&meters), Protected::new(agent, &meters)))
}

/// Millionths of a dollar that were protected from the calls of these agents.
///
/// # Errors
///
/// Where nothing can be read.
pub async fn protected(app: &App, agents: Vec<String>) -> Result<u64, ReadError> {
    app.readers
        .read(move |reader| {
            let mut sum = 0_u64;
            for agent in &agents {
                let own = reader.meter(&protected::sum(agent, protected::TOTAL))?;
                sum = sum.saturating_add(own.map_or(0, |own| own.used));
            }
            Ok(sum)
        })
        .await
}
