//! Which state an event belongs to: records of tasks, Maps and Parallels do not say it, but the chain of
//! causes does (facts 2.6).

use super::moment::Moment;

/// The states that an execution has entered, and where each of its events stands among them.
#[derive(Default)]
pub(super) struct Scopes {
    visits: Vec<Visit>,
    /// By id.
    steps: Vec<Step>,
}

/// One visit of a state.
pub(super) struct Visit {
    pub(super) name: Box<str>,
    /// Its type: `Task` of `TaskStateEntered`.
    kind: Box<str>,
    pub(super) entered_ms: i64,
    /// The visit of the Map or Parallel around it.
    container: Option<usize>,
    over: bool,
}

#[derive(Clone, Copy)]
struct Step {
    id: u32,
    /// The visit that the event is about.
    visit: Option<usize>,
    /// The innermost visit that goes on after it.
    after: Option<usize>,
}

impl Scopes {
    /// Adds an event; returns the visit it belongs to, if its causes are known.
    pub(super) fn add(&mut self, moment: &Moment<'_>) -> Option<usize> {
        let cause = self.step(moment.previous);
        let (about, after) = cause.map_or((None, None), |step| (step.visit, step.after));
        let (kind, word) = split(moment.kind);
        let visit = match word {
            "StateEntered" => Some(self.enter(moment, kind, after)),
            // The catcher of a Parallel leaves it after its failure: search from what the cause is about.
            "StateExited" | "IterationStarted" | "IterationSucceeded" | "IterationFailed"
            | "IterationAborted" => {
                let name = moment.state.as_deref();
                name.and_then(|name| self.named(about, name))
            }
            "StateAborted" => self.running(kind, moment.state.as_deref(), about),
            "StateStarted" | "StateSucceeded" | "StateFailed" => self.of_kind(after, kind),
            _ if moment.kind == "EvaluationFailed" => self.evaluating(moment.state.as_deref(), after),
            _ if moment.kind.starts_with("Execution") => None,
            _ => after,
        };
        let over = matches!(
            word,
            "StateExited" | "StateAborted" | "StateFailed" | "StateSucceeded"
        );
        let after = match visit.filter(|_| over) {
            Some(visit) => {
                self.visits[visit].over = true;
                self.visits[visit].container
            }
            None => visit,
        };
        let step = Step {
            id: moment.id,
            visit,
            after,
        };
        // Nearly always the last: records come in order.
        let at = self.steps.partition_point(|known| known.id < moment.id);
        self.steps.insert(at, step);
        visit
    }

    pub(super) fn visit(&self, at: usize) -> &Visit {
        &self.visits[at]
    }

    fn step(&self, id: u32) -> Option<Step> {
        let at = self.steps.binary_search_by_key(&id, |step| step.id).ok()?;
        Some(self.steps[at])
    }

    fn enter(&mut self, moment: &Moment<'_>, kind: &str, container: Option<usize>) -> usize {
        self.visits.push(Visit {
            name: moment.state.as_deref().unwrap_or("?").into(),
            kind: kind.into(),
            entered_ms: moment.at_ms,
            container,
            over: false,
        });
        self.visits.len() - 1
    }

    /// Returns a visit and those around it, from the inside.
    fn around(&self, from: Option<usize>) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(from, |visit| self.visits[*visit].container)
    }

    fn named(&self, from: Option<usize>, name: &str) -> Option<usize> {
        self.around(from).find(|visit| *self.visits[*visit].name == *name)
    }

    /// Returns the visit in which an evaluation has failed. Its cause may be what came before that visit, or before the
    /// failure that a catcher has taken.
    fn evaluating(&self, name: Option<&str>, after: Option<usize>) -> Option<usize> {
        let Some(name) = name else {
            return after;
        };
        let newest = |container: Option<Option<usize>>| {
            let fits = |visit: &Visit| {
                *visit.name == *name && container.is_none_or(|container| visit.container == container)
            };
            self.visits.iter().rposition(fits)
        };
        let own = self.named(after, name);
        own.or_else(|| newest(Some(after))).or_else(|| newest(None))
    }

    fn of_kind(&self, from: Option<usize>, kind: &str) -> Option<usize> {
        self.around(from).find(|visit| *self.visits[*visit].kind == *kind)
    }

    /// Returns the oldest visit of a type that is not over and is not what failed: a sibling that was
    /// aborted.
    fn running(&self, kind: &str, name: Option<&str>, failed: Option<usize>) -> Option<usize> {
        let fits = |at: usize, visit: &Visit| {
            !visit.over
                && *visit.kind == *kind
                && Some(at) != failed
                && name.is_none_or(|name| *visit.name == *name)
        };
        let mut visits = self.visits.iter().enumerate();
        visits.find(|(at, visit)| fits(*at, visit)).map(|(at, _)| at)
    }
}

/// Splits `MapStateEntered` into `Map` and `StateEntered`, `MapIterationStarted` into `Map` and
/// `IterationStarted`.
pub(super) fn split(kind: &str) -> (&str, &str) {
    let at = kind.find("State").or_else(|| kind.find("Iteration"));
    kind.split_at(at.unwrap_or(kind.len()))
}
