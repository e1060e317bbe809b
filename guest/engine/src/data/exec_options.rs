//! Options that make a harmless program run another one or write a file (SEMANTICS 2.4).

/// How an option is recognised among the decoded words behind the program's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Danger {
    /// `--name`, `--name=…`, and every abbreviation of it.
    Long(&'static str),
    /// This letter, alone or in a cluster.
    Short(char),
    /// Exactly this word.
    Word(&'static str),
    /// A word that starts with this text.
    Prefix(&'static str),
    /// A word that holds this text.
    Contains(&'static str),
}

use Danger::{Contains, Long, Prefix, Short, Word};

/// One program, or one subcommand of it, and its dangerous options.
#[derive(Debug)]
pub(crate) struct ExecOptions {
    pub(crate) program: &'static str,
    /// The subcommand that they belong to; empty for options in front of any subcommand, or of a
    /// program without subcommands.
    pub(crate) subcommand: &'static str,
    pub(crate) dangers: &'static [Danger],
}

const fn row(program: &'static str, subcommand: &'static str, dangers: &'static [Danger]) -> ExecOptions {
    ExecOptions { program, subcommand, dangers }
}

/// All of them, sorted by program; several rows may speak of one.
pub(crate) const EXEC_OPTIONS: &[ExecOptions] = &[
    row(
        "awk",
        "",
        &[
            Short('f'),
            Short('i'),
            Short('l'),
            Short('E'),
            Long("file"),
            Long("include"),
            Long("load"),
            Long("exec"),
        ],
    ),
    row("cargo", "*", &[Long("config"), Long("index"), Long("registry")]),
    row(
        "curl",
        "",
        &[
            Short('o'),
            Short('O'),
            Short('K'),
            Long("config"),
            Long("output"),
            Long("remote-name"),
            Long("remote-name-all"),
            Long("output-dir"),
        ],
    ),
    row(
        "docker",
        "run",
        &[Prefix("-v/"), Long("privileged"), Long("pid"), Long("device"), Contains("docker.sock")],
    ),
    row("docker", "exec", &[Prefix("")]),
    row("ed", "", &[Prefix("!")]),
    row("env", "", &[Short('S'), Long("split-string")]),
    row("fd", "", &[Short('x'), Short('X'), Long("exec"), Long("exec-batch")]),
    row(
        "find",
        "",
        &[
            Word("-delete"),
            Word("-exec"),
            Word("-execdir"),
            Word("-ok"),
            Word("-okdir"),
            Word("-fls"),
            Word("-fprint"),
            Word("-fprint0"),
            Word("-fprintf"),
        ],
    ),
    row(
        "gdb",
        "",
        &[Prefix("-ex"), Prefix("--ex"), Prefix("-ix"), Short('x'), Prefix("-command"), Long("eval-command")],
    ),
    row("git", "", &[Short('c'), Short('p'), Long("config-env"), Long("exec-path"), Long("paginate")]),
    row(
        "git",
        "*",
        &[
            Long("upload-pack"),
            Long("receive-pack"),
            Long("exec"),
            Long("output"),
            Long("ext-diff"),
            Long("textconv"),
            Contains("ext::"),
        ],
    ),
    row("git", "grep", &[Short('O'), Long("open-files-in-pager")]),
    row("git", "rebase", &[Short('x')]),
    row("git", "bisect", &[Word("run")]),
    row("git", "submodule", &[Word("foreach")]),
    row("git", "filter-branch", &[Prefix("")]),
    row("git", "difftool", &[Short('x'), Long("extcmd")]),
    row("git", "mergetool", &[Prefix("")]),
    row("git", "clone", &[Short('u'), Short('c'), Long("config"), Long("template")]),
    row("git", "fetch", &[Short('u')]),
    row("git", "ls-remote", &[Short('u')]),
    row("git", "init", &[Long("template")]),
    row("git", "archive", &[Short('o')]),
    row("git", "format-patch", &[Short('o')]),
    row(
        "git",
        "config",
        &[
            Prefix("alias."),
            Prefix("core."),
            Prefix("credential."),
            Prefix("diff."),
            Prefix("difftool."),
            Prefix("filter."),
            Prefix("gpg."),
            Prefix("include"),
            Prefix("merge."),
            Prefix("mergetool."),
            Prefix("pager."),
            Prefix("protocol."),
            Prefix("sequence."),
            Prefix("ssh."),
            Prefix("url."),
            Short('e'),
            Long("edit"),
            Word("edit"),
        ],
    ),
    row("kubectl", "exec", &[Prefix("")]),
    row("kubectl", "cp", &[Prefix("")]),
    row("less", "", &[Prefix("+"), Short('o'), Short('O'), Short('k')]),
    row(
        "make",
        "",
        &[Long("eval"), Prefix("SHELL="), Prefix(".SHELLFLAGS="), Short('f'), Long("file"), Long("makefile")],
    ),
    row("man", "", &[Short('P'), Short('H'), Long("pager"), Long("html")]),
    row("more", "", &[Prefix("+")]),
    row("npm", "exec", &[Short('c'), Long("call")]),
    row("npm", "x", &[Short('c'), Long("call")]),
    row("npm", "*", &[Long("script-shell"), Long("node-options")]),
    row("npx", "", &[Short('c'), Long("call")]),
    row("nvim", "", &[Prefix("+"), Short('c'), Short('S'), Short('s'), Short('l'), Long("cmd")]),
    row("pip", "*", &[Short('i'), Long("index-url"), Long("extra-index-url")]),
    row("pip3", "*", &[Short('i'), Long("index-url"), Long("extra-index-url")]),
    row("pnpm", "exec", &[Short('c'), Long("shell-mode")]),
    row("pnpm", "*", &[Long("script-shell")]),
    row(
        "podman",
        "run",
        &[Prefix("-v/"), Long("privileged"), Long("pid"), Long("device"), Contains("docker.sock")],
    ),
    row("podman", "exec", &[Prefix("")]),
    row("rg", "", &[Long("pre"), Long("hostname-bin")]),
    row("rsync", "", &[Short('e'), Long("rsh"), Long("rsync-path")]),
    row("scp", "", &[Short('o'), Short('F'), Short('S')]),
    row("sed", "", &[Short('f'), Long("file")]),
    row("sftp", "", &[Short('o'), Short('F'), Short('S'), Short('D')]),
    row("sort", "", &[Short('o'), Long("compress-program"), Long("output")]),
    row("ssh", "", &[Short('o'), Short('F'), Short('S')]),
    row(
        "tar",
        "",
        &[
            Long("checkpoint-action"),
            Long("use-compress-program"),
            Long("to-command"),
            Long("rsh-command"),
            Long("info-script"),
            Long("new-volume-script"),
            Short('I'),
            Short('F'),
        ],
    ),
    row("tcpdump", "", &[Short('z')]),
    row("vi", "", &[Prefix("+"), Short('c'), Short('S'), Short('s'), Long("cmd")]),
    row("vim", "", &[Prefix("+"), Short('c'), Short('S'), Short('s'), Long("cmd")]),
    row(
        "wget",
        "",
        &[
            Short('O'),
            Long("output-document"),
            Long("use-askpass"),
            Long("config"),
            Short('e'),
            Long("execute"),
        ],
    ),
    row("yarn", "*", &[Long("script-shell")]),
    row("zip", "", &[Prefix("-T"), Long("unzip-command")]),
];

/// Options whose next word is a value, so that a word which only bash knows cannot be an option.
pub(crate) const VALUED: &[(&str, &[&str])] = &[
    (
        "git",
        &[
            "-m",
            "--message",
            "-b",
            "-B",
            "--author",
            "--date",
            "-n",
            "--format",
            "--pretty",
            "--since",
            "--until",
            "--grep",
            "-C",
            "-F",
        ],
    ),
    ("curl", &["-H", "--header", "-d", "--data", "-X", "-u", "--url"]),
    ("rg", &["-e", "-g", "-t"]),
    ("sort", &["-k", "-t"]),
    ("cargo", &["-p", "--package", "--test", "--bin", "--example", "--features"]),
    ("npm", &["--prefix"]),
    ("find", &["-name", "-iname", "-path", "-type", "-maxdepth", "-mindepth", "-newer"]),
    ("docker", &["-t", "--tag", "-f", "--file", "--name"]),
    ("kubectl", &["-f", "-n", "--namespace", "-l"]),
];
