//! The tool map (15.14): which arguments of a known tool are paths, patterns of paths
//! or a command. A policy can add tools and arguments, never take any away.

/// What is done with an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// A file that is read, or a directory that is listed or searched.
    Read,
    /// A file that is written, created, moved or removed.
    Write,
    /// A directory in which another argument is looked up; the workspace if absent.
    Root,
    /// A pattern of file names below the root.
    Glob,
    /// A bash command.
    Command,
}

/// How a tool counts in the risk table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Read,
    Search,
    Edit,
    Write,
    Command,
}

/// One tool.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) weight: Weight,
    /// Arguments that have to be there. A list of texts counts for each of them.
    pub(crate) required: &'static [(&'static str, Use)],
    /// Arguments that may be there.
    pub(crate) optional: &'static [(&'static str, Use)],
}

const fn tool(
    name: &'static str,
    weight: Weight,
    required: &'static [(&'static str, Use)],
    optional: &'static [(&'static str, Use)],
) -> Tool {
    Tool { name, weight, required, optional }
}

/// Arguments that are paths in any tool of the map, even where its row does not list them: an
/// argument with such a name is never passed over. Compared without case, `_` and `-`.
const PATH_ARGUMENTS: &[&str] = &[
    "absolutepath",
    "cwd",
    "dest",
    "destination",
    "dir",
    "directory",
    "file",
    "filename",
    "filepath",
    "files",
    "inputpath",
    "newpath",
    "notebookpath",
    "oldpath",
    "outputpath",
    "path",
    "paths",
    "relativeworkspacepath",
    "source",
    "sourcepath",
    "src",
    "target",
    "targetfile",
    "targetpath",
    "uri",
];

/// Whether an argument of this name is a path in any tool.
pub(crate) fn is_path_argument(name: &str) -> bool {
    let plain: String =
        name.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect();
    PATH_ARGUMENTS.contains(&plain.as_str())
}

/// The map, sorted by name. The filesystem server's tools also go by `mcp__filesystem__NAME`.
pub(crate) const TOOLS: &[Tool] = &[
    tool("Bash", Weight::Command, &[("command", Use::Command)], &[("cwd", Use::Read)]),
    tool("Edit", Weight::Edit, &[("file_path", Use::Write)], &[]),
    tool("Glob", Weight::Search, &[("pattern", Use::Glob)], &[("path", Use::Root)]),
    tool("Grep", Weight::Search, &[], &[("path", Use::Root), ("glob", Use::Glob)]),
    tool("LS", Weight::Read, &[("path", Use::Read)], &[]),
    tool("MultiEdit", Weight::Edit, &[("file_path", Use::Write)], &[]),
    tool("NotebookEdit", Weight::Edit, &[("notebook_path", Use::Write)], &[]),
    tool("NotebookRead", Weight::Read, &[("notebook_path", Use::Read)], &[]),
    tool("Read", Weight::Read, &[("file_path", Use::Read)], &[]),
    tool("Write", Weight::Write, &[("file_path", Use::Write)], &[]),
    tool("bash", Weight::Command, &[("command", Use::Command)], &[("cwd", Use::Read)]),
    tool("create_directory", Weight::Write, &[("path", Use::Write)], &[]),
    tool("directory_tree", Weight::Search, &[("path", Use::Read)], &[]),
    tool("edit_file", Weight::Edit, &[("path", Use::Write)], &[]),
    tool("get_file_info", Weight::Read, &[("path", Use::Read)], &[]),
    tool("glob", Weight::Search, &[("pattern", Use::Glob)], &[("path", Use::Root)]),
    tool("grep", Weight::Search, &[], &[("path", Use::Root), ("glob", Use::Glob), ("include", Use::Glob)]),
    tool("list_directory", Weight::Read, &[("path", Use::Read)], &[]),
    tool("list_directory_with_sizes", Weight::Read, &[("path", Use::Read)], &[]),
    tool("move_file", Weight::Write, &[("source", Use::Write), ("destination", Use::Write)], &[]),
    tool("multi_edit", Weight::Edit, &[("file_path", Use::Write)], &[]),
    tool("notebook_edit", Weight::Edit, &[("notebook_path", Use::Write)], &[]),
    tool("read_file", Weight::Read, &[("path", Use::Read)], &[]),
    tool("read_media_file", Weight::Read, &[("path", Use::Read)], &[]),
    tool("read_multiple_files", Weight::Search, &[("paths", Use::Read)], &[]),
    tool("read_text_file", Weight::Read, &[("path", Use::Read)], &[]),
    tool("replace", Weight::Edit, &[("file_path", Use::Write)], &[]),
    tool("run_shell_command", Weight::Command, &[("command", Use::Command)], &[("directory", Use::Read)]),
    tool("search_file_content", Weight::Search, &[], &[("path", Use::Root), ("include", Use::Glob)]),
    tool("search_files", Weight::Search, &[("path", Use::Root), ("pattern", Use::Glob)], &[]),
    tool("write_file", Weight::Write, &[("path", Use::Write)], &[]),
];

/// The tool of this name, spelled as its own host or as the MCP filesystem server spells it.
pub(crate) fn find(name: &str) -> Option<&'static Tool> {
    let (name, only_files) = match name.strip_prefix("mcp__filesystem__") {
        Some(short) => (short, true),
        None => (name, false),
    };
    let found = TOOLS.binary_search_by(|tool| tool.name.cmp(name)).ok().and_then(|at| TOOLS.get(at))?;
    // That server has the snake-case file tools and no shell.
    let foreign = only_files && (found.weight == Weight::Command || !found.name.contains('_'));
    (!foreign).then_some(found)
}
