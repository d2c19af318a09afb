//! Boolean expressions to two-valued conditions (section 3.1 of
//! `reference/eql.md`): a leaf is true or false, `not` is the complement.

use super::expression::{compare_expressions, equal_expressions};
use super::leaf::{Kind, Subject};
use super::scope::Scope;
use super::{Lower, and, fold, not, or};
use crate::eql::ast::{Comparison, EventQuery, Kind as Node_, Literal, Node, Pattern, Span};
use crate::eql::error::EqlErrorKind;
use crate::plan::{Choice, Cond, Expr, ExprKind, Field};
use crate::schema::Mapping;
use detect_runtime::lineage::MOST_OF_RULE;
use detect_runtime::test::Test;
use detect_runtime::value::address::Block;
use detect_runtime::value::{Owned, Type};

impl Lower<'_> {
    pub(super) fn condition(&mut self, node: &Node, scope: &mut Scope) -> Cond {
        if let Some(constant) = self.constant_condition(node, scope) {
            return constant;
        }
        match &node.kind {
            Node_::And(all) => and(all.iter().map(|node| self.condition(node, scope)).collect()),
            Node_::Or(all) => or(all.iter().map(|node| self.condition(node, scope)).collect()),
            Node_::Not(inner) => not(self.condition(inner, scope)),
            Node_::Compare { operator, left, right } => {
                self.comparison(*operator, left, right, scope)
            }
            Node_::In { value, list, negated, folded } => {
                let any = self.membership(value, list, *folded, scope);
                if *negated { not(any) } else { any }
            }
            Node_::Match { operator, value, patterns } => match self.subject(value, scope) {
                Some(subject) => self.matches(&subject, *operator, patterns),
                None => self.computed(node, scope),
            },
            Node_::Field { .. } | Node_::Variable { .. } => match self.subject(node, scope) {
                Some(subject) => self.boolean_leaf(&subject),
                None => self.computed(node, scope),
            },
            Node_::Call { name, folded, args } => {
                self.call_condition(node, name, *folded, args, scope)
            }
            Node_::Descendant(event) => self.lineage(event, &node.span),
            Node_::Literal(_) | Node_::Negate(_) | Node_::Arithmetic { .. } => {
                self.not_boolean(&node.span)
            }
        }
    }

    /// A condition on constants alone; null is false.
    fn constant_condition(&mut self, node: &Node, scope: &mut Scope) -> Option<Cond> {
        if !self.is_constant(node, scope) {
            return None;
        }
        let expr = self.expression(node, scope);
        Some(match fold::truth(&expr) {
            Some(truth) => Cond::Const(truth == fold::Truth::True),
            None => self.not_boolean(&node.span),
        })
    }

    fn comparison(
        &mut self,
        operator: Comparison,
        left: &Node,
        right: &Node,
        scope: &mut Scope,
    ) -> Cond {
        if self.is_constant(left, scope) {
            return self.comparison_with(operator.flipped(), right, left, scope);
        }
        if self.is_constant(right, scope) {
            return self.comparison_with(operator, left, right, scope);
        }
        if !self.endpoint() {
            self.errors.push(EqlErrorKind::FieldComparison.at(&right.span));
            return Cond::Const(false);
        }
        self.computed_comparison(operator, left, right, scope)
    }

    /// A comparison whose right side is constant.
    fn comparison_with(
        &mut self,
        operator: Comparison,
        value: &Node,
        constant: &Node,
        scope: &mut Scope,
    ) -> Cond {
        let literal = self.literal(constant, scope);
        if operator == Comparison::NotEqual {
            let equal = self.comparison_with(Comparison::Equal, value, constant, scope);
            return not(equal);
        }
        let equal = operator == Comparison::Equal;
        match (self.subject(value, scope), literal) {
            (_, None) => Cond::Const(false),
            (_, Some(Literal::Null)) if !equal => Cond::Const(false),
            (Some(subject), Some(Literal::Null)) => not(subject.exists()),
            (Some(subject), Some(literal)) => {
                self.compare(&subject, operator, &literal, false, &constant.span)
            }
            (None, Some(Literal::Boolean(true))) if equal && is_logical(value) => {
                self.condition(value, scope)
            }
            (None, Some(_)) => self.computed_comparison(operator, value, constant, scope),
        }
    }

    /// A comparison of computed values; `!=` is the complement of `==`.
    fn computed_comparison(
        &mut self,
        operator: Comparison,
        left: &Node,
        right: &Node,
        scope: &mut Scope,
    ) -> Cond {
        if operator == Comparison::NotEqual {
            return not(self.computed_comparison(Comparison::Equal, left, right, scope));
        }
        let (left, right) = (self.expression(left, scope), self.expression(right, scope));
        each(compare_expressions(operator, left, right))
    }

    fn membership(&mut self, value: &Node, list: &[Node], folded: bool, scope: &mut Scope) -> Cond {
        let subject = self.subject(value, scope);
        let mut all = Vec::with_capacity(list.len());
        for item in list {
            if !self.is_constant(item, scope) {
                if !self.endpoint() {
                    self.errors.push(EqlErrorKind::FieldComparison.at(&item.span));
                    continue;
                }
                let (a, b) = (self.expression(value, scope), self.expression(item, scope));
                all.push(each(equal_expressions(a, b, folded)));
                continue;
            }
            let Some(literal) = self.literal(item, scope) else { continue };
            if let Some(subject) = &subject {
                let span = &item.span;
                all.push(self.compare(subject, Comparison::Equal, &literal, folded, span));
            } else {
                let value = self.expression(value, scope);
                all.push(each(equal_expressions(value, fold::literal(&literal), folded)));
            }
        }
        or(all)
    }

    fn boolean_leaf(&mut self, subject: &Subject) -> Cond {
        let boolean = match Kind::of(subject.field.ty) {
            Kind::Boolean => true,
            // A name in no table may be boolean.
            Kind::Text => !subject.declared.known,
            _ => false,
        };
        if boolean { subject.any(Test::Boolean(true)) } else { self.not_boolean(&subject.span) }
    }

    fn call_condition(
        &mut self,
        node: &Node,
        name: &str,
        folded: bool,
        args: &[Node],
        scope: &mut Scope,
    ) -> Cond {
        match (name.to_ascii_lowercase().as_str(), args) {
            ("startswith", [value, constant]) => {
                self.affix_call(node, value, constant, (false, true), folded, scope)
            }
            ("endswith", [value, constant]) => {
                self.affix_call(node, value, constant, (true, false), folded, scope)
            }
            ("stringcontains", [value, constant]) => {
                self.affix_call(node, value, constant, (true, true), folded, scope)
            }
            ("cidrmatch", [value, blocks @ ..]) if !folded && !blocks.is_empty() => {
                let tests = self.blocks(blocks, scope);
                match self.subject(value, scope) {
                    Some(subject) => {
                        self.check_address(&subject);
                        or(tests.into_iter().map(|test| subject.any(test)).collect())
                    }
                    None => self.computed(node, scope),
                }
            }
            ("arraysearch" | "_arraysearch", [array, variable, condition]) if self.endpoint() => {
                self.array_search(array, variable, condition, scope)
            }
            ("arraycontains", [array, values @ ..]) if self.endpoint() && !values.is_empty() => {
                self.membership(array, values, true, scope)
            }
            _ => self.computed(node, scope),
        }
    }

    /// `startsWith`, `endsWith`, `stringContains` of a text field and a constant
    /// are patterns; everything else is computed.
    fn affix_call(
        &mut self,
        node: &Node,
        value: &Node,
        constant: &Node,
        (before, after): (bool, bool),
        folded: bool,
        scope: &mut Scope,
    ) -> Cond {
        if self.is_constant(constant, scope)
            && let Some(subject) = self.subject(value, scope)
            && Kind::of(subject.field.ty) == Kind::Text
            && let Some(Literal::Text(text)) = self.literal(constant, scope)
        {
            let folded = folded || subject.declared.mapping == Mapping::Caseless;
            return subject.any(self.affix(&text, before, after, folded));
        }
        self.computed(node, scope)
    }

    /// The constant blocks of `cidrMatch`.
    pub(super) fn blocks(&mut self, blocks: &[Node], scope: &mut Scope) -> Vec<Test> {
        let mut tests = Vec::with_capacity(blocks.len());
        for node in blocks {
            if !self.is_constant(node, scope) {
                self.errors.push(EqlErrorKind::FieldComparison.at(&node.span));
                continue;
            }
            let block = match self.literal(node, scope) {
                Some(Literal::Text(text)) => Block::parse(&text),
                _ => None,
            };
            if let Some(Block { address, bits }) = block {
                tests.push(Test::Cidr { address, bits });
            } else {
                let problem = "not a block of addresses".to_owned();
                self.errors.push(EqlErrorKind::Type(problem).at(&node.span));
            }
        }
        tests
    }

    fn check_address(&mut self, subject: &Subject) {
        let fits = match Kind::of(subject.field.ty) {
            Kind::Address => true,
            Kind::Text => !self.strict(),
            _ => false,
        };
        if !fits {
            let problem = "`cidrMatch` needs an address".to_owned();
            self.errors.push(EqlErrorKind::Type(problem).at(&subject.span));
        }
    }

    fn array_search(
        &mut self,
        array: &Node,
        variable: &Node,
        condition: &Node,
        scope: &mut Scope,
    ) -> Cond {
        let Some(Field { path, .. }) = self.subject(array, scope).map(|subject| subject.field)
        else {
            return self.not_an_array(&array.span);
        };
        let name = match &variable.kind {
            Node_::Variable { name, path } if path.is_empty() => name.clone(),
            Node_::Field { path, optional: false } => path.clone(),
            _ => return self.not_an_array(&variable.span),
        };
        scope.variables.push((name, path.clone()));
        let cond = self.condition(condition, scope);
        scope.variables.pop();
        Cond::Element { path, cond: Box::new(cond) }
    }

    fn not_an_array(&mut self, span: &Span) -> Cond {
        let problem = "`_arraysearch` takes an array field, a variable and a condition".to_owned();
        self.errors.push(EqlErrorKind::Type(problem).at(span));
        Cond::Const(false)
    }

    fn lineage(&mut self, event: &EventQuery, span: &Span) -> Cond {
        let cond = self.event(event, &mut Scope::default());
        self.lineages.push(cond);
        if self.lineages.len() == MOST_OF_RULE + 1 {
            self.errors.push(EqlErrorKind::Lineages(MOST_OF_RULE).at(span));
        }
        Cond::DescendantOf(self.lineages.len() - 1)
    }

    /// A leaf with functions: true if some choice of values makes it true.
    fn computed(&mut self, node: &Node, scope: &mut Scope) -> Cond {
        let expr = self.expression(node, scope);
        if !matches!(expr.ty, Type::Boolean | Type::Null) {
            return self.not_boolean(&node.span);
        }
        match fold::truth(&expr) {
            Some(truth) => Cond::Const(truth == fold::Truth::True),
            None => each(expr),
        }
    }

    fn not_boolean(&mut self, span: &Span) -> Cond {
        let problem = "a condition must be true or false".to_owned();
        self.errors.push(EqlErrorKind::Type(problem).at(span));
        Cond::Const(false)
    }

    /// The constant that an expression without fields is.
    fn literal(&mut self, node: &Node, scope: &mut Scope) -> Option<Literal> {
        let expr = self.expression(node, scope);
        Some(match fold::value(&expr)? {
            Owned::Null => Literal::Null,
            Owned::Boolean(b) => Literal::Boolean(*b),
            Owned::Integer(n) => Literal::Integer((*n).into()),
            Owned::Long(n) => Literal::Integer(*n),
            Owned::Double(n) => Literal::Decimal(*n),
            Owned::Text(text) => Literal::Text(text.to_string()),
            _ => return None,
        })
    }
}

/// Whether the expression is a condition by its form, not by a field's type.
fn is_logical(node: &Node) -> bool {
    match &node.kind {
        Node_::Call { name, .. } => matches!(
            name.to_ascii_lowercase().as_str(),
            "startswith" | "endswith" | "stringcontains" | "cidrmatch" | "wildcard"
        ),
        Node_::Compare { .. }
        | Node_::In { .. }
        | Node_::Match { .. }
        | Node_::Not(_)
        | Node_::And(_)
        | Node_::Or(_)
        | Node_::Descendant(_) => true,
        _ => false,
    }
}

pub(super) fn each(expr: Expr) -> Cond {
    match (fold::truth(&expr), expr.kind) {
        (Some(truth), _) => Cond::Const(truth == fold::Truth::True),
        (None, ExprKind::Cond(cond)) => *cond,
        (None, kind) => Cond::Expr { expr: Expr { ty: Type::Boolean, kind }, choice: Choice::Each },
    }
}

/// The constant patterns of `wildcard(s, p..)`.
pub(super) fn pattern_of(node: &Node) -> Option<Pattern> {
    match &node.kind {
        Node_::Literal(Literal::Text(text)) => {
            Some(Pattern { text: text.clone(), span: node.span.clone() })
        }
        _ => None,
    }
}
