//! Item processors of one Pass state, whose iterations need no frame of their own.

use crate::asl::model::{DataPath, Flow, StateKind, Template, Transition};
use crate::intrinsic::{Argument, Call, Function};
use crate::path::{Path, Root};

/// Returns the template that is all an item processor does: of a Pass without other fields, and reading
/// nothing but its input, so that it means the same in the Map's frame.
pub(super) fn template(flow: &Flow) -> Option<&Template> {
    let [state] = flow.states.as_slice() else {
        return None;
    };
    let StateKind::Pass(pass) = &state.kind else {
        return None;
    };
    let plain = state.input_path == DataPath::Whole
        && state.output_path == DataPath::Whole
        && state.assign.is_empty()
        && pass.result.is_none()
        && pass.result_path == DataPath::Whole
        && pass.transition == Transition::End;
    pass.parameters
        .as_ref()
        .filter(|template| plain && is_pure(template))
}

/// Says whether a template reads only `$` and gives the same value each time.
fn is_pure(template: &Template) -> bool {
    match template {
        Template::Constant(_) => true,
        Template::Jsonata(_) => false,
        Template::Path { path, .. } => is_input(path),
        Template::Call { call, .. } => is_pure_call(call),
        Template::Object(members) => members.iter().all(|(_, member)| is_pure(member)),
        Template::Array(elements) => elements.iter().all(is_pure),
    }
}

fn is_pure_call(call: &Call) -> bool {
    let random = matches!(call.function, Function::MathRandom | Function::Uuid);
    !random
        && call.arguments.iter().all(|argument| match argument {
            Argument::Path(path) => is_input(path),
            Argument::Call(call) => is_pure_call(call),
            _ => true,
        })
}

fn is_input(path: &Path) -> bool {
    path.root == Root::Input
}
