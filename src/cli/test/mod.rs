//! `stepstream test`: plays case files and reports like a test runner.

mod find;
mod load;
mod report;

use super::Format;
use super::output::Stop;
use crate::cases::{self, Case, Coverage, Input, Played};
use load::{Loaded, Loader};
use std::path::{Path, PathBuf};

/// Run case files: executions with prepared task answers and what is expected of them.
#[derive(clap::Args, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Case files, or folders: these are searched for *.cases.json, *.cases.yaml and recorded cases.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Play only cases whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Also tell which states, Choice rules, retriers and catchers no case reached.
    #[arg(long)]
    coverage: bool,
    /// How to print: for reading, or as one JSON document.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const HELP: &str = "\
Time is virtual: waits and retries take none.
Exit code: 0 when all cases passed, 1 when one failed, 2 when something could not be run.

The smallest case file, hello.cases.json:

  {
    \"definition\": \"hello.asl.json\",
    \"cases\": [
      { \"name\": \"says hello\", \"input\": {}, \"expect\": { \"output\": \"Hello\" } }
    ]
  }

config/workflows/README.md describes every field.";

/// What became of the files.
#[derive(Default)]
struct Results {
    files: Vec<FileResult>,
    /// One for each definition, with its name; empty unless asked for.
    coverage: Vec<(String, Coverage)>,
}

struct FileResult {
    path: PathBuf,
    /// Why the file could not be read.
    problems: Vec<report::Problem>,
    cases: Vec<CaseResult>,
}

struct CaseResult {
    name: String,
    line: usize,
    outcome: Outcome,
}

enum Outcome {
    Played(Played),
    Skipped(String),
    /// It could not be played.
    Problems(Vec<report::Problem>),
}

/// Runs the command; returns its exit code.
pub(crate) fn run(args: &Args) -> u8 {
    let mut loader = Loader::new(args.coverage);
    let mut results = Results::default();
    for found in find::case_files(&args.paths) {
        let result = match found {
            Ok(path) => play_file(&mut loader, path, args.filter.as_deref()),
            Err((path, problem)) => FileResult {
                path,
                problems: vec![report::Problem::plain(problem)],
                cases: Vec::new(),
            },
        };
        results.files.push(result);
    }
    if let Some(filter) = args.filter.as_ref().filter(|_| results.are_none()) {
        return Stop::new(format!("error: no case has '{filter}' in its name")).tell(args.format);
    }
    if args.coverage {
        results.coverage = loader.into_coverage();
    }
    match args.format {
        Format::Text => report::text(&results),
        Format::Json => report::json(&results, args.coverage),
    }
    results.exit_code()
}

fn play_file(loader: &mut Loader, path: PathBuf, filter: Option<&str>) -> FileResult {
    let mut result = FileResult {
        path,
        problems: Vec::new(),
        cases: Vec::new(),
    };
    let suite = load::read(&result.path).and_then(|text| load::suite(&result.path, &text));
    match suite {
        Err(problems) => result.problems = problems,
        Ok(suite) => {
            let wanted = |case: &&Case| filter.is_none_or(|filter| case.name.contains(filter));
            for case in suite.cases.iter().filter(wanted) {
                result.cases.push(CaseResult {
                    name: case.name.clone(),
                    line: case.line,
                    outcome: play_case(loader, &result.path, case),
                });
            }
        }
    }
    result
}

fn play_case(loader: &mut Loader, file: &Path, case: &Case) -> Outcome {
    if let Some(reason) = &case.skip {
        return Outcome::Skipped(reason.clone());
    }
    let input = match &case.input {
        Input::Here(text) => Ok(text.clone()),
        Input::File(name) => load::read(&load::beside(file, name)),
    };
    let played = input.and_then(|input| {
        let Loaded {
            program, coverage, ..
        } = loader.definition(file, case)?;
        let played = cases::play(case, program, input.as_bytes());
        coverage.add(&played.reached);
        Ok(played)
    });
    match played {
        Ok(played) => Outcome::Played(played),
        Err(problems) => Outcome::Problems(problems),
    }
}

impl Results {
    fn cases(&self) -> impl Iterator<Item = &CaseResult> {
        self.files.iter().flat_map(|file| &file.cases)
    }

    fn passed(&self) -> usize {
        self.cases()
            .filter(|case| case.outcome.has_passed() == Some(true))
            .count()
    }

    fn failed(&self) -> usize {
        self.cases()
            .filter(|case| case.outcome.has_passed() == Some(false))
            .count()
    }

    fn skipped(&self) -> usize {
        self.cases()
            .filter(|case| matches!(case.outcome, Outcome::Skipped(_)))
            .count()
    }

    /// Files and cases that could not be run.
    fn errors(&self) -> usize {
        let files = self.files.iter().filter(|file| !file.problems.is_empty()).count();
        files
            + self
                .cases()
                .filter(|case| matches!(case.outcome, Outcome::Problems(_)))
                .count()
    }

    /// Says whether there was neither a case nor a problem.
    fn are_none(&self) -> bool {
        self.errors() == 0 && self.cases().next().is_none()
    }

    fn exit_code(&self) -> u8 {
        if self.errors() > 0 {
            2
        } else {
            u8::from(self.failed() > 0)
        }
    }
}

impl Outcome {
    /// Says whether the case passed, if it was played.
    fn has_passed(&self) -> Option<bool> {
        match self {
            Outcome::Played(played) => Some(played.differences.is_empty()),
            Outcome::Skipped(_) | Outcome::Problems(_) => None,
        }
    }
}
