//! Command lines made up from bash's grammar, and then damaged a little: the ones that people
//! write, and the ones that only a lexer can get wrong.

/// A small generator of pseudo-random numbers (xorshift), so that a seed is a case.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same lines.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }

    fn pick<'t>(&mut self, table: &[&'t str]) -> &'t str {
        table[self.roll(table.len())]
    }
}

const PROGRAMS: &[&str] = &[
    "p1",
    "p2",
    "p3",
    "p4",
    "p5",
    "p6",
    "'p1'",
    "\"p2\"",
    "p\\3",
    "$'p4'",
    "$'\\x705'",
    "p''6",
    "p\\\n1",
    "\"p\"4",
    "$'\\160\\061'",
];
const UNCERTAIN_PROGRAMS: &[&str] = &["$x", "${y:-p2}", "{p3,a}", "p[1]", "~", "*"];
const WORDS: &[&str] = &[
    "a",
    "'b c'",
    "\"d e\"",
    "-x",
    "--",
    "'a;b'",
    "\"a&&b\"",
    "a\\;b",
    "'#'",
    "#c",
    "a#b",
    "\"\\\"\"",
    "'\"'",
    "\"'\"",
    "\\'",
    "\\\\",
    "$x",
    "\"$x\"",
    "${x}",
    "${x:-p2}",
    "*",
    "?",
    "[a]",
    "{a,b}",
    "~",
    "=",
    "x=1",
    "$'a\\'b'",
    "$\"a\"",
    "\"a\\\nb\"",
    "a\\\nb",
    "$",
    "\"$\"",
    "!",
    "{",
    "}",
    "if",
    "done",
    "]]",
    "%",
    "@",
    "a=b=c",
    "''",
    "\"`p3`\"",
    "$((1+2))",
    "p4",
    "\"${x:-a}\"",
];

/// One command line.
pub fn line(dice: &mut Dice) -> String {
    let mut text = String::new();
    list(dice, &mut text, 3);
    for _ in 0..[0, 0, 0, 0, 1, 2][dice.roll(6)] {
        damage(dice, &mut text);
    }
    text
}

fn list(dice: &mut Dice, out: &mut String, depth: usize) {
    for index in 0..=dice.roll(3) {
        if index > 0 {
            out.push_str(
                dice.pick(&[
                    "; ", ";", " && ", "&&", " || ", "\n", " & ", " | ", "|", " |& ", "\n\n", " &&\n",
                ]),
            );
        }
        command(dice, out, depth);
    }
}

fn nested(dice: &mut Dice, out: &mut String, open: &str, depth: usize, close: &str) {
    out.push_str(open);
    list(dice, out, depth - 1);
    out.push_str(close);
}

fn command(dice: &mut Dice, out: &mut String, depth: usize) {
    if depth == 0 {
        return simple(dice, out, 0);
    }
    match dice.roll(24) {
        0 => nested(dice, out, "( ", depth, " )"),
        1 => nested(dice, out, "{ ", depth, "; }"),
        2 => {
            nested(dice, out, "if ", depth, "; then ");
            nested(dice, out, "", depth, "; fi");
        }
        3 => nested(dice, out, "for v in a b; do ", depth, "; done"),
        4 => nested(dice, out, "while false; do ", depth, "; done"),
        5 => nested(dice, out, "case a in a) ", depth, ";; *) p6;; esac"),
        6 => nested(dice, out, "f() { ", depth, "; }; f"),
        7 => nested(dice, out, "! ", depth, ""),
        8 => nested(dice, out, "time ", depth, ""),
        9 => {
            out.push_str("[[ -n ");
            word(dice, out, depth - 1);
            out.push_str(" ]] && p1");
        }
        10 => nested(dice, out, "until ", depth, "; do break; done"),
        11 => wrapped(dice, out, depth),
        _ => simple(dice, out, depth),
    }
    if dice.roll(8) == 0 {
        redirect(dice, out, depth);
    }
    if dice.roll(14) == 0 {
        heredoc(dice, out, depth);
    }
}

fn wrapped(dice: &mut Dice, out: &mut String, depth: usize) {
    let mut inside = String::new();
    list(dice, &mut inside, depth - 1);
    match dice.roll(6) {
        0 => out.push_str(&format!("bash -c '{}'", inside.replace('\'', "'\\''"))),
        1 => out.push_str(&format!("sh -c \"{}\"", inside.replace(['"', '$', '`', '\\'], ""))),
        2 => out.push_str(&format!("eval '{}'", inside.replace('\'', "'\\''"))),
        3 => {
            out.push_str(dice.pick(&[
                "env ",
                "env -i A=b ",
                "nice ",
                "nice -n 5 ",
                "nohup ",
                "timeout 2 ",
                "timeout -k 1 2 ",
                "command ",
                "exec ",
            ]));
            simple(dice, out, depth - 1);
        }
        4 => {
            out.push_str("echo a | xargs ");
            simple(dice, out, 0);
        }
        _ => {
            out.push_str("x=1 ");
            simple(dice, out, depth - 1);
        }
    }
}

fn simple(dice: &mut Dice, out: &mut String, depth: usize) {
    if dice.roll(12) == 0 {
        out.push_str(dice.pick(&["x=p3 ", "x=$(p4) ", "x=(a `p5`) ", "x+=a "]));
    }
    let programs = if dice.roll(40) == 0 { UNCERTAIN_PROGRAMS } else { PROGRAMS };
    out.push_str(dice.pick(programs));
    for _ in 0..dice.roll(3) {
        out.push_str(dice.pick(&[" ", "  ", "\t", " \\\n"]));
        word(dice, out, depth);
    }
    if dice.roll(10) == 0 {
        redirect(dice, out, depth);
    }
    if dice.roll(20) == 0 {
        out.push_str(" # p5 `p6` $(p4)");
    }
}

fn word(dice: &mut Dice, out: &mut String, depth: usize) {
    if depth == 0 {
        return out.push_str(dice.pick(WORDS));
    }
    match dice.roll(16) {
        0 => nested(dice, out, "$(", depth, ")"),
        1 => nested(dice, out, "\"$(", depth, ")\""),
        2 => {
            let mut inside = String::new();
            simple(dice, &mut inside, 0);
            out.push_str(&format!("`{}`", inside.replace('`', "\\`")));
        }
        3 => nested(dice, out, "<(", depth, ")"),
        4 => nested(dice, out, "${u:-$(", depth, ")}"),
        5 => nested(dice, out, "\"${u:-$(", depth, ")}\""),
        6 => nested(dice, out, "$((1 + $(", depth, "; echo 1)))"),
        7 => {
            out.push_str(dice.pick(WORDS));
            word(dice, out, depth - 1);
        }
        _ => out.push_str(dice.pick(WORDS)),
    }
}

fn redirect(dice: &mut Dice, out: &mut String, depth: usize) {
    out.push_str(
        dice.pick(&[" > ", " >", " >> ", " 2>&1 ", " < ", " >| ", " &> ", " <<< ", " 2> ", " >& ", " <> "]),
    );
    if !out.ends_with("2>&1 ") {
        match dice.roll(4) {
            0 => word(dice, out, depth),
            1 => out.push_str("\"out$(p5)\""),
            _ => out.push_str("out"),
        }
    }
}

fn heredoc(dice: &mut Dice, out: &mut String, depth: usize) {
    let (open, close) = [
        ("<<E", "E"),
        ("<<'E'", "E"),
        ("<<-E", "\tE"),
        ("<<\"E\"", "E"),
        ("<<\\E", "E"),
        ("<< E", "E"),
        ("<<E\\F", "EF"),
    ][dice.roll(7)];
    out.push_str(&format!(" {open}"));
    if dice.roll(4) == 0 {
        out.push_str(dice.pick(&[" | p2", " && p3", " ; p4", " > out"]));
    }
    out.push('\n');
    for _ in 0..dice.roll(3) {
        match dice.roll(6) {
            0 => nested(dice, out, "$(", depth, ")"),
            1 => out.push_str("`p6`"),
            2 => out.push_str("\\$(p1) '\""),
            3 => out.push_str("E \\"),
            4 => out.push_str("a \\\\"),
            _ => out.push_str("text; p2"),
        }
        out.push('\n');
    }
    out.push_str(close);
    out.push('\n');
}

fn damage(dice: &mut Dice, text: &mut String) {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    if places.is_empty() {
        return;
    }
    let at = places[dice.roll(places.len())];
    match dice.roll(4) {
        0 => {
            text.remove(at);
        }
        1 => text.insert_str(
            at,
            dice.pick(&[
                "'", "\"", "`", "\\", "$", "(", ")", "{", "}", ";", "&", "|", "<", ">", "\n", "#", " ",
            ]),
        ),
        2 => text.insert_str(
            at,
            dice.pick(&[
                "\\\n", "$(", "${", "<<E\n", "$'", "$((", "))", "&&", "((", ";;", "\"\"", "''", "p5", "\r",
                "\\\r\n",
            ]),
        ),
        _ => text.truncate(at),
    }
}
