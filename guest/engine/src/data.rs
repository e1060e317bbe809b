//! Tables: what tools, programs and variables are known to do. No logic.
//!
//! Each table is sorted where it is searched by bisection; a test says so.

pub(crate) mod assets;
pub(crate) mod environment;
pub(crate) mod exec_options;
pub(crate) mod file_programs;
pub(crate) mod global_options;
pub(crate) mod headers;
pub(crate) mod mcp;
pub(crate) mod model_paths;
pub(crate) mod protected;
pub(crate) mod risk;
pub(crate) mod tools;
pub(crate) mod wrappers;

#[cfg(test)]
mod tests {
    #[track_caller]
    fn sorted<T>(table: &[T], key: impl Fn(&T) -> &str) {
        for pair in table.windows(2) {
            assert!(key(&pair[0]) <= key(&pair[1]), "{} stands before {}", key(&pair[0]), key(&pair[1]));
        }
    }

    #[test]
    fn tables_are_sorted() {
        sorted(super::wrappers::WRAPPERS, |row| row.name);
        sorted(super::tools::TOOLS, |row| row.name);
        sorted(super::mcp::METHODS, |row| row.name);
        sorted(super::risk::COMMANDS, |row| row.0);
        sorted(super::file_programs::FILE_PROGRAMS, |row| row.0);
        sorted(super::exec_options::EXEC_OPTIONS, |row| row.program);
        sorted(super::environment::SAFE, |row| row);
        sorted(super::environment::DANGEROUS, |row| row);
        sorted(super::assets::NETWORKS, |row| row.0);
        sorted(super::assets::HARMLESS_EXTENSIONS, |row| row);
    }
}
