//! Programs in arguments: `python -c`, `awk`, `sed` (SH10, SH11).

use crate::data::exec_options::{Danger, EXEC_OPTIONS, ExecOptions, VALUED};
use crate::data::wrappers::{INTERPRETERS, Interpreter};
use crate::shell::{Word, hole};

/// Something in the arguments that an allow pattern has to name for the command to be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Concern {
    /// The text that the pattern has to name; empty where naming does not help.
    pub(crate) name: String,
    /// The same for people, without what may be secret.
    pub(crate) shown: &'static str,
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
                && before.bytes().all(|byte| byte.is_ascii_alphanumeric())
            {
                let code = if code.is_empty() { next() } else { word.literal().map(|_| code) };
                return Some(InlineCode { option: text, code });
            }
        }
        // A module list that holds more than names is code too.
        if text.starts_with("-M") && text.contains([';', '(', ' ']) {
            return Some(InlineCode { option: "-M", code: word.literal() });
        }
        // Behind its script an interpreter's arguments are the script's own; but what follows an
        // unknown long option may be its value.
        let before = words.get(at.saturating_sub(1)).map_or("", |word| word.text.as_ref());
        let may_be_value = before.starts_with("--") && !before.contains('=');
        if !text.starts_with('-') && !may_be_value {
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
    let own_name = subcommand.map_or("", |(_, name)| name);
    let valued = VALUED
        .iter()
        .find(|(program, sub, _)| *program == table_name && (sub.is_empty() || *sub == own_name))
        .map_or(&[] as &[&str], |(_, _, valued)| *valued);
    let mut only_operands = false;
    let mut is_value = false;
    for (at, word) in words.iter().enumerate().skip(1) {
        // A value is nothing else, so it introduces no value either.
        if std::mem::take(&mut is_value) {
            continue;
        }
        // The first word of `tar cf x` is a cluster without its dash.
        let old_style = at == 1 && table_name == "tar" && !word.text.starts_with('-');
        let dashed = old_style.then(|| format!("-{}", word.text));
        let text = dashed.as_deref().unwrap_or(&word.text);
        if text == "--" {
            only_operands = true;
        }
        is_value = valued.contains(&text) && !only_operands;
        if !only_operands && may_be_option(text) {
            found.push(UNCERTAIN);
            continue;
        }
        if text.starts_with(hole::GLOB) && matches!(table_name, "tar" | "rsync" | "zip") {
            found.push(unnamed("a file name may be an option that runs a program; write `./*`"));
            continue;
        }
        let next = words.get(at + 1).map_or("", |word| word.text.as_ref());
        if matches!(table_name, "curl" | "wget") && is_harmless_output(text, next) {
            continue;
        }
        for row in rows {
            let before = subcommand.is_none_or(|(index, _)| at < index);
            let applies = match row.subcommand {
                "" => before || subcommand.is_none(),
                "*" => true,
                own => subcommand.is_some_and(|(index, name)| {
                    own == name && (at > index || at == index && row.dangers == [Danger::Prefix("")])
                }),
            };
            if !applies {
                continue;
            }
            for danger in row.dangers {
                if dangerous(*danger, text, next, only_operands, valued) {
                    let name = match danger {
                        Danger::Long(_) => text.split('=').next().unwrap_or(text).to_owned(),
                        Danger::Prefix("") => own_name.to_owned(),
                        Danger::Short(_) | Danger::Word(_) | Danger::Prefix(_) | Danger::Contains(_) => {
                            text.to_owned()
                        }
                    };
                    let shown = match danger {
                        Danger::Long(name)
                        | Danger::Word(name)
                        | Danger::Prefix(name)
                        | Danger::Contains(name) => name,
                        Danger::Short(_) => "",
                    };
                    let message =
                        "an option that runs a program or writes a file has to be named by the allow pattern";
                    found.push(Concern { name, shown, message });
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

const UNCERTAIN: Concern =
    unnamed("a word that is only known at run time may be an option that runs a program or writes a file");

/// A concern that no pattern can name away.
const fn unnamed(message: &'static str) -> Concern {
    Concern { name: String::new(), shown: "", message }
}

/// Whether a word with holes may turn out to be an option that its text does not show. Behind the
/// `=` of a long option there is only its value.
fn may_be_option(text: &str) -> bool {
    let Some(at) = text.find(hole::is_hole) else { return false };
    let before = text.get(..at).unwrap_or_default();
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        Some(hole::GLOB | hole::ONE) => before.starts_with('-') && !before.contains('='),
        _ => {
            before.is_empty()
                || before.starts_with('-') && !(before.starts_with("--") && before.contains('='))
        }
    }
}

/// `-o /dev/null`, `-so -`: what is written there is gone, or is read by whoever reads the output.
fn is_harmless_output(text: &str, next: &str) -> bool {
    let harmless = |value: &str| matches!(value, "/dev/null" | "-");
    let cluster = text.starts_with('-') && !text.starts_with("--");
    cluster && text.ends_with(['o', 'O']) && !text.contains('K') && harmless(next)
        || text == "--output" && harmless(next)
        || text.strip_prefix("--output=").is_some_and(harmless)
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
            // A real option of its own is no abbreviation.
            !given.is_empty() && name.starts_with(given) && given != "text"
        }
        Danger::Short(letter) => {
            is_option
                && !text.starts_with("--")
                && text.get(1..).is_some_and(|cluster| {
                    // Behind a letter that takes a value the cluster is that value.
                    let takes_value = |c: char| {
                        valued.iter().any(|own| own.strip_prefix('-') == Some(c.encode_utf8(&mut [0; 4])))
                    };
                    for c in cluster.chars() {
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
    let mut runs = false;
    while let Some(word) = rest.next() {
        match word.text.as_ref() {
            "-F" | "-v" => {
                rest.next();
            }
            "--" => {}
            value if value.starts_with("-F") || value.starts_with("-v") => {}
            // Others bring code or files along.
            option if option.starts_with('-') => runs = true,
            code => {
                runs |= awk_code_runs(code);
                break;
            }
        }
    }
    runs.then_some(unnamed("an awk program that runs commands, reads or writes files"))
}

/// Whether awk code has a pipe, `system`, `getline`, an include, or a `print` into a file. Texts
/// and patterns in it are passed over.
fn awk_code_runs(code: &str) -> bool {
    if code.contains(hole::is_hole) {
        return true;
    }
    let mut outside = String::new();
    // What stood last, blanks apart: a slash divides behind a value and opens a pattern elsewhere.
    let mut last = ' ';
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        let behind_value = last.is_alphanumeric() || matches!(last, '_' | ')' | ']' | '$' | '"');
        match c {
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            '"' => {
                if !skip_to(&mut chars, '"') {
                    return true;
                }
                outside.push('"');
            }
            '/' if !behind_value => {
                let mut pattern = chars.clone();
                // Inside brackets a slash ends the pattern for some awks and not for others.
                if !skip_to(&mut chars, '/') || pattern.by_ref().take_while(|c| *c != '/').any(|c| c == '[') {
                    return true;
                }
                outside.push('"');
            }
            c => outside.push(c),
        }
        if !c.is_whitespace() {
            last = if c == '/' && !behind_value { '"' } else { c };
        }
    }
    let outside = outside.replace("||", " ");
    ["system", "getline", "@", "|"].iter().any(|part| outside.contains(part))
        || outside.split([';', '}', '\n']).any(prints_into_file)
}

/// Whether a `print` of this statement has a `>` outside parentheses.
fn prints_into_file(statement: &str) -> bool {
    let Some((_, rest)) = statement.split_once("print") else { return false };
    let mut open = 0_usize;
    rest.chars().any(|c| {
        match c {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
        c == '>' && open == 0
    })
}

fn sed(words: &[Word<'_>]) -> Option<Concern> {
    const PLAIN: &[&str] = &[
        "in-place",
        "line-length",
        "null-data",
        "posix",
        "quiet",
        "regexp-extended",
        "sandbox",
        "separate",
        "silent",
        "unbuffered",
        "zero-terminated",
    ];
    let mut scripts: Vec<&str> = Vec::new();
    let mut first_operand = None;
    let mut rest = words.iter().skip(1).map(|word| word.text.as_ref());
    while let Some(text) = rest.next() {
        if let Some(long) = text.strip_prefix("--") {
            let (name, value) =
                long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            if !name.is_empty() && "expression".starts_with(name) {
                scripts.push(value.or_else(|| rest.next())?);
            } else if !name.is_empty() && !PLAIN.iter().any(|plain| plain.starts_with(name)) {
                return Some(SED);
            }
        } else if let Some(cluster) = text.strip_prefix('-').filter(|cluster| !cluster.is_empty()) {
            for (at, letter) in cluster.char_indices() {
                let attached = cluster.get(at + letter.len_utf8()..).filter(|value| !value.is_empty());
                match letter {
                    'n' | 'r' | 'E' | 's' | 'u' | 'z' => continue,
                    'i' => {}
                    'l' => drop(attached.or_else(|| rest.next())),
                    'e' => scripts.push(attached.or_else(|| rest.next())?),
                    _ => return Some(SED),
                }
                break;
            }
        } else {
            first_operand = first_operand.or(Some(text));
        }
    }
    if scripts.is_empty() {
        scripts.extend(first_operand);
    }
    scripts.iter().any(|script| sed_script_runs(script)).then_some(SED)
}

const SED: Concern = unnamed("a sed script that runs commands, reads or writes files");

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
