//! DISSECT and GROK.

use super::Lowering;
use crate::esql::analysis::{Analysed, AnalysisError, constant_value};
use crate::esql::ast::{Expr as Written, Name, Text};
use detect_runtime::value::Owned;

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
        let _ = (text, separator);
        Err(AnalysisError::Unsupported { what: "DISSECT".into(), span: pattern.span })
    }

    pub(super) fn grok(&mut self, input: &Written, patterns: &[Text]) -> Analysed<()> {
        let text = self.text(input)?;
        let _ = (text, patterns);
        Err(AnalysisError::Unsupported { what: "GROK".into(), span: input.span })
    }
}
