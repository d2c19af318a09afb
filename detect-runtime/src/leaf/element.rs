//! Questions about the elements of an array of objects.

use crate::event::{Element, Elements, FieldId};
use crate::matcher::Probe;
use crate::test::Tests;
use crate::value::{Cx, Type, Value, load};

/// True if some element of the arrays at the field satisfies the condition.
pub fn some<'a>(
    p: &mut Probe<'_, 'a>,
    field: FieldId,
    holds: fn(&mut Probe<'_, 'a>, Element<'a>) -> bool,
) -> bool {
    let event = p.event();
    event.elements(field).any(|element| holds(p, element))
}

/// The same for arrays below an element.
pub fn some_below<'a>(
    p: &mut Probe<'_, 'a>,
    element: Element<'a>,
    path: &str,
    holds: fn(&mut Probe<'_, 'a>, Element<'a>) -> bool,
) -> bool {
    let mut found = false;
    element.composites(path, p.cx.arena, &mut |raw| {
        found = found || Elements::new(raw).any(|inner| holds(p, inner));
    });
    found
}

/// True if some element of the arrays at a path of a document satisfies the
/// condition; `document` is its text, as a join of a sequence has it.
pub fn some_of_document<'a>(
    document: Value<'a>,
    path: &str,
    cx: &Cx<'a>,
    holds: &mut dyn FnMut(Element<'a>) -> bool,
) -> bool {
    let Value::Text(text) = document else { return false };
    Elements::new(text).any(|document| some_of_element(document, path, cx, holds))
}

/// The same for arrays below an element.
pub fn some_of_element<'a>(
    element: Element<'a>,
    path: &str,
    cx: &Cx<'a>,
    holds: &mut dyn FnMut(Element<'a>) -> bool,
) -> bool {
    let mut found = false;
    element.composites(path, cx.arena, &mut |raw| {
        found = found || Elements::new(raw).any(&mut *holds);
    });
    found
}

/// The value at a path below an element.
pub fn value<'a>(element: Element<'a>, path: &str, ty: Type, cx: &Cx<'a>) -> Value<'a> {
    let mut raws = bumpalo::collections::Vec::new_in(cx.arena);
    element.values(path, cx.arena, &mut |raw| raws.push(raw));
    load(raws, ty, cx.arena)
}

/// True if some value below the element passes one of the tests.
pub fn any<'a>(p: &Probe<'_, 'a>, element: Element<'a>, path: &str, tests: &Tests) -> bool {
    let mut found = false;
    element.values(path, p.cx.arena, &mut |raw| found = found || tests.one(raw));
    found
}

/// Number of values below the element.
pub fn count<'a>(p: &Probe<'_, 'a>, element: Element<'a>, path: &str) -> usize {
    let mut count = 0;
    element.values(path, p.cx.arena, &mut |_| count += 1);
    count
}

/// True if there is a value below the element; `objects`: or an object.
pub fn exists<'a>(p: &Probe<'_, 'a>, element: Element<'a>, path: &str, objects: bool) -> bool {
    count(p, element, path) > 0 || objects && element.has_object(path, p.cx.arena)
}
