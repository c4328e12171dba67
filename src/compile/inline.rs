//! Item processors of one Pass state, whose iterations need no frame of their own.

use crate::asl::model::{DataPath, Flow, Jsonata, StateKind, Template, Transition};
use crate::intrinsic::{Argument, Call, Function};
use crate::jsonata;
use crate::path::{Path, Root};

/// Returns the template that is all an item processor does: of a Pass without other fields, and reading
/// nothing but its input, in JSONata variables too, so that it means the same in the Map's frame.
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
    let template = pass.parameters.as_ref().or(state.output.as_ref());
    template.filter(|template| plain && is_pure(template))
}

/// Says whether a template reads only `$` and gives the same value each time.
fn is_pure(template: &Template) -> bool {
    match template {
        Template::Constant(_) => true,
        Template::Jsonata(jsonata) => is_pure_jsonata(jsonata),
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

/// Says whether an expression reads only `$states.input` and variables, which a Map's frame sees as its iterations do.
fn is_pure_jsonata(jsonata: &Jsonata) -> bool {
    let references = jsonata.expression.references();
    let is_of_input = !references.whole_states && references.states.iter().all(|field| field.name == "input");
    is_of_input
        && !references
            .variables
            .iter()
            .any(|name| jsonata::is_impure(&name.name))
}

fn is_input(path: &Path) -> bool {
    path.root == Root::Input
}
