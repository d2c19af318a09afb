//! DISSECT and GROK.

use super::Lowering;
use super::columns::{Column, Origin};
use crate::esql::analysis::{Analysed, AnalysisError, constant_value};
use crate::esql::ast::{Expr as Written, Name, Text};
use crate::plan::Stage;
use detect_runtime::text::{dissect, grok};
use detect_runtime::value::{Owned, Type};

impl Lowering<'_> {
    pub(super) fn dissect(
        &mut self,
        input: &Written,
        pattern: &Text,
        options: &[(Name, Written)],
    ) -> Analysed<()> {
        let text = self.text(input)?;
        let mut separator = String::new();
        for (name, value) in options {
            if !name.text.eq_ignore_ascii_case("append_separator") {
                return Err(AnalysisError::Option { name: name.text.clone(), span: name.span });
            }
            let typed = self.typer.expression(&mut self.columns, value)?;
            let Some(Owned::Text(given)) = constant_value(&typed) else {
                let what = "APPEND_SEPARATOR".to_owned();
                return Err(AnalysisError::Constant { what, span: value.span });
            };
            separator = given.to_string();
        }
        let keys = dissect::columns(&pattern.text).map_err(|error| AnalysisError::Pattern {
            reason: error.to_string(),
            span: pattern.span,
        })?;
        let mut outputs = Vec::with_capacity(keys.len());
        for key in keys {
            let slot = self.columns.fresh(Origin::Opaque);
            self.columns.define(Column { name: key.clone(), ty: Type::Keyword, slot });
            outputs.push((key, slot));
        }
        let pattern = pattern.text.clone();
        self.stages.push(Stage::Dissect { input: text, pattern, separator, outputs });
        Ok(())
    }

    pub(super) fn grok(&mut self, input: &Written, patterns: &[Text]) -> Analysed<()> {
        let text = self.text(input)?;
        let texts: Vec<&str> = patterns.iter().map(|pattern| pattern.text.as_str()).collect();
        let captures = grok::columns(&texts).map_err(|error| {
            // The first pattern that does not stand alone is the one to show.
            let broken = patterns.iter().find(|p| grok::columns(&[p.text.as_str()]).is_err());
            let span = broken.map_or(input.span, |pattern| pattern.span);
            AnalysisError::Pattern { reason: error.to_string(), span }
        })?;
        let mut outputs = Vec::with_capacity(captures.len());
        for (name, ty) in captures {
            let slot = self.columns.fresh(Origin::Opaque);
            self.columns.define(Column { name: name.clone(), ty, slot });
            outputs.push((name, ty, slot));
        }
        let patterns = texts.into_iter().map(str::to_owned).collect();
        self.stages.push(Stage::Grok { input: text, patterns, outputs });
        Ok(())
    }
}
