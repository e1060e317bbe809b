//! Programs that run another program given as arguments (SH9), and their options.
//!
//! An option that is not listed makes the grammar unknown, which needs a person.

/// How the inner command is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inner {
    /// As the remaining words.
    Words,
    /// As the remaining words, to which the program adds more from its input.
    WordsAndInput,
    /// As the remaining words, joined and read by a shell.
    Joined,
    /// As the text behind `-c`; without `-c` nothing is known of what runs.
    Script,
    /// As the text behind `-c`, or else as the remaining words.
    ScriptOrWords,
}

/// One program.
#[derive(Debug)]
pub(crate) struct Wrapper {
    pub(crate) name: &'static str,
    /// Short options without a value.
    pub(crate) flags: &'static str,
    /// Short options with a value, attached or as the next word.
    pub(crate) valued: &'static str,
    /// Long options; those with a value end in `=`.
    pub(crate) long: &'static [&'static str],
    /// Words between the options and the command.
    pub(crate) operands: usize,
    /// `NAME=value` words may stand in front of the command.
    pub(crate) assignments: bool,
    /// It does nothing of its own: if the inner command is allowed, so is it (15.6).
    pub(crate) transparent: bool,
    pub(crate) inner: Inner,
}

const PLAIN: Wrapper = Wrapper {
    name: "",
    flags: "",
    valued: "",
    long: &[],
    operands: 0,
    assignments: false,
    transparent: false,
    inner: Inner::Words,
};

/// Sorted by name.
pub(crate) const WRAPPERS: &[Wrapper] = &[
    Wrapper { name: "builtin", ..PLAIN },
    Wrapper { name: "busybox", ..PLAIN },
    Wrapper { name: "bwrap", ..PLAIN },
    Wrapper { name: "cgexec", ..PLAIN },
    Wrapper { name: "chpst", ..PLAIN },
    Wrapper { name: "chroot", long: &["groups=", "skip-chdir", "userspec="], operands: 1, ..PLAIN },
    Wrapper { name: "chrt", flags: "abdfimorRv", valued: "DPT", operands: 1, ..PLAIN },
    Wrapper { name: "command", flags: "p", ..PLAIN },
    Wrapper { name: "doas", flags: "Lns", valued: "Cu", ..PLAIN },
    Wrapper {
        name: "env",
        flags: "0iv",
        valued: "CSu",
        long: &["chdir=", "debug", "ignore-environment", "null", "split-string=", "unset="],
        assignments: true,
        ..PLAIN
    },
    Wrapper { name: "exec", flags: "cl", valued: "a", ..PLAIN },
    Wrapper { name: "fakeroot", ..PLAIN },
    Wrapper { name: "firejail", ..PLAIN },
    Wrapper {
        name: "flock",
        flags: "Fenosux",
        valued: "Ew",
        long: &["close", "exclusive", "nonblock", "shared", "timeout=", "unlock", "verbose", "wait="],
        operands: 1,
        inner: Inner::ScriptOrWords,
        ..PLAIN
    },
    Wrapper { name: "gosu", operands: 1, ..PLAIN },
    Wrapper {
        name: "ionice",
        flags: "t",
        valued: "cn",
        long: &["class=", "classdata=", "ignore"],
        transparent: true,
        ..PLAIN
    },
    Wrapper { name: "ltrace", ..PLAIN },
    Wrapper { name: "nice", valued: "n", long: &["adjustment="], transparent: true, ..PLAIN },
    Wrapper { name: "nohup", transparent: true, ..PLAIN },
    Wrapper { name: "nsenter", flags: "CFTUZaimnpruw", valued: "GSWt", long: &["all", "target="], ..PLAIN },
    Wrapper { name: "numactl", ..PLAIN },
    Wrapper {
        name: "parallel",
        flags: "0kmtvX",
        valued: "jnNP",
        long: &["bar", "halt=", "jobs=", "keep-order"],
        inner: Inner::Joined,
        ..PLAIN
    },
    Wrapper { name: "pkexec", long: &["disable-internal-agent", "keep-cwd", "user="], ..PLAIN },
    Wrapper { name: "prlimit", ..PLAIN },
    Wrapper { name: "proxychains", flags: "q", ..PLAIN },
    Wrapper { name: "proxychains4", flags: "q", ..PLAIN },
    Wrapper { name: "runcon", ..PLAIN },
    Wrapper {
        name: "runuser",
        flags: "flmp",
        valued: "Ggsu",
        long: &["command=", "fast", "group=", "login", "preserve-environment", "shell=", "user="],
        inner: Inner::ScriptOrWords,
        ..PLAIN
    },
    Wrapper {
        name: "script",
        flags: "aefq",
        valued: "EIOTmo",
        long: &["append", "command=", "flush", "quiet", "return"],
        inner: Inner::Script,
        ..PLAIN
    },
    Wrapper { name: "setarch", ..PLAIN },
    Wrapper { name: "setpriv", ..PLAIN },
    Wrapper { name: "setsid", flags: "cfw", long: &["ctty", "fork", "wait"], ..PLAIN },
    Wrapper {
        name: "stdbuf",
        valued: "eio",
        long: &["error=", "input=", "output="],
        transparent: true,
        ..PLAIN
    },
    Wrapper { name: "strace", flags: "CTdfqrtvwxyz", valued: "IPXabesu", ..PLAIN },
    Wrapper {
        name: "su",
        flags: "flmp",
        valued: "Ggsw",
        long: &["command=", "fast", "group=", "login", "preserve-environment", "shell=", "session-command="],
        inner: Inner::Script,
        ..PLAIN
    },
    Wrapper {
        name: "sudo",
        flags: "ABEHKNPSVbiknsv",
        valued: "CDRTghprtu",
        long: &[
            "askpass",
            "background",
            "chdir=",
            "chroot=",
            "close-from=",
            "group=",
            "host=",
            "login",
            "non-interactive",
            "preserve-env",
            "preserve-env=",
            "preserve-groups",
            "prompt=",
            "reset-timestamp",
            "set-home",
            "shell",
            "stdin",
            "user=",
        ],
        assignments: true,
        ..PLAIN
    },
    Wrapper {
        name: "systemd-run",
        flags: "GPSdqrt",
        valued: "EHMpu",
        long: &["collect", "pipe", "property=", "pty", "quiet", "scope", "setenv=", "unit=", "user", "wait"],
        ..PLAIN
    },
    Wrapper { name: "taskset", flags: "ac", long: &["all-tasks", "cpu-list"], operands: 1, ..PLAIN },
    Wrapper {
        name: "time",
        flags: "apqv",
        valued: "f",
        long: &["format=", "portability", "verbose"],
        transparent: true,
        ..PLAIN
    },
    Wrapper {
        name: "timeout",
        flags: "fpv",
        valued: "ks",
        long: &["foreground", "kill-after=", "preserve-status", "signal=", "verbose"],
        operands: 1,
        transparent: true,
        ..PLAIN
    },
    Wrapper { name: "torsocks", ..PLAIN },
    Wrapper { name: "toybox", ..PLAIN },
    Wrapper { name: "unbuffer", ..PLAIN },
    Wrapper {
        name: "unshare",
        flags: "CTUcfimnpru",
        valued: "GRSlw",
        long: &[
            "cgroup",
            "fork",
            "ipc",
            "map-current-user",
            "map-root-user",
            "mount",
            "mount-proc",
            "net",
            "pid",
            "user",
            "uts",
        ],
        ..PLAIN
    },
    Wrapper {
        name: "watch",
        flags: "Cbcdeghptwx",
        valued: "nq",
        long: &["beep", "color", "differences", "errexit", "exec", "interval=", "no-title", "precise"],
        inner: Inner::Joined,
        ..PLAIN
    },
    Wrapper {
        name: "xargs",
        flags: "0oprtx",
        valued: "EILPadns",
        long: &[
            "arg-file=",
            "delimiter=",
            "interactive",
            "max-args=",
            "max-chars=",
            "max-lines=",
            "max-procs=",
            "no-run-if-empty",
            "null",
            "open-tty",
            "replace",
            "replace=",
            "verbose",
        ],
        inner: Inner::WordsAndInput,
        ..PLAIN
    },
];

/// Programs, or some subcommands of them, that run what their arguments name in ways of their own: a deny
/// looks at every tail of their words; what they run needs no allow pattern besides theirs.
pub(crate) const LAUNCHERS: &[(&str, &[&str])] = &[
    ("bundle", &["exec"]),
    ("bunx", &[]),
    ("direnv", &["exec"]),
    ("mise", &["exec", "x"]),
    ("npm", &["exec", "x"]),
    ("npx", &[]),
    ("pdm", &["run"]),
    ("pipenv", &["run"]),
    ("pipx", &["run"]),
    ("pnpm", &["dlx", "exec"]),
    ("poetry", &["run"]),
    ("ssh", &[]),
    ("uv", &["run"]),
    ("uvx", &[]),
    ("yarn", &["dlx", "exec"]),
];

/// Shells: their `-c` takes a script, an operand is a file of one, and without both they read one
/// from their input.
pub(crate) const SHELLS: &[&str] = &["ash", "bash", "dash", "ksh", "mksh", "rbash", "sh", "zsh"];

/// An interpreter of something other than shell.
#[derive(Debug)]
pub(crate) struct Interpreter {
    pub(crate) name: &'static str,
    /// Options whose value is code (SH10).
    pub(crate) code: &'static [&'static str],
    /// Other options that take the next word.
    pub(crate) valued: &'static [&'static str],
}

const fn interpreter(
    name: &'static str,
    code: &'static [&'static str],
    valued: &'static [&'static str],
) -> Interpreter {
    Interpreter { name, code, valued }
}

/// Interpreters, without the version in their names.
pub(crate) const INTERPRETERS: &[Interpreter] = &[
    interpreter("bun", &["-e", "--eval", "-p", "--print"], &["-r", "--preload", "--cwd"]),
    interpreter("deno", &["eval"], &[]),
    interpreter("lua", &["-e"], &["-l"]),
    interpreter(
        "node",
        &["-e", "--eval", "-p", "--print", "-pe"],
        &["-r", "--require", "--import", "-C", "--loader", "--title", "--conditions"],
    ),
    interpreter("nodejs", &["-e", "--eval", "-p", "--print", "-pe"], &["-r", "--require"]),
    interpreter("osascript", &["-e"], &["-l"]),
    interpreter("perl", &["-e", "-E"], &["-I"]),
    interpreter("php", &["-r", "-B", "-E", "-R"], &["-d", "-c"]),
    interpreter("python", &["-c"], &["-W", "-X", "--check-hash-based-pycs"]),
    interpreter("ruby", &["-e"], &["-I", "-r", "-C", "-E", "-K", "--encoding"]),
];
