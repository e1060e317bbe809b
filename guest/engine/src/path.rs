//! Paths: what a text means as a path (P1, P2), and whether patterns speak of it (P3 to P6).
//!
//! Nothing here touches a file system. Links are resolved by the host, which passes both
//! spellings; [`crate::decide`] asks for both.

mod fold;
mod glob;
mod pattern;
mod segment;
mod set;

pub(crate) use fold::fold_segment;
pub(crate) use glob::GlobArgument;
pub(crate) use pattern::PathPattern;
pub(crate) use set::{PathSet, Sense};

use std::borrow::Cow;

use crate::limits::PATH_BYTES_MAX;
use crate::wire::is_format;

/// What paths are relative to. All three are absolute directories, as the caller declared them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Roots<'a> {
    pub(crate) workspace: Option<&'a str>,
    pub(crate) home: Option<&'a str>,
    /// Where a relative path starts; the workspace if absent.
    pub(crate) cwd: Option<&'a str>,
}

/// A path after normalisation: segments below one root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path<'a> {
    /// Segments from the root of the file system, or below a workspace that nobody declared.
    segments: Segments<'a>,
    base: Base,
    /// How many leading segments are the workspace, if the path lies in it.
    workspace: Option<usize>,
    /// How many leading segments are the home directory, if the path lies in it.
    home: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Root,
    /// Of a workspace that nobody declared.
    Workspace,
}

/// Why a text is no path that can be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathError {
    Empty,
    TooLong,
    Control,
    Url,
    Drive,
    Unc,
    OtherHome,
    /// `..` above a workspace that nobody declared.
    Escape,
    /// `~` without a declared home directory.
    UnknownHome,
}

impl PathError {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Empty => "path-empty",
            Self::TooLong => "path-too-long",
            Self::Control => "path-control-character",
            Self::Url => "path-url",
            Self::Drive => "path-drive-letter",
            Self::Unc => "path-unc",
            Self::OtherHome => "path-other-home",
            Self::Escape => "path-escapes",
            Self::UnknownHome => "path-unknown-home",
        }
    }

    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Empty => "File path is empty.",
            Self::TooLong => "File path is longer than 4096 bytes.",
            Self::Control => "File path contains a control character.",
            Self::Url => "File path is a URL; only plain paths are decided.",
            Self::Drive => "File path starts with a drive letter; only POSIX paths are decided.",
            Self::Unc => "File path starts with `//` or `\\\\`, which some systems read as a network share.",
            Self::OtherHome => {
                "File path names another user's home directory, which cannot be resolved here."
            }
            Self::Escape => "File path leaves a workspace whose place was not declared.",
            Self::UnknownHome => "File path starts in a home directory whose place was not declared.",
        }
    }
}

/// Something about a path that no pattern can vouch for (P6); the call needs a person.
pub(crate) fn suspicion(text: &str) -> Option<&'static str> {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._- ".contains(&byte)) {
        return None;
    }
    let bytes = text.as_bytes();
    let encoded = bytes.windows(3).any(|window| match window {
        [b'%', high, low] => {
            matches!(
                (high, low.to_ascii_lowercase()),
                (b'2', b'e' | b'f' | b'5') | (b'5', b'c') | (b'0', b'0')
            )
        }
        _ => false,
    });
    if encoded {
        return Some("File path contains a percent-encoded separator or dot.");
    }
    if text.contains("::$") || text.split(['/', '\\']).any(|segment| segment.contains(":$")) {
        return Some("File path names an NTFS stream.");
    }
    if text.split(['/', '\\']).any(is_short_name) {
        return Some("File path contains an 8.3 short name.");
    }
    if text.starts_with(['$', '%']) {
        return Some("File path starts with a variable, which some tools replace.");
    }
    if text.contains('\\') {
        return Some("File path contains a backslash, which some systems read as a separator.");
    }
    text.chars().any(is_format).then_some("File path contains invisible characters.")
}

/// `PROGRA~1`, `GIT~1.EXT`.
fn is_short_name(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or_default();
    stem.split_once('~').is_some_and(|(name, number)| {
        (1..=6).contains(&name.len())
            && (1..=2).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Segments as they were written, or as a deny compares them.
pub(crate) type Segments<'a> = Vec<Cow<'a, str>>;

impl<'a> Path<'a> {
    /// Reads a path as the caller's tools would, without asking a file system.
    pub(crate) fn parse(text: &'a str, roots: Roots<'a>) -> Result<Self, PathError> {
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        if text.len() > PATH_BYTES_MAX {
            return Err(PathError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(PathError::Control);
        }
        if text.len() >= 5 && text.as_bytes().iter().take(5).map(u8::to_ascii_lowercase).eq(*b"file:")
            || text.contains("://")
        {
            return Err(PathError::Url);
        }
        if matches!(text.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic()) {
            return Err(PathError::Drive);
        }
        if text.starts_with("//") || text.starts_with("\\\\") {
            return Err(PathError::Unc);
        }
        let mut segments = Vec::with_capacity(16);
        let mut base = Base::Root;
        let mut rest = text;
        if let Some(below) = text.strip_prefix('~') {
            if !below.is_empty() && !below.starts_with('/') {
                return Err(PathError::OtherHome);
            }
            rest = below;
            match roots.home {
                Some(home) => _ = push_segments(&mut segments, home),
                None => return Err(PathError::UnknownHome),
            }
        } else if !text.starts_with('/') {
            // A relative working directory is one of the workspace.
            let cwd = roots.cwd.unwrap_or_default();
            if !cwd.starts_with('/') {
                match roots.workspace {
                    Some(workspace) => _ = push_segments(&mut segments, workspace),
                    None => base = Base::Workspace,
                }
            }
            if !push_segments(&mut segments, cwd) && base != Base::Root {
                return Err(PathError::Escape);
            }
        }
        if !push_segments(&mut segments, rest) && base != Base::Root {
            return Err(PathError::Escape);
        }
        let below = |root: Option<&str>| {
            let mut depth = 0;
            for own in root?.split('/').filter(|own| !matches!(*own, "" | ".")) {
                if segments.get(depth).is_none_or(|segment| segment != own) {
                    return None;
                }
                depth += 1;
            }
            Some(depth)
        };
        let (workspace, home) = match base {
            Base::Root => (below(roots.workspace), below(roots.home)),
            Base::Workspace => (Some(0), None),
        };
        Ok(Self { segments, base, workspace, home })
    }

    /// The same path, no longer borrowing from its text.
    pub(crate) fn into_owned(self) -> Path<'static> {
        let segments = self.segments.into_iter().map(|segment| Cow::Owned(segment.into_owned())).collect();
        Path { segments, base: self.base, workspace: self.workspace, home: self.home }
    }

    /// The same file as a deny has to see it: folded, with `\` as a separator too.
    pub(crate) fn folded(&self) -> Path<'a> {
        let plain = |segment: &Cow<'_, str>| {
            segment
                .bytes()
                .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase() && byte != b'\\' && byte != b':')
                && !segment.ends_with(['.', ' '])
        };
        if self.segments.iter().all(plain) {
            return self.clone();
        }
        let mut folded = Self { segments: Vec::new(), ..self.clone() };
        for (index, segment) in self.segments.iter().enumerate() {
            // Roots shrink or grow with their segments, so their lengths are counted again.
            if self.workspace == Some(index) {
                folded.workspace = Some(folded.segments.len());
            }
            if self.home == Some(index) {
                folded.home = Some(folded.segments.len());
            }
            for piece in segment.split('\\') {
                match piece {
                    "" | "." => {}
                    ".." => {
                        folded.segments.pop();
                    }
                    piece => folded.segments.extend(
                        Some(fold_segment(piece).into_owned())
                            .filter(|piece| !piece.is_empty())
                            .map(Cow::Owned),
                    ),
                }
            }
        }
        if self.workspace == Some(self.segments.len()) {
            folded.workspace = Some(folded.segments.len());
        }
        if self.home == Some(self.segments.len()) {
            folded.home = Some(folded.segments.len());
        }
        folded
    }

    /// Segments below the root of the file system, if that is known.
    pub(crate) fn absolute(&self) -> Option<&[Cow<'a, str>]> {
        (self.base == Base::Root).then_some(&self.segments)
    }

    /// Segments below the workspace, if the path lies in it.
    pub(crate) fn in_workspace(&self) -> Option<&[Cow<'a, str>]> {
        self.segments.get(self.workspace?..)
    }

    /// Segments below the home directory, if the path lies in it.
    pub(crate) fn in_home(&self) -> Option<&[Cow<'a, str>]> {
        self.segments.get(self.home?..)
    }

    /// Whether the last segment is one of these names.
    pub(crate) fn ends_with(&self, names: &[&str]) -> bool {
        self.segments.last().is_some_and(|last| names.contains(&last.as_ref()))
    }

    /// Whether the path is absolute while nobody said where the workspace is.
    pub(crate) fn lacks_workspace(&self, roots: Roots<'_>) -> bool {
        self.base == Base::Root && roots.workspace.is_none()
    }

    /// The path as text, the way the engine understood it.
    pub(crate) fn display(&self) -> String {
        let joined = self.segments.join("/");
        match self.base {
            Base::Root => format!("/{joined}"),
            Base::Workspace if joined.is_empty() => ".".to_owned(),
            Base::Workspace => joined,
        }
    }
}

/// Splits on `/`, drops empty and `.` segments, and lets `..` take one back, at most to the root.
/// Says whether it stayed below where it started.
fn push_segments<'a>(segments: &mut Segments<'a>, text: &'a str) -> bool {
    let mut inside = true;
    for segment in text.split('/') {
        match segment {
            "" | "." => {}
            ".." => inside &= segments.pop().is_some(),
            segment => segments.push(Cow::Borrowed(segment)),
        }
    }
    inside
}

#[cfg(test)]
mod tests;
