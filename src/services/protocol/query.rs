//! Forms: protocol `query`, and EC2's dialect of it.

use super::body::Given;
use super::rest::encode;
use super::{DEPTH_MAX, Draft, ParameterProblem, Writer, scalar};
use crate::services::model::{Element, Kind, Member, Protocol, ShapeId, Structure, TimestampFormat};
use crate::services::names;
use crate::value::{Kind as Json, ValueRef};

impl Writer<'_> {
    /// Writes the request of protocols `query` and `ec2`.
    pub(super) fn form(&self, parameters: ValueRef, draft: &mut Draft) -> Result<(), ParameterProblem> {
        draft.default_header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
        let mut form = format!("Action={}&Version=", self.operation.name);
        encode(&mut form, &self.service.api_version, false);
        if let Some(structure) = self
            .operation
            .input
            .and_then(|input| self.service.structure(input))
        {
            let given = self.parameters(structure, parameters)?;
            self.form_members(structure, &given, "", &mut form, 0)?;
        }
        draft.body = form.into_bytes();
        Ok(())
    }

    fn is_ec2(&self) -> bool {
        self.service.protocol == Protocol::Ec2
    }

    fn form_members(
        &self,
        structure: &Structure,
        given: &[Given],
        prefix: &str,
        form: &mut String,
        depth: usize,
    ) -> Result<(), ParameterProblem> {
        for (member, &given) in structure.members.iter().zip(given) {
            let name = join(prefix, &self.form_name(member));
            match given {
                Given::Nothing => {}
                Given::Token => pair(form, &name, &self.context.idempotency_token.to_string()),
                Given::Value(value) => {
                    self.form_value(member.shape, Some(member), value, &name, form, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    fn form_name(&self, member: &Member) -> String {
        match (&member.query_name, self.is_ec2()) {
            (Some(name), true) => name.to_string(),
            (None, true) => names::capitalize(&member.wire),
            _ => member.wire.to_string(),
        }
    }

    fn form_value(
        &self,
        shape: ShapeId,
        member: Option<&Member>,
        value: ValueRef,
        name: &str,
        form: &mut String,
        depth: usize,
    ) -> Result<(), ParameterProblem> {
        let field = member.map_or(name, |member| &member.java);
        if depth > DEPTH_MAX {
            return Err(ParameterProblem::invalid(field));
        }
        let is_flat = member.is_some_and(|member| member.is_flattened);
        match &self.service.shape(shape).kind {
            Kind::Structure(structure) => {
                let given = self.given(structure, Some(value), field)?;
                self.form_members(structure, &given, name, form, depth)
            }
            Kind::List {
                element,
                is_flattened,
            } => {
                self.is_a(value, Json::Array, field)?;
                self.form_list(
                    element,
                    *is_flattened || is_flat || self.is_ec2(),
                    value,
                    name,
                    form,
                    depth,
                )
            }
            Kind::Map {
                key,
                value: element,
                is_flattened,
            } => {
                self.is_a(value, Json::Object, field)?;
                let prefix = match *is_flattened || is_flat {
                    true => name.to_owned(),
                    false => format!("{name}.entry"),
                };
                let (key, of_value) = (
                    key.name.as_deref().unwrap_or("key"),
                    element.name.as_deref().unwrap_or("value"),
                );
                let members = self.view.members(value);
                let members = members.filter(|(_, value)| self.view.kind(*value) != Json::Null);
                for (index, (entry, value)) in members.enumerate() {
                    let number = index + 1;
                    pair(
                        form,
                        &format!("{prefix}.{number}.{key}"),
                        &scalar::text(self.view, entry),
                    );
                    let name = format!("{prefix}.{number}.{of_value}");
                    self.form_value(element.shape, None, value, &name, form, depth + 1)?;
                }
                Ok(())
            }
            _ => {
                let format = member
                    .and_then(|member| member.timestamp)
                    .unwrap_or(TimestampFormat::Iso);
                pair(form, name, &self.scalar_text(shape, value, format, field)?);
                Ok(())
            }
        }
    }

    fn form_list(
        &self,
        element: &Element,
        is_flat: bool,
        list: ValueRef,
        name: &str,
        form: &mut String,
        depth: usize,
    ) -> Result<(), ParameterProblem> {
        if self.view.count(list) == 0 && !self.is_ec2() {
            pair(form, name, "");
        }
        let prefix = match (is_flat, element.name.as_deref()) {
            (false, of_element) => format!("{name}.{}", of_element.unwrap_or("member")),
            // A list without an element of its own takes the name of what it lists.
            (true, Some(of_element)) if !self.is_ec2() => match name.rsplit_once('.') {
                Some((before, _)) => format!("{before}.{of_element}"),
                None => of_element.to_owned(),
            },
            (true, _) => name.to_owned(),
        };
        for (index, value) in self.view.elements(list).enumerate() {
            let name = format!("{prefix}.{}", index + 1);
            self.form_value(element.shape, None, value, &name, form, depth + 1)?;
        }
        Ok(())
    }
}

fn join(prefix: &str, name: &str) -> String {
    match prefix.is_empty() {
        true => name.to_owned(),
        false => format!("{prefix}.{name}"),
    }
}

fn pair(form: &mut String, name: &str, text: &str) {
    form.push('&');
    encode(form, name, false);
    form.push('=');
    encode(form, text, false);
}
