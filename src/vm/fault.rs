//! Faults: an error's name and cause, as data that Retry and Catch handle.

use super::run::{PAYLOAD_BYTES_MAX, Run};
use crate::fault;
use crate::program::{PathId, Program};
use crate::value::{DEPTH_MAX, Store, ValueRef, View};

/// What went wrong in a state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    /// The error's name, a string; [`ValueRef::NONE`] where AWS gives none.
    pub(super) error: ValueRef,
    /// The cause, a string; [`ValueRef::NONE`] where AWS gives none.
    pub(super) cause: ValueRef,
    /// Whether Retry and Catch are asked: not for `States.Runtime` (facts 5.4, 7.1).
    pub(super) catchable: bool,
    /// Whether an `EvaluationFailed` tells of it.
    pub(super) is_evaluation: bool,
    /// The field whose evaluation has failed, a string.
    pub(super) location: ValueRef,
}

impl Fault {
    pub(super) const NONE: Fault = Fault {
        error: ValueRef::NONE,
        cause: ValueRef::NONE,
        catchable: false,
        is_evaluation: false,
        location: ValueRef::NONE,
    };
}

/// Says that a fault was raised; which one is in [`Run::raised`]. Results of steps so fit a register.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raised;

/// The result of one step of a state.
pub(super) type Outcome<T> = Result<T, Raised>;

/// Returns a value's JSON text for a cause. A value that is built of shared parts may be far longer than
/// any payload: then only its length is told.
pub(super) fn shown(view: View<'_>, value: ValueRef) -> String {
    match view.len(value) {
        bytes if bytes > PAYLOAD_BYTES_MAX => format!("({bytes} bytes)"),
        _ => view.to_distinct_json(value),
    }
}

impl Run {
    /// Makes the fault of a state that cannot be processed: `States.Runtime` with the cause's prefix
    /// (facts 7.4) and what `write` adds.
    #[cold]
    pub(super) fn runtime_fault(&mut self, program: &Program, write: impl FnOnce(&mut Store<'_>)) -> Raised {
        let (state, entered) = (self.current.state, self.current.entered);
        let mut store = Store::new(&mut self.heap, &program.constants);
        let start = store.start_string();
        store.push_str("An error occurred while executing the state '");
        store.push_str(&program.states[state.at()].name);
        store.push_str("' (entered at the event id #");
        store.push_number(u64::from(entered));
        store.push_str("). ");
        write(&mut store);
        let cause = store.finish_string(start);
        let error = store.string(fault::RUNTIME);
        self.raised = Fault {
            error,
            cause,
            ..Fault::NONE
        };
        Raised
    }

    /// Makes the fault of a JSONata field that has no value, or none that it may have: `States.QueryEvaluationError`
    /// with the cause's prefix and what `write` adds.
    #[cold]
    pub(super) fn evaluation_fault(
        &mut self,
        program: &Program,
        location: ValueRef,
        write: impl FnOnce(&mut Store<'_>),
    ) -> Raised {
        let Raised = self.runtime_fault(program, write);
        let error = Store::new(&mut self.heap, &program.constants).string(fault::QUERY_EVALUATION_ERROR);
        self.raised = Fault {
            error,
            cause: self.raised.cause,
            catchable: true,
            is_evaluation: true,
            location,
        };
        Raised
    }

    /// Makes the fault of a reference path that does not fit a value (facts 5.4). That Retry and Catch see it is
    /// not recorded: the documents except other errors only, and as theirs its cause has no prefix.
    #[cold]
    pub(super) fn path_conflict(&mut self, program: &Program, path: PathId, value: ValueRef) -> Raised {
        let step = program.paths[path.at()].accessor.last_step();
        let shown = shown(View::new(&self.heap, &program.constants), value);
        let mut store = Store::new(&mut self.heap, &program.constants);
        let start = store.start_string();
        for part in ["Unable to apply step \"", &step, "\" to input ", &shown] {
            store.push_str(part);
        }
        let cause = store.finish_string(start);
        let error = store.string(fault::REFERENCE_PATH_CONFLICT);
        self.raised = Fault {
            error,
            cause,
            catchable: true,
            ..Fault::NONE
        };
        Raised
    }

    /// Makes the fault of a state's output, or a task's result, that is too large (facts 7.3).
    #[cold]
    pub(super) fn too_large(&mut self, program: &Program, what: &str, did: &str, catchable: bool) -> Raised {
        let cause = format!(
            "The state/task '{what}' {did} with a size exceeding the maximum number of bytes service limit."
        );
        self.data_limit_exceeded(program, &cause, catchable)
    }

    /// Makes the fault of data that are nested deeper than any JSON text that is read (facts have no words for it).
    #[cold]
    pub(super) fn too_deep(&mut self, program: &Program, what: &str) -> Raised {
        self.runtime_fault(program, |cause| {
            cause.push_str(&format!("The {what} nested more than {DEPTH_MAX} levels deep."));
        })
    }

    /// Checks what a state hands on to its branches or iterations: `Arguments` or `Parameters` of a Parallel, `Items` and
    /// `ItemSelector` of a Map. It is the input of states, and is limited as any.
    #[inline]
    pub(super) fn check_handed_on(&mut self, program: &Program, value: ValueRef) -> Outcome<()> {
        match View::new(&self.heap, &program.constants).is_small(value, PAYLOAD_BYTES_MAX) {
            true => Ok(()),
            false => self.check_large_handed_on(program, value),
        }
    }

    #[cold]
    fn check_large_handed_on(&mut self, program: &Program, value: ValueRef) -> Outcome<()> {
        let view = View::new(&self.heap, &program.constants);
        if view.len(value) > PAYLOAD_BYTES_MAX {
            let name = &program.states[self.current.state.at()].name;
            return Err(self.too_large(program, name, "provided parameters", true));
        }
        match view.depth(value) > DEPTH_MAX {
            true => Err(self.too_deep(program, "state's parameters are")),
            false => Ok(()),
        }
    }

    /// Makes the fault of data that are more than they may be.
    #[cold]
    pub(super) fn data_limit_exceeded(&mut self, program: &Program, cause: &str, catchable: bool) -> Raised {
        let mut store = Store::new(&mut self.heap, &program.constants);
        let cause = store.string(cause);
        let error = store.string(fault::DATA_LIMIT_EXCEEDED);
        self.raised = Fault {
            error,
            cause,
            catchable,
            ..Fault::NONE
        };
        Raised
    }
}
