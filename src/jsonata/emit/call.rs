//! Functions: calls, lambdas, partial application, `~>`, transformers.

use super::Emitter;
use crate::jsonata::code::{LambdaCode, Last, Op, Site, TransformCode};
use crate::jsonata::function::signature::Signature;
use crate::jsonata::scope::Names;
use crate::jsonata::tree::{Kind, Node};
use crate::jsonata::{Error, builtin, scope};

impl Emitter<'_> {
    /// Emits what has to do with functions; says whether a sequence may be left.
    pub(super) fn function(&mut self, node: &Node) -> Result<bool, Error> {
        let position = node.position;
        match &node.kind {
            Kind::Call { procedure, arguments } => {
                self.call(procedure, arguments, position, false)?;
                return Ok(true);
            }
            Kind::TailCall(call) => self.tail_call(call)?,
            Kind::Partial { procedure, arguments } => {
                self.node(procedure)?;
                for argument in arguments {
                    self.node(argument)?;
                }
                let open = arguments
                    .iter()
                    .map(|argument| matches!(argument.kind, Kind::Placeholder));
                self.code.flags.push(open.collect());
                let parts = self.code.flags.len() as u32 - 1;
                let site = self.site(procedure, position);
                self.op(Op::Partial { site, parts }, position);
            }
            Kind::Apply { left, right } => {
                self.node(left)?;
                match &right.kind {
                    // The predicates of the call are lost, as they are in the reference.
                    Kind::Call { procedure, arguments } => {
                        self.call(procedure, arguments, right.position, true)?;
                    }
                    _ => {
                        self.node(right)?;
                        let site = self.site(right, position);
                        self.op(Op::Apply { site }, position);
                    }
                }
                return Ok(true);
            }
            Kind::Lambda {
                parameters,
                signature,
                body,
            } => {
                self.lambda(parameters, signature.as_deref(), body, position)?;
            }
            Kind::Transform {
                pattern,
                update,
                delete,
            } => {
                self.functions += 1;
                let pattern_code = self.body(|emitter| emitter.node(pattern))?;
                let update_code = self.body(|emitter| emitter.node(update))?;
                let delete_code = match delete {
                    Some(delete) => Some(self.body(|emitter| emitter.node(delete))?),
                    None => None,
                };
                let clone = self.variable("clone");
                self.code.transforms.push(TransformCode {
                    pattern: pattern_code,
                    update: update_code,
                    delete: delete_code,
                    update_position: update.position,
                    delete_position: delete.as_ref().map_or(0, |delete| delete.position),
                    clone,
                    position,
                });
                let index = self.code.transforms.len() as u32 - 1;
                self.op(Op::Transform(index), position);
            }
            _ => {}
        }
        Ok(false)
    }

    /// Emits a call. `applied` says that the first argument is on the stack already.
    fn call(
        &mut self,
        procedure: &Node,
        arguments: &[Node],
        position: u32,
        applied: bool,
    ) -> Result<(), Error> {
        let count = arguments.len() as u32 + u32::from(applied);
        let site = self.site(procedure, position);
        // With more arguments than the instruction holds it is called like any other value.
        let known = u16::try_from(count)
            .ok()
            .and_then(|count| Some((self.builtin(procedure)?, count)));
        if known.is_none() {
            self.node(procedure)?;
            if self.code.sites[site as usize].meant.is_some() {
                self.op(Op::Missing(site), position);
            }
            if applied {
                self.op(Op::Swap, position);
            }
        }
        for argument in arguments {
            self.node(argument)?;
        }
        match known {
            Some((id, count)) => {
                self.op(Op::CallBuiltin { id, count, site }, position);
            }
            None => {
                self.op(Op::Call { count, site }, position);
            }
        }
        Ok(())
    }

    /// Returns the built-in function that a procedure certainly is.
    fn builtin(&mut self, procedure: &Node) -> Option<u16> {
        let Kind::Variable(name) = &procedure.kind else {
            return None;
        };
        if !procedure.predicates.is_empty() || procedure.group.is_some() || name.is_empty() {
            return None;
        }
        let variable = self.scopes.variable(name);
        match variable.last {
            Last::Builtin(id) if variable.places.is_empty() => {
                self.code.impure |= builtin::is_impure(id);
                Some(id)
            }
            _ => None,
        }
    }

    fn tail_call(&mut self, call: &Node) -> Result<(), Error> {
        let Kind::Call { procedure, arguments } = &call.kind else {
            return Ok(());
        };
        if std::mem::take(&mut self.thunks) {
            self.functions += 1;
            let entry = self.body(|emitter| emitter.tail_call(call))?;
            self.op(Op::Thunk(entry), call.position);
            self.thunks = true;
            return Ok(());
        }
        let site = self.site(procedure, call.position);
        self.node(procedure)?;
        for argument in arguments {
            self.node(argument)?;
        }
        self.op(
            Op::TailCall {
                count: arguments.len() as u32,
                site,
            },
            call.position,
        );
        Ok(())
    }

    fn site(&mut self, procedure: &Node, position: u32) -> u32 {
        let (token, meant) = match &procedure.kind {
            Kind::Path { steps, .. } => match &steps[0].kind {
                Kind::Name(name) => (Some(name.as_str()), Some(self.variable(name))),
                _ => (None, None),
            },
            Kind::Variable(name) => (Some(name.as_str()), None),
            Kind::Call { .. } => (Some("("), None),
            _ => (None, None),
        };
        self.code.sites.push(Site {
            position,
            token: token.map(Box::from),
            meant,
        });
        self.code.sites.len() as u32 - 1
    }

    fn lambda(
        &mut self,
        parameters: &[String],
        signature: Option<&str>,
        body: &Node,
        position: u32,
    ) -> Result<(), Error> {
        let mut names = Names::default();
        scope::binds(body, &mut names);
        let slots = self.scopes.enter(parameters, &names)?;
        let (depth, deepest) = (self.depth, self.deepest);
        (self.depth, self.deepest) = (0, 0);
        let functions = self.functions;
        let thunks = std::mem::take(&mut self.thunks);
        let address = self.body(|emitter| emitter.node(body))?;
        self.thunks = thunks;
        let captured = self.functions > functions;
        self.functions += 1;
        let inner = self.deepest;
        (self.depth, self.deepest) = (depth, deepest);
        self.scopes.leave();
        self.code.lambdas.push(LambdaCode {
            body: address,
            parameters: parameters.len() as u16,
            slots,
            signature: signature.and_then(|text| Signature::parse(text).ok()),
            depth: inner,
            captured,
        });
        let index = self.code.lambdas.len() as u32 - 1;
        self.op(Op::Lambda(index), position);
        Ok(())
    }
}
