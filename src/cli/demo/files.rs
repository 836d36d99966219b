//! The demo's directory. In: a path. Out: a directory; a new or an empty one gets a few sample files, and one that holds
//! something is left as it is: it may be the user's own.

use std::io;
use std::path::Path;

/// Names relative to the directory, and contents.
const SAMPLES: [(&str, &str); 3] = [
    (
        "readme.txt",
        "These files are served by davgate demo. Change them from both sides.\n",
    ),
    ("archive/2025.txt", "Clients may read the archive and not change it.\n"),
    (
        "keep/sample.txt",
        "Clients may add to this folder and take nothing out of it.\n",
    ),
];

/// Makes the directory when it is missing, and the samples when it is empty.
///
/// # Errors
/// It cannot be made or read, or is not a directory.
pub(super) fn prepare(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    if std::fs::read_dir(dir)?.next().is_some() {
        return Ok(());
    }
    for (name, content) in SAMPLES {
        let path = dir.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, content)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_only_where_nothing_is() {
        let top = tempfile::tempdir().unwrap();
        let made = top.path().join("a/b");
        prepare(&made).unwrap();
        for (name, content) in SAMPLES {
            assert_eq!(std::fs::read_to_string(made.join(name)).unwrap(), content);
        }
        let own = top.path().join("own");
        std::fs::create_dir(&own).unwrap();
        std::fs::write(own.join("mine.txt"), "mine").unwrap();
        prepare(&own).unwrap();
        assert_eq!(std::fs::read_dir(&own).unwrap().count(), 1);
        assert!(prepare(&own.join("mine.txt")).is_err());
    }
}
