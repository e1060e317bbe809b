//! What governs the agent, which the agent must not write whatever its policy says (P9).
//! Patterns for any directory, also while the files do not exist.

/// Below any directory.
pub(crate) const PROTECTED: &[&str] = &[
    // Sentinel's own: policies, data directory.
    "*.soe.json",
    "*.soe.yaml",
    "*.soe.yml",
    "soe-definitions",
    ".sentinel",
    "sentinel.toml",
    // Where the hooks of coding agents are registered.
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".claude/hooks",
    ".claude.json",
    ".codex/hooks.json",
    ".codex/config.toml",
    ".gemini/settings.json",
    ".cursor/hooks.json",
    ".cursor/mcp.json",
    "claude-code/managed-settings.json",
    // The binary, where people install it.
    "bin/sentinel",
];

/// Directories that hold some of these. Nothing else may be put in their place.
pub(crate) const PROTECTED_PARENTS: &[&str] = &[".claude", ".codex", ".cursor", ".gemini"];
