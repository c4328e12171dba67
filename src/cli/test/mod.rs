//! `stepstream test`: plays case files and reports like a test runner.

mod find;
mod load;
mod report;

use super::Format;
use super::output::Stop;
use crate::asl::suggest::did_you_mean;
use crate::cases::{self, Case, Coverage, Input, Played};
use load::{Loaded, Loader};
use std::path::{Path, PathBuf};

/// Run case files: executions with prepared task answers and expectations.
#[derive(clap::Args, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Case files, or folders to search for *.cases.json, *.cases.yaml, MockConfigFile.json and recorded cases.
    /// FILE#CASE plays one case of a file.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Play only cases whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// For a MockConfigFile.json: a state machine's definition. [default: NAME.asl.json beside the file]
    #[arg(long = "definition", value_name = "NAME=FILE", value_parser = load::machine)]
    definitions: Vec<(Option<String>, PathBuf)>,
    /// For a MockConfigFile.json: the input of its cases, as JSON text. [default: {}]
    #[arg(
        long,
        value_name = "JSON",
        conflicts_with = "input_file",
        allow_hyphen_values = true
    )]
    input: Option<String>,
    /// For a MockConfigFile.json: a file with the input.
    #[arg(long, value_name = "FILE")]
    input_file: Option<PathBuf>,
    /// Also list the states, Choice rules, retriers and catchers that no case reached.
    #[arg(long)]
    coverage: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const HELP: &str = "\
Time is virtual: waits and retries take none.

Exit code: 0 all cases passed, 1 one failed, 2 something could not be run.

The smallest case file, hello.cases.json:

  {
    \"definition\": \"hello.asl.json\",
    \"cases\": [
      { \"name\": \"says hello\", \"input\": {}, \"expect\": { \"output\": \"Hello\" } }
    ]
  }

config/workflows/README.md describes every field.

Mock configurations of Step Functions Local work as they are, one test case at a time or all together:

  stepstream test MockConfigFile.json#HappyPath --definition OrderMachine=order.asl.json --input '{\"id\": 1}'

Such a file has no expectations: status and output are printed, and a case that does not succeed counts as failed.";

/// What became of the files.
#[derive(Default)]
struct Results {
    /// Whether a file was a mock configuration.
    has_mocks: bool,
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
    let mut loader = Loader::new(args.coverage, &args.definitions);
    let mut results = Results::default();
    for found in find::case_files(&args.paths) {
        let result = match found {
            Ok((path, case)) => play_file(&mut loader, path, args, case.as_deref(), &mut results.has_mocks),
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
    let is_for_mocks = args.input.is_some() || args.input_file.is_some() || !args.definitions.is_empty();
    if is_for_mocks && !results.are_none() && !results.has_mocks && results.errors() == 0 {
        let message = "error: --input, --input-file and --definition are for a MockConfigFile.json, and none was \
                       played: case files say these themselves";
        return Stop::new(message).tell(args.format);
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

fn play_file(
    loader: &mut Loader,
    path: PathBuf,
    args: &Args,
    only: Option<&str>,
    has_mocks: &mut bool,
) -> FileResult {
    let filter = args.filter.as_deref();
    let mut result = FileResult {
        path,
        problems: Vec::new(),
        cases: Vec::new(),
    };
    let suite = load::read(&result.path).and_then(|text| load::suite(&result.path, &text));
    match suite {
        Err(problems) => result.problems = problems,
        Ok(suite) => {
            *has_mocks |= suite.cases.iter().any(|case| case.expect.is_open());
            let is_meant = |case: &&Case| only.is_none_or(|only| is_called(case, only));
            if let (Some(only), false) = (only, suite.cases.iter().any(|case| is_meant(&case))) {
                result.problems.push(unknown_case(only, &suite.cases));
            }
            let wanted = |case: &&Case| filter.is_none_or(|filter| case.name.contains(filter));
            for case in suite.cases.iter().filter(is_meant).filter(wanted) {
                result.cases.push(CaseResult {
                    name: case.name.clone(),
                    line: case.line,
                    outcome: play_case(loader, &result.path, case, args),
                });
            }
        }
    }
    result
}

/// Says whether a case has this name; the test case of a state machine may be called without it.
fn is_called(case: &Case, name: &str) -> bool {
    let own = case.name.strip_suffix(name);
    own.is_some_and(|before| before.is_empty() || before.ends_with('#'))
}

fn unknown_case(name: &str, cases: &[Case]) -> report::Problem {
    let known = cases.iter().map(|case| case.name.as_str());
    let short = known
        .clone()
        .map(|known| known.rsplit('#').next().unwrap_or(known));
    let meant = did_you_mean(name, known.clone().chain(short));
    let listed = || {
        let known: Vec<&str> = known.clone().take(CASES_SHOWN_MAX).collect();
        format!("it has: {}", known.join(", "))
    };
    report::Problem::plain(format!(
        "the file has no case '{name}': {}",
        meant.unwrap_or_else(listed)
    ))
}

/// Names that are listed when a case is not known.
const CASES_SHOWN_MAX: usize = 30;

fn play_case(loader: &mut Loader, file: &Path, case: &Case, args: &Args) -> Outcome {
    if let Some(reason) = &case.skip {
        return Outcome::Skipped(reason.clone());
    }
    let given = (&args.input, &args.input_file);
    let input = match &case.input {
        _ if case.expect.is_open() && given != (&None, &None) => match given {
            (Some(text), _) => Ok(text.clone()),
            (None, path) => load::read(path.as_deref().unwrap_or(Path::new(""))),
        },
        Input::Here(text) => Ok(text.clone()),
        Input::File(name) => load::read(&load::beside(file, name)),
    };
    let played = input.and_then(|input| {
        let Loaded {
            program, coverage, ..
        } = loader.definition(file, case)?;
        let played = cases::play(case, program, input.as_bytes());
        coverage.add(&played.reached);
        match &played.unanswered {
            Some(problem) => Err(vec![report::Problem::plain(problem).named_at(file, case.line)]),
            None => Ok(played),
        }
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
