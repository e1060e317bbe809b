//! Programs in arguments: `python -c`, `awk`, `sed` (SH10, SH11).

use crate::data::exec_options::{Danger, EXEC_OPTIONS, ExecOptions, VALUED};
use crate::data::wrappers::{INTERPRETERS, Interpreter};
use crate::shell::{Word, hole};

/// Something in the arguments that an allow pattern has to name for the command to be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Concern {
    /// The text that the pattern has to name; empty where naming does not help.
    pub(crate) name: String,
    pub(crate) message: &'static str,
}

/// Inline code of an interpreter: the option that introduces it, and the code if it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InlineCode<'w> {
    pub(crate) option: &'w str,
    pub(crate) code: Option<&'w str>,
}

/// `python3.11` is `python`.
fn family(program: &str) -> &str {
    let stem = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if stem.is_empty() { program } else { stem }
}

/// Whether the program is an interpreter of something other than shell.
pub(crate) fn interpreter(program: &str) -> Option<&'static Interpreter> {
    let family = family(program);
    INTERPRETERS.iter().find(|own| own.name == family)
}

/// The inline code of an interpreter's arguments.
pub(crate) fn inline_code<'w>(interpreter: &Interpreter, words: &'w [Word<'_>]) -> Option<InlineCode<'w>> {
    let mut skip = 1;
    for (at, word) in words.iter().enumerate() {
        if at < skip {
            continue;
        }
        let text = word.text.as_ref();
        if interpreter.valued.contains(&text) {
            skip = at + 2;
            continue;
        }
        let next = || words.get(at + 1).and_then(Word::literal);
        for option in interpreter.code {
            if text == *option {
                return Some(InlineCode { option: text, code: next() });
            }
            if let Some((name, value)) = text.split_once('=').filter(|_| option.starts_with("--"))
                && name == *option
            {
                return Some(InlineCode { option: name, code: word.literal().map(|_| value) });
            }
            // `-ec`, `-c'code'`: the letter in a cluster of one-letter options.
            let letter = option.strip_prefix('-').filter(|rest| rest.len() == 1);
            if let (Some(letter), Some(cluster)) =
                (letter, text.strip_prefix('-').filter(|rest| !rest.starts_with('-')))
                && let Some((before, code)) = cluster.split_once(letter)
                && before.len() <= 3
                && before.bytes().all(|byte| byte.is_ascii_alphanumeric())
            {
                let code = if code.is_empty() { next() } else { word.literal().map(|_| code) };
                return Some(InlineCode { option: text, code });
            }
        }
        // Behind its script an interpreter's arguments are the script's own.
        if !text.starts_with('-') {
            return None;
        }
    }
    None
}

/// Everything in the arguments that needs to be named.
pub(crate) fn concerns(program: &str, words: &[Word<'_>]) -> Vec<Concern> {
    let mut found = Vec::new();
    let table_name = match program {
        "gawk" | "mawk" | "nawk" => "awk",
        "gsed" => "sed",
        "gtar" | "bsdtar" => "tar",
        "gmake" => "make",
        "view" | "rvim" | "gvim" | "vimdiff" | "ex" => "vim",
        "ripgrep" => "rg",
        "fdfind" => "fd",
        other => other,
    };
    let first = EXEC_OPTIONS.partition_point(|row| row.program < table_name);
    let rows = EXEC_OPTIONS.get(first..).unwrap_or_default();
    let rows = rows.get(..rows.partition_point(|row| row.program == table_name)).unwrap_or_default();
    if rows.is_empty() {
        return found;
    }
    let subcommand = subcommand(table_name, words, rows);
    let mut only_operands = false;
    let valued =
        VALUED.iter().find(|(own, _)| *own == table_name).map_or(&[] as &[&str], |(_, valued)| *valued);
    for (at, word) in words.iter().enumerate().skip(1) {
        let text = word.text.as_ref();
        if text == "--" {
            only_operands = true;
        }
        let previous = at.checked_sub(1).and_then(|at| words.get(at)).map_or("", |word| word.text.as_ref());
        let is_value = at > 1 && valued.contains(&previous);
        if text.starts_with([hole::TEXT, hole::WORDS]) && !only_operands && !is_value {
            let message =
                "a word that is only known at run time may be an option that runs a program or writes a file";
            found.push(Concern { name: String::new(), message });
            continue;
        }
        if text.starts_with(hole::GLOB) && matches!(table_name, "tar" | "rsync" | "zip") {
            found.push(Concern {
                name: String::new(),
                message: "a file name may be an option that runs a program; write `./*`",
            });
            continue;
        }
        let next = words.get(at + 1).map_or("", |word| word.text.as_ref());
        for row in rows {
            let before = subcommand.is_none_or(|(index, _)| at < index);
            let applies = match row.subcommand {
                "" => before || subcommand.is_none(),
                "*" => true,
                own => subcommand.is_some_and(|(index, name)| {
                    own == name && at > index
                        || own == name && at == index && row.dangers == [Danger::Prefix("")]
                }),
            };
            if !applies {
                continue;
            }
            for danger in row.dangers {
                if !is_value && dangerous(*danger, text, next, only_operands, valued) {
                    let name = match danger {
                        Danger::Long(_) => text.split('=').next().unwrap_or(text).to_owned(),
                        Danger::Prefix("") => subcommand.map_or(String::new(), |(_, name)| name.to_owned()),
                        Danger::Short(_) | Danger::Word(_) | Danger::Prefix(_) | Danger::Contains(_) => {
                            text.to_owned()
                        }
                    };
                    found.push(Concern { name, message: "an option that runs a program or writes a file has to be named by the allow pattern" });
                }
            }
        }
    }
    match table_name {
        "awk" => found.extend(awk(words)),
        "sed" => found.extend(sed(words)),
        _ => {}
    }
    found
}

/// The subcommand and its place, for programs that have rows for subcommands.
fn subcommand<'w>(program: &str, words: &'w [Word<'_>], rows: &[ExecOptions]) -> Option<(usize, &'w str)> {
    if rows.iter().all(|row| row.subcommand.is_empty()) {
        return None;
    }
    super::denies::subcommand_at(program, words).and_then(|at| Some((at, words.get(at)?.text.as_ref())))
}

fn dangerous(danger: Danger, text: &str, next: &str, only_operands: bool, valued: &[&str]) -> bool {
    let is_option = text.starts_with('-') && !only_operands;
    match danger {
        Danger::Long(name) => {
            let Some(given) = text.strip_prefix("--").filter(|_| is_option) else { return false };
            let given = given.split('=').next().unwrap_or(given);
            !given.is_empty() && name.starts_with(given)
        }
        Danger::Short(letter) => {
            is_option
                && !text.starts_with("--")
                && text.get(1..).is_some_and(|cluster| {
                    // Behind a letter that takes a value the cluster is that value.
                    let takes_value = |c: char| {
                        valued.iter().any(|own| own.strip_prefix('-') == Some(c.encode_utf8(&mut [0; 4])))
                    };
                    for c in cluster.chars().take_while(char::is_ascii_alphanumeric) {
                        if c == letter {
                            return true;
                        }
                        if takes_value(c) {
                            return false;
                        }
                    }
                    false
                })
        }
        Danger::Word(word) => text == word,
        Danger::Prefix("") => true,
        Danger::Prefix(prefix) => {
            let lower = text.to_ascii_lowercase();
            text.starts_with(prefix)
                || lower.starts_with(prefix)
                || prefix.starts_with('-')
                    && text.len() >= 2
                    && prefix.starts_with(text)
                    && prefix.get(text.len()..).is_some_and(|rest| next.starts_with(rest))
        }
        Danger::Contains(part) => text.contains(part),
    }
}

fn awk(words: &[Word<'_>]) -> Option<Concern> {
    let mut rest = words.iter().skip(1);
    let mut program_seen = false;
    let mut runs = false;
    while let Some(word) = rest.next() {
        match word.text.as_ref() {
            "-F" | "-v" | "--field-separator" | "--assign" => {
                rest.next();
            }
            value if value.starts_with("-F") || value.starts_with("-v") => {}
            option if option.starts_with('-') && option.len() > 1 && !program_seen => {
                // `-e code` and the like: whatever follows may be code.
                runs |= awk_code_runs(option);
            }
            code if !program_seen => {
                program_seen = true;
                runs |= awk_code_runs(code);
            }
            _ => {}
        }
    }
    runs.then_some(Concern {
        name: String::new(),
        message: "an awk program that runs commands, reads or writes files",
    })
}

/// Whether awk code has a pipe, `system`, `getline`, an include, or a `print` into a file. Texts
/// and patterns in it are passed over.
fn awk_code_runs(code: &str) -> bool {
    if code.contains(hole::is_hole) {
        return true;
    }
    let mut outside = String::new();
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        // A slash divides behind a value and opens a pattern elsewhere.
        let value = outside
            .trim_end()
            .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']' | '$' | '"'));
        if c == '"' || c == '/' && !value {
            outside.push('"');
            if !skip_to(&mut chars, c) {
                return true;
            }
        } else {
            outside.push(c);
        }
    }
    let outside = outside.replace("||", " ");
    ["system", "getline", "@load", "@include", "|"].iter().any(|part| outside.contains(part))
        || outside
            .split([';', '}', '\n'])
            .any(|statement| statement.split_once("print").is_some_and(|(_, rest)| rest.contains('>')))
}

fn sed(words: &[Word<'_>]) -> Option<Concern> {
    let mut is_script = true;
    let mut wants_script = false;
    for word in words.iter().skip(1) {
        let text = word.text.as_ref();
        if wants_script {
            wants_script = false;
            if sed_script_runs(text) {
                return Some(SED);
            }
        } else if text == "-e" || text == "--expression" {
            (wants_script, is_script) = (true, false);
        } else if let Some(script) = text.strip_prefix("--expression=").or_else(|| text.strip_prefix("-e")) {
            is_script = false;
            if sed_script_runs(script) {
                return Some(SED);
            }
        } else if text.starts_with('-') {
            // `-ne script`: the cluster ends with `e`.
            if !text.starts_with("--") && text.ends_with('e') {
                (wants_script, is_script) = (true, false);
            }
        } else if is_script {
            is_script = false;
            if sed_script_runs(text) {
                return Some(SED);
            }
        }
    }
    None
}

const SED: Concern =
    Concern { name: String::new(), message: "a sed script that runs commands, reads or writes files" };

/// Whether a sed script has `e`, `r`, `R`, `w`, `W`, or the flags `e` or `w` on an `s`. A script
/// that this does not follow counts as one that has.
fn sed_script_runs(script: &str) -> bool {
    if script.contains(hole::is_hole) {
        return true;
    }
    let mut rest = script.chars().peekable();
    loop {
        while rest.next_if(|c| c.is_ascii_whitespace() || matches!(c, ';' | '{' | '}' | '!')).is_some() {}
        let Some(c) = rest.next() else { return false };
        match c {
            // Addresses.
            '0'..='9' | '$' | ',' | '~' | '+' => {}
            '/' => {
                if !skip_to(&mut rest, '/') {
                    return true;
                }
                while rest.next_if(|c| matches!(c, 'I' | 'M')).is_some() {}
            }
            '\\' => {
                let Some(delimiter) = rest.next() else { return true };
                if !skip_to(&mut rest, delimiter) {
                    return true;
                }
            }
            's' | 'y' => {
                let Some(delimiter) = rest.next() else { return true };
                if !skip_to(&mut rest, delimiter) || !skip_to(&mut rest, delimiter) {
                    return true;
                }
                while let Some(flag) = rest.next_if(|c| c.is_ascii_alphanumeric()) {
                    if matches!(flag, 'e' | 'w') {
                        return true;
                    }
                }
            }
            // Text to the end of the line.
            'a' | 'i' | 'c' | ':' | 'b' | 't' | 'T' | '#' => {
                let text_ends_at_semicolon = matches!(c, 'b' | 't' | 'T' | ':');
                while rest.next_if(|c| *c != '\n' && !(text_ends_at_semicolon && *c == ';')).is_some() {}
            }
            'd' | 'D' | 'g' | 'G' | 'h' | 'H' | 'l' | 'n' | 'N' | 'p' | 'P' | 'q' | 'Q' | 'x' | 'z' | '='
            | 'F' => {}
            _ => return true,
        }
    }
}

/// Steps behind the next unescaped delimiter that is not in a bracket.
fn skip_to(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, delimiter: char) -> bool {
    while let Some(c) = rest.next() {
        if c == '\\' {
            rest.next();
        } else if c == delimiter {
            return true;
        }
    }
    false
}
