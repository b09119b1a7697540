"""Einstein subscripts: ``"bij,bjk->bik"`` read into labels."""

from ...compiler.plugin import ArgumentError, ShapeError


def read_subscripts(subscripts, ranks):
    """The labels of each operand and of the result; axes under an ellipsis become ``...k``.

    Without ``->`` the result has the ellipsis and then, in alphabetical order, the letters that
    occur once.
    """
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise ArgumentError(f"{subscripts!r} names {len(terms)} arrays, got {len(ranks)}")
    operands = [_labels(term, rank, subscripts) for term, rank in zip(terms, ranks, strict=True)]
    hidden = sorted({n for names in operands for n in names if len(n) > 1}, key=_depth)
    if not arrow:
        seen = [n for names in operands for n in names if len(n) == 1]
        return operands, [*hidden, *sorted(n for n in set(seen) if seen.count(n) == 1)]
    result = _expanded(right, hidden, subscripts)
    known = {n for names in operands for n in names}
    if len(set(result)) != len(result) or not set(result) <= known:
        raise ArgumentError(f"the result {right!r} of {subscripts!r} repeats or invents a letter")
    return operands, result


def _labels(term, rank, subscripts):
    letters = len(term.replace("...", "", 1))
    count = rank - letters if "..." in term else 0
    if letters + count != rank or count < 0:
        raise ShapeError(f"{term!r} in {subscripts!r} does not fit an array of {rank} dimensions")
    return _expanded(term, [f"...{depth}" for depth in range(count, 0, -1)], subscripts)


def _expanded(term, hidden, subscripts):
    before, dots, after = term.partition("...")
    for letter in before + after:
        if not letter.isalpha():
            raise ArgumentError(f"{letter!r} in {subscripts!r} is no letter")
    return [*before, *(hidden if dots else ()), *after]


def _depth(name):
    return -int(name.removeprefix("..."))


def label_extents(operands, shapes):
    """The extent of each label; an extent of 1 gives way to another operand's."""
    extents = {}
    for names, shape in zip(operands, shapes, strict=True):
        own = {}
        for name, extent in zip(names, shape, strict=True):
            _check(name, own.setdefault(name, extent), extent)
        for name, extent in own.items():
            known = extents.get(name, 1)
            if extent != 1:
                _check(name, extent if known == 1 else known, extent)
            extents[name] = known if extent == 1 else extent
    return extents


def _check(name, known, extent):
    if known != extent:
        raise ShapeError(f"the label {name!r} has {known} elements here, {extent} there")
