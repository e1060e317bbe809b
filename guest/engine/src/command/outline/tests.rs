//! What the tree of a command line is, drawn: two blanks for each level.

use super::{CommandNode, outline};
use crate::limits::{OUTLINE_BYTES_MAX, OUTLINE_NODES_MAX};

/// `relation text`, what stands literally in the line as `[text]`, and the note.
fn draw(line: &str, node: &CommandNode) -> String {
    let literal = &line[node.start..node.end];
    let place = if literal.is_empty() { String::new() } else { format!(" [{literal}]") };
    let program = node.program.as_ref().map_or(String::new(), |own| format!(" ({own})"));
    let note = node.note.as_ref().map_or(String::new(), |own| format!(" # {own}"));
    let indent = "  ".repeat(node.depth);
    format!("{indent}{} {}{place}{program}{note}", node.relation.as_str(), node.text)
}

#[track_caller]
fn check(line: &str, expected: &[&str]) {
    let nodes = outline(line).expect("the line can be read");
    let drawn: Vec<_> = nodes.iter().map(|node| draw(line, node)).collect();
    assert_eq!(drawn, expected, "{line}");
}

#[test]
fn lists_are_commands_side_by_side() {
    check(
        "git log && npm test; (cd /tmp; ls) || { pwd; }",
        &[
            "command git log [git log] (git)",
            "command npm test [npm test] (npm)",
            "command cd /tmp [cd /tmp] (cd)",
            "command ls [ls] (ls)",
            "command pwd [pwd] (pwd)",
        ],
    );
    check("if a; then b; else c; fi", &["command a [a] (a)", "command b [b] (b)", "command c [c] (c)"]);
    check("for x in 1 2; do rm $x; done", &["command rm … [rm $x] (rm)"]);
}

#[test]
fn pipelines_have_their_stages() {
    check(
        "a | b -c |& d; e",
        &[
            "pipeline a | b -c |& d [a | b -c |& d]",
            "  command a [a] (a)",
            "  command b -c [b -c] (b)",
            "  command d [d] (d)",
            "command e [e] (e)",
        ],
    );
}

#[test]
fn wrappers_have_what_they_run() {
    check(
        "sudo -u bob env A=1 nice -n 5 rm -rf /",
        &[
            "command sudo -u bob env A=1 nice -n 5 rm -rf / [sudo -u bob env A=1 nice -n 5 rm -rf /] (sudo)",
            "  runs env A=1 nice -n 5 rm -rf / [env A=1 nice -n 5 rm -rf /] (env)",
            "    runs nice -n 5 rm -rf / [nice -n 5 rm -rf /] (nice)",
            "      runs rm -rf / [rm -rf /] (rm)",
        ],
    );
    check(
        "ls | xargs rm",
        &[
            "pipeline ls | xargs rm [ls | xargs rm]",
            "  command ls [ls] (ls)",
            "  command xargs rm [xargs rm] (xargs)",
            "    runs rm … [rm] (rm)",
        ],
    );
    check(
        r"find . -name '*.o' -exec rm {} \; -exec chmod 0 {} +",
        &[
            r"command find . -name *.o -exec rm {} ';' -exec chmod 0 {} + [find . -name '*.o' -exec rm {} \; -exec chmod 0 {} +] (find)",
            "  runs rm … [rm {}] (rm)",
            "  runs chmod 0 … [chmod 0 {}] (chmod)",
        ],
    );
}

#[test]
fn scripts_are_read_where_they_stand() {
    check(
        "sudo bash -c 'git log; rm x | tee y'",
        &[
            "command sudo bash -c 'git log; rm x | tee y' [sudo bash -c 'git log; rm x | tee y'] (sudo)",
            "  runs bash -c 'git log; rm x | tee y' [bash -c 'git log; rm x | tee y'] (bash)",
            "    runs git log; rm x | tee y [git log; rm x | tee y]",
            "      command git log [git log] (git)",
            "      pipeline rm x | tee y [rm x | tee y]",
            "        command rm x [rm x] (rm)",
            "        command tee y [tee y] (tee)",
        ],
    );
    // Scripts in scripts, as long as each stands there as it is.
    check(
        r#"bash -c "sh -c 'rm x'""#,
        &[
            r#"command bash -c 'sh -c '\''rm x'\''' [bash -c "sh -c 'rm x'"] (bash)"#,
            "  runs sh -c 'rm x' [sh -c 'rm x']",
            "    command sh -c 'rm x' [sh -c 'rm x'] (sh)",
            "      runs rm x [rm x]",
            "        command rm x [rm x] (rm)",
        ],
    );
    // One that has escapes in it stands nowhere.
    check(
        r#"bash -c "rm \"a\"""#,
        &[
            r#"command bash -c 'rm "a"' [bash -c "rm \"a\""] (bash)"#,
            r#"  runs rm "a""#,
            "    command rm a (rm)",
        ],
    );
    check("eval rm x", &["command eval rm x [eval rm x] (eval)", "  runs rm x", "    command rm x (rm)"]);
}

#[test]
fn substitutions_belong_to_the_command_around_them() {
    check(
        "echo $(a | b) \"$(c $(d))\" `e`; f",
        &[
            "command echo … … … [echo $(a | b) \"$(c $(d))\" `e`] (echo)",
            "  substitution a | b [a | b]",
            "    command a [a] (a)",
            "    command b [b] (b)",
            "  substitution c … [c $(d)] (c)",
            "    substitution d [d] (d)",
            "  substitution e (e)",
            "command f [f] (f)",
        ],
    );
    check(
        "diff <(sort a) <(sort b)",
        &[
            "command diff … … [diff <(sort a) <(sort b)] (diff)",
            "  substitution sort a [sort a] (sort)",
            "  substitution sort b [sort b] (sort)",
        ],
    );
    check("X=$(id) Y=1", &["command X=… Y=… [X=$(id) Y=1] # sets variables", "  substitution id [id] (id)"]);
    check(
        "`sudo rm x`",
        &[
            "command … [`sudo rm x`] # its program is only known at run time",
            "  substitution sudo rm x (sudo)",
            "    runs rm x (rm)",
        ],
    );
}

#[test]
fn here_documents() {
    check(
        "cat <<E > f\nhello $(rm x)\nE\nls",
        &[
            "command cat << > f [cat <<E > f] (cat)",
            "substitution rm x [rm x] (rm) # stands in a here-document",
            "command ls [ls] (ls)",
        ],
    );
    check("cat <<'E'\n$(rm x)\nE\n", &["command cat << [cat <<'E'] (cat)"]);
    check(
        "bash <<E\nrm x\nE\n",
        &["command bash << [bash <<E] (bash) # runs a shell that reads commands from its input"],
    );
}

#[test]
fn what_cannot_be_followed_says_so() {
    check("$x y", &["command … y [$x y] # its program is only known at run time"]);
    check(
        "a | bash",
        &[
            "pipeline a | bash [a | bash]",
            "  command a [a] (a)",
            "  command bash [bash] (bash) # runs a shell that reads commands from its input",
        ],
    );
    check(
        "sudo --frobnicate rm x",
        &[
            "command sudo --frobnicate rm x [sudo --frobnicate rm x] (sudo) # uses an unknown option of a program that runs another",
        ],
    );
    check(
        "bash -c 'a ('",
        &[
            "command bash -c 'a (' [bash -c 'a ('] (bash)",
            "  runs a ( [a (] # cannot be read: unexpected `(`",
        ],
    );
    check(
        "python3 -c 'print(1)'",
        &[
            "command python3 -c 'print(1)' [python3 -c 'print(1)'] (python3) # runs code of another language that is given to it",
        ],
    );
    check("echo a\u{202e}b", &["command echo a\\u{202e}b [echo a\u{202e}b] (echo)"]);
    for unreadable in ["a (", "echo 'x", "a; )", "\u{1}"] {
        assert_eq!(outline(unreadable), None, "{unreadable}");
    }
}

#[test]
fn the_outline_is_bounded() {
    let check = |line: &str| {
        let nodes = outline(line).expect("the line can be read");
        let bytes: usize = nodes.iter().map(|node| node.text.len()).sum();
        assert!(nodes.len() <= OUTLINE_NODES_MAX && bytes <= OUTLINE_BYTES_MAX, "{} {bytes}", nodes.len());
        nodes
    };
    check(&format!("{}{}", "sudo ".repeat(60), "x".repeat(60_000)));
    check(&vec!["sudo env nice rm x"; 999].join(";"));
    let many = check(&format!("{} {}", "sudo ".repeat(50), "y ".repeat(30_000)));
    assert!(many.iter().any(|node| node.note.as_deref() == Some("there is more in it than is shown")));
    check(&format!("{}a{}", "echo $(".repeat(60), ")".repeat(60)));
    check(&vec!["a"; 999].join("|"));
}
