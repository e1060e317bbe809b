//! What a call costs in risk points: the built-in table, which a policy may override.

/// Reading one file or listing a directory.
pub(crate) const READ: u64 = 1;
/// Searching many files.
pub(crate) const SEARCH: u64 = 2;
/// Changing a file.
pub(crate) const EDIT: u64 = 3;
/// Writing or moving a whole file.
pub(crate) const WRITE: u64 = 5;
/// A named tool.
pub(crate) const TOOL: u64 = 3;
/// A denied attempt, whatever was attempted.
pub(crate) const DENIED: u64 = 5;
/// A command that is not listed.
pub(crate) const COMMAND: u64 = 4;

/// Commands by program name: 2 looks, 4 changes the workspace, 6 reaches out, 8 and 10 reach far.
/// Sorted.
pub(crate) const COMMANDS: &[(&str, u64)] = &[
    ("[", 2),
    ("aws", 8),
    ("az", 8),
    ("basename", 2),
    ("bash", 6),
    ("cat", 2),
    ("cd", 2),
    ("chmod", 6),
    ("chown", 8),
    ("cmp", 2),
    ("comm", 2),
    ("curl", 6),
    ("cut", 2),
    ("date", 2),
    ("dd", 10),
    ("df", 2),
    ("diff", 2),
    ("dirname", 2),
    ("docker", 6),
    ("du", 2),
    ("echo", 2),
    ("env", 4),
    ("eval", 8),
    ("false", 2),
    ("file", 2),
    ("find", 2),
    ("gcloud", 8),
    ("git", 3),
    ("grep", 2),
    ("head", 2),
    ("id", 2),
    ("jq", 2),
    ("kill", 6),
    ("kubectl", 8),
    ("ls", 2),
    ("mkdir", 3),
    ("mkfs", 10),
    ("mv", 4),
    ("nc", 8),
    ("node", 5),
    ("npm", 4),
    ("npx", 6),
    ("perl", 5),
    ("pip", 6),
    ("printf", 2),
    ("psql", 6),
    ("pwd", 2),
    ("python", 5),
    ("python3", 5),
    ("realpath", 2),
    ("rg", 2),
    ("rm", 8),
    ("rsync", 6),
    ("ruby", 5),
    ("scp", 8),
    ("sed", 3),
    ("sh", 6),
    ("sleep", 2),
    ("sort", 2),
    ("source", 8),
    ("ssh", 8),
    ("stat", 2),
    ("su", 10),
    ("sudo", 10),
    ("systemctl", 8),
    ("tail", 2),
    ("tee", 4),
    ("terraform", 8),
    ("test", 2),
    ("touch", 3),
    ("tr", 2),
    ("tree", 2),
    ("true", 2),
    ("uname", 2),
    ("uniq", 2),
    ("wc", 2),
    ("wget", 6),
    ("which", 2),
    ("whoami", 2),
    ("xargs", 4),
];
