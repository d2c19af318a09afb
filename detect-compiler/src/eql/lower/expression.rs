//! Values and computed conditions to typed expressions.

use super::leaf::{Kind, Subject};
use super::scope::Scope;
use super::{Lower, condition, fold};
use crate::diagnostic::nearest;
use crate::eql::Dialect;
use crate::eql::ast::{Arithmetic, Comparison, Kind as Node_, Node, Pattern, Span, StringOperator};
use crate::eql::error::EqlErrorKind;
use crate::plan::{Expr, ExprKind, Field};
use crate::schema::Mapping;
use detect_runtime::functions::{self, Argument, Function, SignatureError};
use detect_runtime::value::{Owned, Type};

/// Names as users write them, and the runtime's; the second is the form with `~`.
const FUNCTIONS: &[(&str, &str, Option<&str>)] = &[
    ("add", "eql.add", None),
    ("between", "eql.between", Some("eql.between_folded")),
    ("concat", "eql.concat", None),
    ("divide", "eql.divide", None),
    ("endsWith", "eql.ends_with", Some("eql.ends_with_folded")),
    ("indexOf", "eql.index_of", Some("eql.index_of_folded")),
    ("length", "eql.length", None),
    ("modulo", "eql.modulo", None),
    ("multiply", "eql.multiply", None),
    ("number", "eql.number", None),
    ("startsWith", "eql.starts_with", Some("eql.starts_with_folded")),
    ("string", "eql.string", None),
    ("stringContains", "eql.string_contains", Some("eql.string_contains_folded")),
    ("substring", "eql.substring", None),
    ("subtract", "eql.subtract", None),
];

impl Lower<'_> {
    pub(super) fn expression(&mut self, node: &Node, scope: &mut Scope) -> Expr {
        match &node.kind {
            Node_::Literal(literal) => fold::literal(literal),
            Node_::Field { path, optional } => self.field_expression(path, *optional, node, scope),
            Node_::Variable { .. } => match self.subject(node, scope) {
                Some(subject) => value_of(subject.field),
                None => fold::constant(Owned::Null),
            },
            Node_::Call { name, folded, args } => self.call(node, name, *folded, args, scope),
            Node_::Negate(inner) => {
                let inner = self.expression(inner, scope);
                self.apply("-", "eql.negate", vec![inner], &node.span)
            }
            Node_::Arithmetic { operator, left, right } => {
                let (symbol, name) = match operator {
                    Arithmetic::Add => ("+", "eql.add"),
                    Arithmetic::Subtract => ("-", "eql.subtract"),
                    Arithmetic::Multiply => ("*", "eql.multiply"),
                    Arithmetic::Divide => ("/", "eql.divide"),
                    Arithmetic::Modulo => ("%", "eql.modulo"),
                };
                let args = vec![self.expression(left, scope), self.expression(right, scope)];
                self.apply(symbol, name, args, &node.span)
            }
            Node_::Compare { operator, left, right } => {
                let both_vary = !self.is_constant(left, scope) && !self.is_constant(right, scope);
                if both_vary && !self.endpoint() {
                    self.errors.push(EqlErrorKind::FieldComparison.at(&right.span));
                }
                let (left, right) = (self.expression(left, scope), self.expression(right, scope));
                compare_expressions(*operator, left, right)
            }
            Node_::In { value, list, negated, folded } => {
                let value = self.expression(value, scope);
                let equal = list.iter().map(|item| {
                    let item = self.expression(item, scope);
                    equal_expressions(value.clone(), item, *folded)
                });
                let any = fold::or(equal.collect());
                if *negated { fold::not(any) } else { any }
            }
            Node_::Match { operator, value, patterns } => {
                self.match_expression(*operator, value, patterns, scope)
            }
            Node_::Not(inner) => fold::not(self.expression(inner, scope)),
            Node_::And(all) => {
                fold::and(all.iter().map(|node| self.expression(node, scope)).collect())
            }
            Node_::Or(all) => {
                fold::or(all.iter().map(|node| self.expression(node, scope)).collect())
            }
            Node_::Descendant(_) => self.condition_value(node, scope),
        }
    }

    /// A condition inside an expression.
    fn condition_value(&mut self, node: &Node, scope: &mut Scope) -> Expr {
        let cond = self.condition(node, scope);
        Expr { ty: Type::Boolean, kind: ExprKind::Cond(Box::new(cond)) }
    }

    fn field_expression(
        &mut self,
        path: &str,
        optional: bool,
        node: &Node,
        scope: &mut Scope,
    ) -> Expr {
        if let Some((term, path)) = scope.alias(path) {
            self.check_field(path, &node.span);
            let field = self.field(path);
            return Expr { ty: field.ty, kind: ExprKind::Captured { term, field } };
        }
        if self.is_null_field(path, optional) {
            return fold::constant(Owned::Null);
        }
        self.subject(node, scope)
            .map_or_else(|| fold::constant(Owned::Null), |subject| value_of(subject.field))
    }

    fn match_expression(
        &mut self,
        operator: StringOperator,
        value: &Node,
        patterns: &[Pattern],
        scope: &mut Scope,
    ) -> Expr {
        let input = self.expression(value, scope);
        let textual = matches!(Kind::of(input.ty), Kind::Text | Kind::Version | Kind::Address);
        if !textual {
            let problem = "patterns need a text; use `==`".to_owned();
            self.errors.push(EqlErrorKind::Type(problem).at(&value.span));
        }
        let tests = self.pattern_tests(operator, patterns);
        fold::test(input, tests)
    }

    fn call(
        &mut self,
        node: &Node,
        name: &str,
        folded: bool,
        args: &[Node],
        scope: &mut Scope,
    ) -> Expr {
        let lower = name.to_ascii_lowercase();
        match (lower.as_str(), args) {
            ("cidrmatch", _) if folded => {
                self.errors.push(EqlErrorKind::NotFolded("cidrMatch".to_owned()).at(&node.span));
                return fold::constant(Owned::Null);
            }
            ("cidrmatch", _) => return self.cidr_match(name, args, &node.span, scope),
            // Elasticsearch had it once; `like` takes a list there.
            ("wildcard", [value, patterns @ ..]) if self.endpoint() && !patterns.is_empty() => {
                let patterns: Option<Vec<Pattern>> =
                    patterns.iter().map(condition::pattern_of).collect();
                if let Some(patterns) = patterns {
                    let operator =
                        if folded { StringOperator::LikeFolded } else { StringOperator::Like };
                    return self.match_expression(operator, value, &patterns, scope);
                }
            }
            ("arraysearch" | "_arraysearch", [_, _, _]) | ("arraycontains", [_, _, ..])
                if self.endpoint() =>
            {
                return self.condition_value(node, scope);
            }
            _ => {}
        }
        let Some((written, plain, insensitive)) =
            FUNCTIONS.iter().find(|(written, ..)| written.eq_ignore_ascii_case(name))
        else {
            return self.unknown_function(name, &node.span);
        };
        let runtime = match (folded, insensitive) {
            (false, _) => *plain,
            (true, Some(insensitive)) => *insensitive,
            (true, None) => {
                self.errors.push(EqlErrorKind::NotFolded((*written).to_owned()).at(&node.span));
                *plain
            }
        };
        let runtime = match (runtime, self.context.dialect) {
            ("eql.between", Dialect::Endpoint) => "eql.between_or_null",
            ("eql.between_folded", Dialect::Endpoint) => "eql.between_or_null_folded",
            (runtime, _) => runtime,
        };
        let args = args.iter().map(|argument| self.expression(argument, scope)).collect();
        self.apply(written, runtime, args, &node.span)
    }

    fn cidr_match(&mut self, name: &str, args: &[Node], span: &Span, scope: &mut Scope) -> Expr {
        let [value, blocks @ ..] = args else { return self.argument_count(name, span) };
        if blocks.is_empty() {
            return self.argument_count(name, span);
        }
        let tests = self.blocks(blocks, scope);
        let input = self.expression(value, scope);
        fold::test(input, tests)
    }

    fn argument_count(&mut self, name: &str, span: &Span) -> Expr {
        let reason = "expected at least 2 arguments".to_owned();
        self.errors.push(EqlErrorKind::Call { name: name.to_owned(), reason }.at(span));
        fold::constant(Owned::Null)
    }

    fn unknown_function(&mut self, name: &str, span: &Span) -> Expr {
        let known = FUNCTIONS.iter().map(|(written, ..)| *written).chain(["cidrMatch"]);
        let near = nearest(name, known).map(str::to_owned);
        self.errors.push(EqlErrorKind::UnknownFunction { name: name.to_owned(), near }.at(span));
        fold::constant(Owned::Null)
    }

    /// A call of a runtime function, folded if constant.
    fn apply(&mut self, written: &str, name: &str, mut args: Vec<Expr>, span: &Span) -> Expr {
        let Some(function) = functions::lookup(name) else {
            return self.unknown_function(written, span);
        };
        loop {
            let arguments: Vec<Argument<'_>> =
                args.iter().map(|argument| Argument { ty: argument.ty, constant: None }).collect();
            let error = match (function.resolve)(&arguments) {
                Ok(signature) => return fold::call(function, args, signature.result),
                Err(error) => error,
            };
            if !self.coerce(&mut args, &error) {
                let reason = error.to_string();
                self.errors.push(EqlErrorKind::Call { name: written.to_owned(), reason }.at(span));
                return fold::constant(Owned::Null);
            }
        }
    }

    /// Mends an argument of the wrong type where rules rely on it: a name in no
    /// table may be a number, and Endpoint prints what should be a text.
    fn coerce(&self, args: &mut [Expr], error: &SignatureError) -> bool {
        let SignatureError::Type { index, expected, .. } = error else { return false };
        let Some(argument) = args.get_mut(*index) else { return false };
        let unknown = match &argument.kind {
            ExprKind::Field(field) | ExprKind::Captured { field, .. } => {
                !self.strict() && !self.context.schema.lookup(&field.path).known
            }
            _ => false,
        };
        match expected.as_str() {
            "a number" | "a whole number" if unknown => retype(argument, Type::Double),
            "a string" if self.endpoint() => {
                let Some(string) = functions::lookup("eql.string") else { return false };
                let inner = std::mem::replace(argument, fold::constant(Owned::Null));
                *argument = fold::call(string, vec![inner], Type::Keyword);
                true
            }
            _ => false,
        }
    }
}

/// Fields.
impl Lower<'_> {
    /// Whether an expression has no field, variable or lineage in it. Unmapped
    /// `?field`s are constants.
    pub(super) fn is_constant(&self, node: &Node, scope: &Scope) -> bool {
        let all = |nodes: &[Node]| nodes.iter().all(|node| self.is_constant(node, scope));
        match &node.kind {
            Node_::Literal(_) => true,
            Node_::Field { path, optional } => {
                scope.bare_variable(path).is_none()
                    && scope.alias(path).is_none()
                    && self.is_null_field(path, *optional)
            }
            Node_::Variable { .. } | Node_::Descendant(_) => false,
            // A call without arguments is wrong, and is told so elsewhere.
            Node_::Call { args, .. } => all(args),
            Node_::Negate(inner) | Node_::Not(inner) => self.is_constant(inner, scope),
            Node_::Arithmetic { left, right, .. } | Node_::Compare { left, right, .. } => {
                self.is_constant(left, scope) && self.is_constant(right, scope)
            }
            Node_::In { value, list, .. } => self.is_constant(value, scope) && all(list),
            Node_::Match { value, .. } => self.is_constant(value, scope),
            Node_::And(nodes) | Node_::Or(nodes) => all(nodes),
        }
    }

    /// Whether `?path` stands for null.
    fn is_null_field(&self, path: &str, optional: bool) -> bool {
        optional && self.strict() && !self.context.schema.lookup(path).known
    }

    /// The field of the current event that a node is; `None` for anything else.
    pub(super) fn subject(&mut self, node: &Node, scope: &Scope) -> Option<Subject> {
        let path = match &node.kind {
            Node_::Field { path, optional } => match scope.bare_variable(path) {
                Some(path) => path,
                None if scope.alias(path).is_some() || self.is_null_field(path, *optional) => {
                    return None;
                }
                None => path.clone(),
            },
            Node_::Variable { name, path } => {
                let Some(path) = scope.variable(name, path) else {
                    let variable = format!("${name}");
                    self.errors.push(EqlErrorKind::Undefined(variable).at(&node.span));
                    return None;
                };
                path
            }
            _ => return None,
        };
        self.check_field(&path, &node.span);
        let declared = self.context.schema.lookup(&path);
        Some(Subject { field: self.field(&path), declared, span: node.span.clone() })
    }

    /// Complains about names that no table has and about types that EQL cannot
    /// read.
    pub(super) fn check_field(&mut self, path: &str, span: &Span) {
        let declared = self.context.schema.lookup(path);
        let seen = self.errors.iter().any(|error| error.span == *span);
        if seen {
            return;
        }
        if !declared.known {
            return self.unknown_field(path, span);
        }
        if !self.strict() {
            return;
        }
        let nested =
            ancestors(path).any(|path| self.context.schema.lookup(path).mapping == Mapping::Nested);
        let problem = match declared.mapping {
            _ if nested => "nested fields are not supported".to_owned(),
            Mapping::Text => format!("`{path}` is analysed text without a keyword sub-field"),
            Mapping::Plain if Kind::of(declared.ty) == Kind::Other => {
                "geographic fields are not supported".to_owned()
            }
            _ => return,
        };
        self.errors.push(EqlErrorKind::Type(problem).at(span));
    }

    fn unknown_field(&mut self, name: &str, span: &Span) {
        let schema = self.context.schema;
        if self.strict() {
            let near = nearest(name, schema.names()).map(str::to_owned);
            let kind = EqlErrorKind::UnknownField { name: name.to_owned(), near };
            self.errors.push(kind.at(span));
            return;
        }
        if self.warnings.iter().any(|warning| warning.message.contains(name)) {
            return;
        }
        self.warnings.extend(schema.unknown(name, span.clone()));
    }
}

pub(super) fn compare_expressions(operator: Comparison, left: Expr, right: Expr) -> Expr {
    match operator {
        Comparison::Equal => equal_expressions(left, right, false),
        Comparison::NotEqual => fold::not(equal_expressions(left, right, false)),
        Comparison::Less => binary("eql.less", left, right),
        Comparison::LessEqual => binary("eql.less_equal", left, right),
        Comparison::Greater => binary("eql.less", right, left),
        Comparison::GreaterEqual => binary("eql.less_equal", right, left),
    }
}

/// `==`; beside the literal null it asks for null.
pub(super) fn equal_expressions(left: Expr, right: Expr, folded: bool) -> Expr {
    let null = |expr: &Expr| matches!(fold::value(expr), Some(Owned::Null));
    if null(&right) {
        return unary("eql.is_null", left);
    }
    if null(&left) {
        return unary("eql.is_null", right);
    }
    binary(if folded { "eql.equals_folded" } else { "eql.equals" }, left, right)
}

fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rsplit_once('.').map(|(parent, _)| parent))
}

fn value_of(field: Field) -> Expr {
    Expr { ty: field.ty, kind: ExprKind::Field(field) }
}

fn retype(expr: &mut Expr, ty: Type) -> bool {
    let changed = expr.ty != ty;
    expr.ty = ty;
    if let ExprKind::Field(field) | ExprKind::Captured { field, .. } = &mut expr.kind {
        field.ty = ty;
    }
    changed
}

fn function(name: &str) -> Option<&'static Function> {
    functions::lookup(name)
}

fn binary(name: &str, left: Expr, right: Expr) -> Expr {
    function(name).map_or_else(
        || fold::constant(Owned::Null),
        |function| fold::call(function, vec![left, right], Type::Boolean),
    )
}

fn unary(name: &str, operand: Expr) -> Expr {
    function(name).map_or_else(
        || fold::constant(Owned::Null),
        |function| fold::call(function, vec![operand], Type::Boolean),
    )
}
