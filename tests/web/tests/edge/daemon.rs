//! A daemon for tests: it decides with the engine, keeps no meters, and checks what it is sent. How well it is
//! can be chosen.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use sentinel_engine::Policy;
use sentinel_tests::native;
use serde_json::{Value, json};

/// What the examples show it.
pub(crate) const TOKEN: &str = "a-daemon-token";

/// What cannot be read, as the daemon cannot either. Some call may be that.
const TOO_DEEP: &str = "not JSON, or nested too deeply";

/// How it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// It hangs up.
    Away,
    /// It never answers.
    Slow,
    /// It has an error.
    Broken,
    /// Its verdict is about another call.
    Elsewhere,
    /// It permits what it denies.
    Contradicting,
    /// It takes records, and hangs up.
    Forgetful,
    /// It refuses the first record of each batch, for good.
    Picky,
}

/// A running daemon.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    mood: Mood,
    /// What it decides for; `development` if nothing is said.
    environment: Option<String>,
    /// Bodies of questions, with the key of each.
    asked: Vec<(String, Option<String>)>,
    /// Requests of either kind, counted also where nobody got an answer.
    requests: usize,
    /// Batches that were answered with 200.
    answered: usize,
    /// Every record that came, as often as it came: its id, and its text.
    records: Vec<(String, String)>,
    /// What is wrong with what came.
    wrong: Vec<String>,
}

impl Daemon {
    /// Starts one with these policies.
    pub(crate) fn start(policies: BTreeMap<String, String>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(State::default()));
        let own = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (state, policies) = (Arc::clone(&own), policies.clone());
                thread::spawn(move || serve(&stream, &state, &policies));
            }
        });
        Self { url, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn mood(&self, mood: Mood) {
        self.state().mood = mood;
    }

    /// Makes it the daemon of another environment.
    pub(crate) fn decides_for(&self, environment: &str) {
        self.state().environment = Some(environment.to_owned());
    }

    /// How many calls it was asked about.
    pub(crate) fn asked(&self) -> usize {
        self.state().asked.len()
    }

    /// The newest question, and its key.
    pub(crate) fn last_asked(&self) -> (String, Option<String>) {
        self.state().asked.last().cloned().expect("a question")
    }

    /// How many requests came, answered or not.
    pub(crate) fn requests(&self) -> usize {
        self.state().requests
    }

    /// How many batches were taken, and whoever sent them can know.
    pub(crate) fn answered(&self) -> usize {
        self.state().answered
    }

    /// Texts of all records, and that nothing was wrong with any.
    pub(crate) fn records(&self) -> Vec<String> {
        let state = self.state();
        assert!(state.wrong.is_empty(), "{:?}", state.wrong);
        state.records.iter().map(|(_, text)| text.clone()).collect()
    }

    /// How many different records came.
    pub(crate) fn distinct(&self) -> usize {
        self.state().records.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len()
    }

    /// Forgets what came.
    pub(crate) fn forget(&self) {
        let mut state = self.state();
        state.records.clear();
        state.answered = 0;
    }
}

/// One connection, request after request.
fn serve(stream: &TcpStream, state: &Mutex<State>, policies: &BTreeMap<String, String>) {
    let mut loaded: BTreeMap<String, Policy> = BTreeMap::new();
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let mood = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.requests += 1;
            state.mood
        };
        if mood == Mood::Away {
            return;
        }
        let (status, body) = match request.path.as_str() {
            _ if request.authorization != format!("Bearer {TOKEN}") => {
                (401, r#"{"code":"unknown-key"}"#.to_owned())
            }
            _ if mood == Mood::Broken => (500, r#"{"code":"internal"}"#.to_owned()),
            "/v1/health" => {
                let state = state.lock().unwrap_or_else(PoisonError::into_inner);
                let own = state.environment.as_deref().unwrap_or("development");
                (200, json!({"status": "HEALTHY", "environment": own}).to_string())
            }
            "/v1/evaluate" => {
                if mood == Mood::Slow {
                    // Until whoever asked has given up.
                    let _ = io::copy(&mut reader, &mut io::sink());
                    return;
                }
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                state.asked.push((request.body.clone(), request.key.clone()));
                (200, evaluate(mood, &request.body, policies, &mut loaded))
            }
            "/v1/records" => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                match record(mood, &request.body, &mut state) {
                    _ if mood == Mood::Forgetful => return,
                    Ok(answer) => (200, answer),
                    Err(problem) => {
                        if problem != TOO_DEEP {
                            state.wrong.push(format!("{problem}: {}", request.body));
                        }
                        (400, r#"{"code":"bad-request"}"#.to_owned())
                    }
                }
            }
            _ => (404, r#"{"code":"not-found"}"#.to_owned()),
        };
        let head = format!(
            "HTTP/1.1 {status} Whatever\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut out = stream;
        if out.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
        if status == 200 && request.path == "/v1/records" {
            state.lock().unwrap_or_else(PoisonError::into_inner).answered += 1;
        }
    }
}

struct Request {
    path: String,
    authorization: String,
    key: Option<String>,
    body: String,
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut request = Request { path, authorization: String::new(), key: None, body: String::new() };
    let (mut length, mut is_chunked) = (0, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => request.authorization = value.to_owned(),
            "idempotency-key" => request.key = Some(value.to_owned()),
            "content-length" => length = value.parse().ok()?,
            "transfer-encoding" => is_chunked = true,
            _ => {}
        }
    }
    let mut body = Vec::new();
    if is_chunked {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let size = usize::from_str_radix(line.trim(), 16).ok()?;
            let start = body.len();
            body.resize(start + size, 0);
            reader.read_exact(&mut body[start..]).ok()?;
            reader.read_line(&mut String::new()).ok()?;
            if size == 0 {
                break;
            }
        }
    } else {
        body.resize(length, 0);
        reader.read_exact(&mut body).ok()?;
    }
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}

/// The engine's verdict, with what the daemon adds.
fn evaluate(
    mood: Mood,
    body: &str,
    policies: &BTreeMap<String, String>,
    loaded: &mut BTreeMap<String, Policy>,
) -> String {
    let call: Value = serde_json::from_str(body).expect("JSON");
    let agent = call["agentId"].as_str().expect("an agent");
    let policy = loaded.entry(agent.to_owned()).or_insert_with(|| native::load(&policies[agent]));
    let (_, verdict) = native::ask(policy, body.as_bytes());
    let own = verdict.json.strip_suffix('}').expect("an object");
    let answer = format!(
        r#"{own},"timestamp":"2026-03-09T10:15:30.000Z","verdictId":"main-7","ledger":{{"index":7,"leaf":"00"}}}}"#
    );
    let mut changed: Value = serde_json::from_str(&answer).expect("JSON");
    match mood {
        Mood::Elsewhere => changed["toolName"] = json!("another"),
        Mood::Contradicting => {
            changed["decision"] = json!("deny");
            changed["permitted"] = json!(true);
            changed["enforced"] = json!(true);
        }
        Mood::Well | Mood::Away | Mood::Slow | Mood::Broken | Mood::Forgetful | Mood::Picky => return answer,
    }
    changed.to_string()
}

/// Takes a batch; the error says what is wrong with it.
fn record(mood: Mood, body: &str, state: &mut State) -> Result<String, &'static str> {
    let batch: Value = serde_json::from_str(body).map_err(|_| TOO_DEEP)?;
    let names =
        |value: &Value| value.as_object().map(|own| own.keys().cloned().collect::<Vec<_>>().join(" "));
    if names(&batch).as_deref() != Some("point records") || batch["point"] != "edge/test" {
        return Err("no batch of this point");
    }
    let records = batch["records"].as_array().ok_or("no list")?;
    if records.is_empty() || records.len() > 256 {
        return Err("a batch has 1 to 256 records");
    }
    let mut ids = Vec::new();
    for (index, own) in records.iter().enumerate() {
        if names(own).as_deref() != Some("call code decidedAt decision id policyDigest") {
            return Err("fields of a record");
        }
        let text = |name: &str| own[name].as_str().unwrap_or_default();
        let is_digest = text("policyDigest").strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64);
        let is_word = ["allow", "escalate", "deny"].contains(&text("decision"));
        let is_time = text("decidedAt").len() == 24 && text("decidedAt").ends_with('Z');
        let is_call = own["call"]["agentId"].is_string() && own["call"]["toolName"].is_string();
        if !is_digest || !is_word || !is_time || !is_call || text("code").is_empty() || text("id").is_empty()
        {
            return Err("values of a record");
        }
        if mood != Mood::Picky || index > 0 {
            ids.push((text("id").to_owned(), own.to_string()));
        }
    }
    // One record alone keeps the spelling of its numbers.
    if let ([(_, text)], [_]) = (ids.as_mut_slice(), records.as_slice()) {
        body.clone_into(text);
    }
    let errors: Vec<_> = (mood == Mood::Picky)
        .then(|| json!({"index": 0, "code": "bad-request", "detail": "not this one"}))
        .into_iter()
        .collect();
    let known: BTreeSet<_> = state.records.iter().map(|(id, _)| id.clone()).collect();
    let repeated = ids.iter().filter(|(id, _)| known.contains(id)).count();
    let recorded = ids.len();
    state.records.extend(ids);
    Ok(json!({"recorded": recorded, "repeated": repeated, "differing": 0, "verdictIds": [], "errors": errors}).to_string())
}
