"""Which kernels are done together by blocks of rows.

A region grows from a kernel of rows: the products that make the wide arrays it reads, and
whatever uses the wide arrays that it makes, as long as no other kernel has to run in between. A
wide array that is made in one region and read in another is made again there, where that costs
less than its way through memory. What no longer has to lie in memory as a whole is what a region
brings; one that brings nothing is given up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ..graph import Unit
from .costs import NEAR_BYTES
from .kernels import Kernel, Nest, Product
from .product_schedule import accumulating, plan
from .products import shape_of
from .tiled import (
    Member,
    Root,
    Space,
    Tiled,
    block_rows,
    member_of,
    rows_bytes,
    space_of,
    widest_of,
)
from .vectors import target

LEAST_BATCHES = 4
"""A sum over the rows of fewer matrices is left apart: one thread would have to go through each."""

MOST_SUMMED = 128
"""Products that sum up more are left alone: by blocks they would prepare their right operand again
for each, and a result that takes so long is cheaper to keep than to make again."""


class Tiling:
    """Joins kernels into regions.

    Parameters
    ----------
    kernels : sequence of Kernel
        All of them, in an order in which they could run.
    kept : set of Unit
        What must lie in memory after the program.
    root : callable
        The unit whose memory a unit shares.
    """

    def __init__(self, kernels: Sequence[Kernel], kept: set[Unit], root: Root) -> None:
        self.kernels = list(kernels)
        self.kept = kept
        self.root = root
        self.maker = {unit: kernel for kernel in kernels for unit in kernel.writes}
        self.readers: dict[Unit, list[Kernel]] = {}
        for kernel in kernels:
            for unit in self._reads(kernel):
                self.readers.setdefault(unit, []).append(kernel)
        self.home: dict[Kernel, _Region] = {}

    def result(self) -> list[Kernel]:
        """The kernels, with those of each region as one."""
        regions = [region for kernel in self.kernels for region in self._grown(kernel)]
        regions = self._useful(regions)
        originals = {m.kernel for region in regions for m in region.members if not m.again}
        rest = [kernel for kernel in self.kernels if kernel not in originals]
        return [*rest, *(self._kernel(region, regions) for region in regions)]

    def _reads(self, kernel: Kernel) -> tuple[Unit, ...]:
        return tuple(dict.fromkeys(map(self.root, kernel.reads)))

    def _is_wide(self, unit: Unit) -> bool:
        return unit.array_type.nbytes >= NEAR_BYTES and unit not in self.kept

    # Growing.

    def _grown(self, seed: Kernel) -> Iterator[_Region]:
        """The region around a nest that reads a wide product."""
        if seed in self.home or not isinstance(seed, Nest):
            return
        for unit in self._reads(seed):
            maker = self.maker.get(unit)
            space = space_of(maker) if maker is not None and self._is_wide(unit) else None
            if space is None or not _is_short(maker):
                continue
            member = member_of(seed, space, unit, self.root)
            if member is None or unit not in member.by_rows:
                continue
            region = _Region(space, [], self.root)
            if not self._fits(region, member):
                continue
            region.members.append(member)
            self._grow(region)
            if region.is_worthwhile:
                self.home.update((m.kernel, region) for m in region.members if not m.again)
                yield region
            return

    def _grow(self, region: _Region) -> None:
        before = -1
        while before != len(region.members):
            before = len(region.members)
            for member in list(region.members):
                for unit in self._reads(member.kernel):
                    self._make(region, unit)
            for unit in list(region.made):
                for reader in self.readers.get(unit, ()):
                    self._use(region, unit, reader)

    def _make(self, region: _Region, unit: Unit) -> None:
        """Take in what makes a wide array that the region reads."""
        maker = self.maker.get(unit)
        if maker is None or unit in region.made or not self._is_wide(unit):
            return
        if not _is_short(maker):
            return
        again = maker in self.home
        found = member_of(maker, region.space, unit, self.root)
        if found is None or found.role == "over":
            return
        member = replace(found, again=again)
        if self._fits(region, member):
            region.members.insert(0, member)

    def _use(self, region: _Region, unit: Unit, reader: Kernel) -> None:
        """Take in what reads a wide array that the region makes."""
        if not self._is_wide(unit) or reader in self.home or region.has(reader):
            return
        member = member_of(reader, region.space, unit, self.root)
        if member is None or (member.role == "over" and region.space.batches < LEAST_BATCHES):
            return
        if self._fits(region, member):
            region.members.append(member)

    def _fits(self, region: _Region, member: Member) -> bool:
        """True when nothing outside would have to run between the members, and rows are rows."""
        if member.role == "nest" and not member.by_rows.issuperset(member.kernel.writes):
            return False
        together = [*region.members, member]
        maker = {unit: m for m in together for unit in m.kernel.writes}
        for each in together:
            for unit in self._reads(each.kernel):
                made = maker.get(unit)
                if made is not None and not (unit in each.by_rows and unit in made.by_rows):
                    return False
        return self._is_closed(together)

    def _is_closed(self, members: Sequence[Member]) -> bool:
        """True when nothing between the members is outside; other regions are done as a whole."""
        own = {member.kernel for member in members}
        originals = {member.kernel for member in members if not member.again}
        pending = [kernel for kernel in self._before(own) if kernel not in own]
        seen: set[Kernel] = set()
        while pending:
            kernel = pending.pop()
            if kernel in originals:
                return False
            if kernel in seen:
                continue
            region = self.home.get(kernel)
            together = {kernel} if region is None else {m.kernel for m in region.members}
            seen |= {each for each in together if self.home.get(each) is region}
            pending += [each for each in self._before(together) if each not in together]
        return True

    def _before(self, kernels: Iterable[Kernel]) -> Iterator[Kernel]:
        """The makers of what kernels read."""
        for kernel in kernels:
            for unit in self._reads(kernel):
                if unit in self.maker:
                    yield self.maker[unit]

    # Finishing.

    def _useful(self, regions: list[_Region]) -> list[_Region]:
        """The regions that keep a wide array out of memory."""
        while True:
            useful = [region for region in regions if self._locals(region, regions)]
            if len(useful) == len(regions):
                return useful
            regions = useful

    def _locals(self, region: _Region, regions: Sequence[_Region]) -> list[Unit]:
        """What exists in the region by blocks only."""
        found = []
        for member in region.ordered:
            for unit in member.kernel.writes:
                if member.role == "over":
                    continue
                if member.again or (self._is_wide(unit) and self._stays_inside(unit, regions)):
                    found.append(unit)
        return found

    def _stays_inside(self, unit: Unit, regions: Sequence[_Region]) -> bool:
        """True when whoever reads the unit is where it is made, each time that it is done."""
        for reader in self.readers.get(unit, ()):
            homes = [region for region in regions if region.has(reader)]
            if not homes or not all(unit in region.made for region in homes):
                return False
        return True

    def _kernel(self, region: _Region, regions: Sequence[_Region]) -> Tiled:
        space, local = region.space, self._locals(region, regions)
        block = block_rows(space.rows, widest_of(local, space))
        members = tuple(_planned(member, space, block) for member in region.ordered)
        units = dict.fromkeys(u for m in members if not m.again for u in m.kernel.units)
        apart = tuple(dict.fromkeys(r for m in members for r in m.kernel.apart))
        sizes = {unit: rows_bytes(unit, space) or 0 for unit in local}
        return Tiled(
            units=tuple(units),
            apart=apart,
            again=tuple(dict.fromkeys(u for m in members for u in m.kernel.again)),
            space=space,
            members=members,
            local=sizes,
            block=block,
            root=self.root,
        )


class _Region:
    """Members that are done together."""

    def __init__(self, space: Space, members: list[Member], root: Root) -> None:
        self.space = space
        self.root = root
        self.members = members

    @property
    def made(self) -> set[Unit]:
        """What the members write."""
        return {unit for member in self.members for unit in member.kernel.writes}

    @property
    def is_worthwhile(self) -> bool:
        """True when there is more than a product and what may be its epilogue."""
        sorts = [m.kernel.sort for m in self.members if isinstance(m.kernel, Nest)]
        products = len(self.members) - len(sorts)
        return products > 1 or (products == 1 and sorts != ["loop"])

    def has(self, kernel: Kernel) -> bool:
        """True for the kernel of a member."""
        return any(member.kernel is kernel for member in self.members)

    @property
    def ordered(self) -> list[Member]:
        """The members, each after what it reads."""
        maker = {unit: m for m in self.members for unit in m.kernel.writes}
        done: dict[Member, None] = {}
        stack = list(reversed(self.members))
        while stack:
            member = stack[-1]
            roots = map(self.root, member.kernel.reads)
            reads = [maker[unit] for unit in roots if unit in maker]
            missing = [m for m in reads if m not in done and m is not member]
            if missing and member not in done:
                stack.extend(missing)
                continue
            stack.pop()
            done[member] = None
        return list(done)


def _is_short(kernel: Kernel | None) -> bool:
    """False for a product that is better computed once, in one go, into memory."""
    return not isinstance(kernel, Product) or kernel.matrices.summed <= MOST_SUMMED


def _planned(member: Member, space: Space, block: int) -> Member:
    """The member with the plans of its products."""
    if member.matrices is None:
        return member
    m = member.matrices
    assert isinstance(member.kernel, Product)
    dtype = member.kernel.unit.array_type.dtype
    plans = []
    for rows in dict.fromkeys((block, space.rows % block or block)):
        if member.role == "rows":
            shape = shape_of(dtype, m, (rows, m.columns))
            plans.append(plan(shape, target(), shape_of(dtype, m)))
        else:
            plans.append(accumulating(shape_of(dtype, m, summed=rows), target()))
    return replace(member, plans=tuple(plans))
