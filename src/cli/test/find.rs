//! Which files hold cases.

use std::path::{Path, PathBuf};

/// Endings of case files.
const ENDINGS: [&str; 3] = [".cases.json", ".cases.yaml", ".cases.yml"];

/// What Step Functions Local's mock configuration is called.
const MOCKS: &str = "MockConfigFile.json";

/// A file, and the case of it that is wanted if not all are.
pub(super) type Found = (PathBuf, Option<String>);

/// Returns the case files of the paths in order, or why there are none.
pub(super) fn case_files(paths: &[PathBuf]) -> Vec<Result<Found, (PathBuf, String)>> {
    let mut found = Vec::new();
    for path in paths {
        if let Some((file, case)) = named_case(path) {
            found.push(Ok((file, Some(case))));
            continue;
        }
        if !path.is_dir() {
            // A file that is named is a case file whatever it is called; reading it tells the rest.
            found.push(Ok((path.clone(), None)));
            continue;
        }
        let mut files = Vec::new();
        match walk(path, &mut files) {
            Err(error) => found.push(Err((path.clone(), format!("cannot be read: {error}")))),
            Ok(()) if files.is_empty() => {
                let problem =
                    "contains no case files: their names end in .cases.json, .cases.yaml or .cases.yml";
                let problem = format!("{problem}, or are {MOCKS}");
                found.push(Err((path.clone(), problem)));
            }
            Ok(()) => {
                files.sort();
                found.extend(files.into_iter().map(|file| Ok((file, None))));
            }
        }
    }
    found
}

/// Splits `FILE#CASE`, unless a file is called that.
fn named_case(path: &Path) -> Option<(PathBuf, String)> {
    if path.exists() {
        return None;
    }
    let text = path.to_str()?;
    let places = text.match_indices('#').map(|(at, _)| at);
    let mut splits = places.map(|at| (&text[..at], &text[at + 1..]));
    let (file, case) = splits.find(|(file, _)| Path::new(file).is_file())?;
    Some((file.into(), case.to_owned()))
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                walk(&path, files)?;
            }
        } else if ENDINGS.iter().any(|ending| name.ends_with(ending))
            || name == MOCKS
            || is_recorded(&path, &name)
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Says whether a file looks like a recorded case; reading it in full decides.
fn is_recorded(path: &Path, name: &str) -> bool {
    let marks = ["\"executions\"", "\"expected_status\"", "\"express_ok\""];
    name.ends_with(".json")
        && std::fs::read_to_string(path).is_ok_and(|text| marks.iter().all(|mark| text.contains(mark)))
}
