//! Peeling: which program does a command really run (SH9)?

use std::borrow::Cow;

use super::carriers;
use crate::data::wrappers::{Inner, SHELLS, WRAPPERS, Wrapper};
use crate::shell::{Word, hole};

/// What is inside a command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Peeled<'a> {
    /// It runs nothing else that its arguments name.
    Plain,
    /// It runs these commands.
    Commands {
        inner: Vec<Vec<Word<'a>>>,
        transparent: bool,
        assignments: Vec<String>,
        /// It runs them somewhere else.
        moves: bool,
    },
    /// It hands this text to a shell.
    Script(String),
    /// It runs something that the command line does not show.
    Opaque(&'static str),
    /// Its options are not known well enough to say what it runs. A deny is tried on every tail
    /// of its words.
    Unknown(&'static str),
}

/// Takes one layer off.
pub(crate) fn peel<'a>(program: &str, words: &[Word<'a>], reads_input: bool) -> Peeled<'a> {
    let arguments = words.get(1..).unwrap_or_default();
    if SHELLS.contains(&program) {
        let peeled = shell(arguments, reads_input);
        // What bash reads one way, other shells read another way.
        let is_bash = matches!(program, "bash" | "rbash");
        return if !is_bash && matches!(&peeled, Peeled::Script(script) if is_bash_only(script)) {
            Peeled::Unknown("syntax of bash in a script for another shell")
        } else {
            peeled
        };
    }
    match program {
        "find" | "gfind" => return carriers::find(arguments),
        "eval" => return eval(arguments),
        "trap" => return trap(arguments),
        "jobs" if arguments.iter().any(|word| word.text == "-x") => return Peeled::Unknown("`jobs -x`"),
        "mapfile" | "readarray" | "complete" | "compgen" => return callback(arguments),
        "csh" | "tcsh" | "zsh" | "fish" | "pwsh" | "powershell" | "nu" | "elvish" | "xonsh" => {
            return Peeled::Unknown("a shell other than bash");
        }
        "source" | "." => return Peeled::Opaque("reads commands from a file"),
        _ => {}
    }
    match WRAPPERS.binary_search_by(|row| row.name.cmp(program)).ok().and_then(|at| WRAPPERS.get(at)) {
        Some(row) => wrapper(row, arguments),
        None => Peeled::Plain,
    }
}

/// `bash`, `sh` and their like.
fn shell<'a>(arguments: &[Word<'a>], reads_input: bool) -> Peeled<'a> {
    let mut rest = arguments.iter();
    let mut takes_script = false;
    while let Some(word) = rest.next() {
        let Some(text) = word.literal() else {
            return Peeled::Opaque("runs a shell whose arguments are not known before it runs");
        };
        match text {
            "--version" | "--help" => return Peeled::Plain,
            "--" | "-" => return operand(rest.next(), takes_script, reads_input),
            "--login" | "--noprofile" | "--norc" | "--posix" | "--restricted" | "--verbose" => {}
            long if long.starts_with("--") => return Peeled::Unknown("an unknown option of a shell"),
            short if short.starts_with('-') || short.starts_with('+') => {
                let letters = short.get(1..).unwrap_or_default();
                if letters.contains('s') {
                    return Peeled::Opaque("runs a shell that reads commands from its input");
                }
                takes_script |= letters.contains('c') && short.starts_with('-');
                if !letters.chars().all(|c| "abcefhiklmnoprtuvxBCEHPTO".contains(c)) {
                    return Peeled::Unknown("an unknown option of a shell");
                }
                // `-o` and `-O` take a name each.
                for _ in letters.chars().filter(|c| matches!(c, 'o' | 'O')) {
                    if rest.next().is_none_or(|name| name.literal().is_none()) {
                        return Peeled::Unknown("an unknown option of a shell");
                    }
                }
            }
            _ => return operand(Some(word), takes_script, reads_input),
        }
    }
    operand(None, takes_script, reads_input)
}

fn operand<'a>(operand: Option<&Word<'a>>, takes_script: bool, reads_input: bool) -> Peeled<'a> {
    match operand {
        Some(word) if takes_script => match word.literal() {
            Some(script) => Peeled::Script(script.to_owned()),
            None => Peeled::Opaque("runs a script that is not known before it runs"),
        },
        Some(word) if word.process || word.has_holes => {
            Peeled::Opaque("runs a script that is not known before it runs")
        }
        // A script file is a program like any other: its name has to be allowed.
        Some(word) if is_device(&word.text) => {
            Peeled::Opaque("runs a shell that reads commands from its input")
        }
        Some(_) => Peeled::Plain,
        None if takes_script => Peeled::Unknown("`-c` without a script"),
        None if reads_input => Peeled::Opaque("runs a shell that reads commands from its input"),
        None => Peeled::Opaque("runs an interactive shell"),
    }
}

/// Whether a script has syntax that `dash` and `ksh` read otherwise.
fn is_bash_only(script: &str) -> bool {
    let plain = script.replace("2>&1", "").replace(">&2", "");
    let lists = plain.contains('{') && plain.contains(',');
    lists
        || ["&>", "|&", "<(", ">(", "$'", "$\"", "[[", "((", "<<<", ">&", "function "]
            .iter()
            .any(|part| plain.contains(part))
}

/// Whether a path leads to what the system makes up: `/dev/stdin`, `/proc/self/fd/0`.
pub(super) fn is_device(path: &str) -> bool {
    let first = path.split('/').find(|segment| !matches!(*segment, "" | "."));
    path.starts_with('/') && matches!(first, Some("dev" | "proc"))
        || path.contains("..") && path.contains("/fd/")
}

fn eval<'a>(arguments: &[Word<'a>]) -> Peeled<'a> {
    let arguments = match arguments.split_first() {
        Some((first, rest)) if first.text == "--" => rest,
        _ => arguments,
    };
    let literal: Option<Vec<&str>> = arguments.iter().map(Word::literal).collect();
    match literal {
        Some(words) => Peeled::Script(words.join(" ")),
        None => Peeled::Opaque("evaluates text that is not known before it runs"),
    }
}

/// The text that `xargs -I` replaces.
fn replaced_text<'w>(arguments: &'w [Word<'_>]) -> &'w str {
    for (at, word) in arguments.iter().enumerate() {
        let attached = word
            .text
            .strip_prefix("-I")
            .or_else(|| word.text.strip_prefix("--replace="))
            .or_else(|| word.text.strip_prefix("-i"));
        match attached {
            Some("") if word.text == "-I" => {
                return arguments.get(at + 1).map_or("{}", |word| word.text.as_ref());
            }
            Some(text) if !text.is_empty() => return text,
            Some(_) | None => {}
        }
    }
    "{}"
}

/// `env -S 'git status' more`: its own way to split, followed where it is like anybody's.
fn split_string<'a>(attached: Option<&str>, rest: &[Word<'a>]) -> Peeled<'a> {
    let (text, rest) = match attached {
        Some(text) => (Some(text), rest),
        None => (rest.first().and_then(Word::literal), rest.get(1..).unwrap_or_default()),
    };
    match text {
        Some(text) if !text.contains(['\\', '\'', '"', '$', '#']) => {
            let mut inner: Vec<Word<'a>> =
                text.split_ascii_whitespace().map(|word| Word::plain(word.to_owned())).collect();
            inner.extend(rest.iter().cloned());
            // What the text sets or opts for is looked at again as `env` itself.
            inner.insert(0, Word::plain("env"));
            Peeled::Commands { inner: vec![inner], transparent: false, assignments: Vec::new(), moves: false }
        }
        Some(_) | None => {
            Peeled::Unknown("`env -S` with quotes or variables, which it reads by rules of its own")
        }
    }
}

/// `trap 'commands' SIGNAL`
fn trap<'a>(arguments: &[Word<'a>]) -> Peeled<'a> {
    let mut rest = arguments.iter().filter(|word| word.text != "--");
    match rest.next() {
        None => Peeled::Plain,
        Some(word) => match word.literal() {
            // Listed, reset, ignored: nothing will run.
            Some("-l" | "-p" | "-lp" | "-" | "") => Peeled::Plain,
            Some(script) => Peeled::Script(script.to_owned()),
            None => Peeled::Opaque("sets a trap that is not known before it runs"),
        },
    }
}

/// `mapfile -C 'command'` and its like.
fn callback<'a>(arguments: &[Word<'a>]) -> Peeled<'a> {
    for (at, word) in arguments.iter().enumerate() {
        let Some(cluster) = word.text.strip_prefix('-') else { continue };
        if let Some((_, attached)) = cluster.split_once('C') {
            let script = if attached.is_empty() {
                arguments.get(at + 1).and_then(Word::literal)
            } else {
                Some(attached)
            };
            return match script {
                Some(script) if !script.contains(hole::is_hole) => Peeled::Script(script.to_owned()),
                Some(_) | None => Peeled::Opaque("runs a command that is not known before it runs"),
            };
        }
    }
    Peeled::Plain
}

fn wrapper<'a>(row: &Wrapper, arguments: &[Word<'a>]) -> Peeled<'a> {
    let mut rest = arguments;
    let mut script: Option<&Word<'a>> = None;
    let takes_script = matches!(row.inner, Inner::Script | Inner::ScriptOrWords);
    let mut pending_script = false;
    // Options that choose another directory or root; programs that always do.
    let mut moves = matches!(
        row.name,
        "chroot" | "nsenter" | "su" | "runuser" | "unshare" | "bwrap" | "firejail" | "systemd-run"
    );
    // === options ===
    while let Some((word, tail)) = rest.split_first() {
        if pending_script {
            (script, pending_script, rest) = (Some(word), false, tail);
            continue;
        }
        let Some(text) = word.literal() else { break };
        if text == "--" {
            rest = tail;
            break;
        }
        if text == "-" && matches!(row.name, "env" | "su" | "runuser") {
            rest = tail;
            continue;
        }
        if !text.starts_with('-') || text == "-" {
            // `su user -c …` and `script file -c …` take options behind their operand.
            if takes_script && row.inner == Inner::Script {
                rest = tail;
                continue;
            }
            break;
        }
        rest = tail;
        if let Some(long) = text.strip_prefix("--") {
            let (name, value) =
                long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            if takes_script && (name == "command" || name == "session-command") {
                match value {
                    Some(value) => return Peeled::Script(value.to_owned()),
                    None => pending_script = true,
                }
                continue;
            }
            if row.name == "env" && !name.is_empty() && "split-string".starts_with(name) {
                return split_string(value, rest);
            }
            let known = row
                .long
                .iter()
                .find(|own| own.trim_end_matches('=') == name && own.ends_with('=') == value.is_some())
                .or_else(|| row.long.iter().find(|own| own.trim_end_matches('=') == name));
            match known {
                None => return Peeled::Unknown("an unknown option of a program that runs another"),
                Some(own) if own.ends_with('=') && value.is_none() => {
                    rest = rest.get(1..).unwrap_or_default();
                }
                Some(_) => {}
            }
            continue;
        }
        if row.name == "nice" && text.bytes().skip(1).all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        if row.name == "command" && matches!(text, "-v" | "-V") {
            return Peeled::Plain;
        }
        let mut letters = text.get(1..).unwrap_or_default().chars();
        while let Some(letter) = letters.next() {
            if takes_script && letter == 'c' && row.inner != Inner::ScriptOrWords
                || row.name == "runuser" && letter == 'c'
            {
                let attached = letters.as_str();
                if attached.is_empty() {
                    pending_script = true;
                } else {
                    return Peeled::Script(attached.to_owned());
                }
                break;
            }
            if row.name == "env" && letter == 'S' {
                let attached = letters.as_str();
                return split_string((!attached.is_empty()).then_some(attached), rest);
            }
            moves |= matches!((row.name, letter), ("env", 'C') | ("sudo", 'D' | 'R' | 'i'));
            if row.valued.contains(letter) {
                if letters.as_str().is_empty() {
                    rest = rest.get(1..).unwrap_or_default();
                }
                break;
            }
            if !row.flags.contains(letter) {
                return Peeled::Unknown("an unknown option of a program that runs another");
            }
        }
    }
    // === script ===
    if let Some(script) = script {
        return script
            .literal()
            .map_or(Peeled::Opaque("runs a script that is not known before it runs"), |text| {
                Peeled::Script(text.to_owned())
            });
    }
    if row.inner == Inner::Script {
        return Peeled::Opaque("starts an interactive shell");
    }
    // === what stands in front of the command ===
    let mut assignments = Vec::new();
    if row.assignments {
        while let Some((word, tail)) = rest.split_first() {
            let Some((name, _)) = word
                .text
                .split_once('=')
                .filter(|(name, _)| !name.is_empty() && !name.contains(hole::is_hole))
            else {
                break;
            };
            assignments.push(name.to_owned());
            rest = tail;
        }
    }
    if !assignments.is_empty() && rest.first().is_some_and(|word| word.text.starts_with('-')) {
        return Peeled::Unknown("options behind assignments");
    }
    let Some(mut inner) = rest.get(row.operands..).map(<[Word<'a>]>::to_vec) else {
        return Peeled::Unknown("a program that runs another, without one");
    };
    if row.name == "runuser"
        && rest.iter().any(|word| word.text.starts_with("-c") || word.text.starts_with("--command"))
    {
        return Peeled::Unknown("a script behind the name of a user");
    }
    if row.name == "flock" && inner.first().is_some_and(|word| word.text.starts_with("--")) {
        return Peeled::Unknown("an unknown option of a program that runs another");
    }
    if row.name == "flock" && inner.first().is_some_and(|word| word.text == "-c") {
        return match inner.get(1).and_then(Word::literal) {
            Some(text) => Peeled::Script(text.to_owned()),
            None => Peeled::Opaque("runs a script that is not known before it runs"),
        };
    }
    if inner.is_empty() {
        return match row.name {
            // These print something, echo their input, or only set variables of this line.
            "env" | "xargs" | "exec" | "command" | "builtin" | "nice" | "time" => {
                Peeled::Commands { inner: Vec::new(), transparent: false, assignments, moves: false }
            }
            _ => Peeled::Unknown("a program that runs another, without one"),
        };
    }
    match row.inner {
        Inner::WordsAndInput => {
            // With `-I{}` the input replaces that text; without, it is added at the end.
            let replaced = replaced_text(arguments);
            for word in &mut inner {
                if word.text.contains(replaced) {
                    *word = Word {
                        text: Cow::Owned(word.text.replace(replaced, &hole::TEXT.to_string())),
                        has_holes: true,
                        ..word.clone()
                    };
                }
            }
            inner.push(Word {
                text: Cow::Owned(hole::WORDS.to_string()),
                has_holes: true,
                ..Word::default()
            });
        }
        Inner::Joined => {
            let literal: Option<Vec<&str>> = inner.iter().map(Word::literal).collect();
            let direct = arguments
                .iter()
                .any(|word| word.text == "--exec" || word.text.starts_with('-') && word.text.contains('x'));
            return match literal {
                // `watch -x` runs the words themselves.
                Some(_) if direct => Peeled::Unknown("a program that hands its arguments to a shell"),
                Some(words) if row.name != "parallel" => Peeled::Script(words.join(" ")),
                Some(_) | None => Peeled::Unknown("a program that hands its arguments to a shell"),
            };
        }
        Inner::Words | Inner::Script | Inner::ScriptOrWords => {}
    }
    Peeled::Commands { inner: vec![inner], transparent: row.transparent, assignments, moves }
}
