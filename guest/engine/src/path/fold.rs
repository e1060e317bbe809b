//! How a deny compares names (P5): the way the most forgiving file system would.

use std::borrow::Cow;

use caseless::Caseless as _;
use unicode_normalization::UnicodeNormalization as _;

use crate::wire::is_format;

/// One segment with case, composition, invisible characters, trailing dots and blanks, and NTFS
/// streams taken away.
pub(crate) fn fold_segment(segment: &str) -> Cow<'_, str> {
    // Behind a colon stands the name of a stream.
    let stream = segment.find(':').filter(|at| *at > 0);
    let name = stream.and_then(|at| segment.get(..at)).unwrap_or(segment);
    let name = name.trim_end_matches(['.', ' ']);
    if name.is_ascii() {
        if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Owned(name.to_ascii_lowercase());
        }
        return Cow::Borrowed(name);
    }
    let folded: String = name.nfkd().filter(|c| !is_format(*c)).default_case_fold().nfc().collect();
    Cow::Owned(folded.trim_end_matches(['.', ' ']).to_owned())
}
