"""The machine code behind `chainrule.runtime.direct`, as LLVM IR: one function for all programs.

The text reads Python's and NumPy's objects by their layout and calls their C interfaces through
addresses in the plan, so that the object code holds no address. A plan is a table of 64-bit
words: the fields of `FIELDS`, a row for each argument (`ARGUMENT`), a row for each result
(`RESULT`), then all extents. See `chainrule.runtime.direct` for what the words mean.
"""

from __future__ import annotations

FIELDS = {
    # numbers
    "arguments": "i64",  # how many
    "results": "i64",
    "extents": "i64",  # of all arguments
    "donors": "i64",  # how many arguments give their memory to a result
    "mask": "i64",  # size of the table of donors, a power of two, minus 1
    # of the program
    "entry": "ptr",
    "imports": "ptr",
    "interrupt": "ptr",
    "arenas": "ptr",  # the pool, or null
    "fail": "ptr",  # called with unit and code, raises
    # objects
    "none": "ptr",
    "list": "ptr",  # the types
    "ndarray": "ptr",
    "memory": "ptr",
    # Python's functions
    "list_new": "ptr",
    "list_size": "ptr",
    "list_get": "ptr",
    "list_set": "ptr",
    "take": "ptr",  # Py_IncRef
    "drop": "ptr",  # Py_DecRef
    "call_none": "ptr",
    "call_format": "ptr",
    "save_thread": "ptr",
    "restore_thread": "ptr",
    # NumPy's functions
    "new_array": "ptr",
    "set_base": "ptr",
}
# `first` is the word with the first extent; `item` and `bytes` size one element and all of them.
ARGUMENT = ("descr", "rank", "first", "donated", "item", "bytes")
RESULT = ("descr", "rank", "first", "donor", "blocks")  # donor -1: a block of the pool `blocks`

_TEXT = """
; Whether an array may give its memory away: it owns it, or is all there is of a block.
define internal i1 @owns(ptr %array, ptr %memory) {
  %flags.at = getelementptr i8, ptr %array, i64 FLAGS_AT
  %flags = load i32, ptr %flags.at
  %owned = and i32 %flags, OWNDATA
  %owner = icmp ne i32 %owned, 0
  br i1 %owner, label %yes, label %based
based:
  %base.at = getelementptr i8, ptr %array, i64 BASE_AT
  %base = load ptr, ptr %base.at
  %alone = icmp eq ptr %base, null
  br i1 %alone, label %no, label %look
look:
  %type.at = getelementptr i8, ptr %base, i64 TYPE_AT
  %type = load ptr, ptr %type.at
  %block = icmp eq ptr %type, %memory
  ret i1 %block
yes:
  ret i1 true
no:
  ret i1 false
}

; Where in an open hash table a key is, or would be: look whether the slot is empty.
define internal ptr @seek(ptr %table, i64 %mask, ptr %key) {
start:
  %bits = ptrtoint ptr %key to i64
  %mixed = mul i64 %bits, -7046029254386353131
  %hash = lshr i64 %mixed, 32
  br label %probe
probe:
  %h = phi i64 [ %hash, %start ], [ %h.next, %probe ]
  %h.next = add i64 %h, 1
  %n = and i64 %h, %mask
  %slot = getelementptr ptr, ptr %table, i64 %n
  %found = load ptr, ptr %slot
  %same = icmp eq ptr %found, %key
  %empty = icmp eq ptr %found, null
  %end = or i1 %same, %empty
  br i1 %end, label %done, label %probe
done:
  ret ptr %slot
}

; Whether a leaf is an array of the row's type; copies its strides.
define internal i1 @fits(ptr %plan, ptr %row, ptr %leaf, ptr %ndarray, ptr %strides) {
start:
  %type.at = getelementptr i8, ptr %leaf, i64 TYPE_AT
  %type = load ptr, ptr %type.at
  %exact = icmp eq ptr %type, %ndarray
  br i1 %exact, label %array, label %no
array:
  %descr.at = getelementptr i8, ptr %leaf, i64 DESCR_AT
  %descr = load ptr, ptr %descr.at
  %wanted = load ptr, ptr %row
  %typed = icmp eq ptr %descr, %wanted
  %rank.at = getelementptr i8, ptr %leaf, i64 RANK_AT
  %rank.narrow = load i32, ptr %rank.at
  %rank = zext i32 %rank.narrow to i64
  %rank.wanted.at = getelementptr i64, ptr %row, i64 1
  %rank.wanted = load i64, ptr %rank.wanted.at
  %ranked = icmp eq i64 %rank, %rank.wanted
  %alike = and i1 %typed, %ranked
  br i1 %alike, label %shape, label %no
shape:
  %shape.at = getelementptr i8, ptr %leaf, i64 SHAPE_AT
  %extents = load ptr, ptr %shape.at
  %steps.at = getelementptr i8, ptr %leaf, i64 STRIDES_AT
  %steps = load ptr, ptr %steps.at
  %first.at = getelementptr i64, ptr %row, i64 2
  %first = load i64, ptr %first.at
  %extents.wanted = getelementptr i64, ptr %plan, i64 %first
  br label %axis
axis:
  %a = phi i64 [ 0, %shape ], [ %a.next, %next ]
  %a.next = add i64 %a, 1
  %last = icmp eq i64 %a, %rank
  br i1 %last, label %yes, label %compare
compare:
  %extent.at = getelementptr i64, ptr %extents, i64 %a
  %extent = load i64, ptr %extent.at
  %extent.wanted.at = getelementptr i64, ptr %extents.wanted, i64 %a
  %extent.wanted = load i64, ptr %extent.wanted.at
  %same = icmp eq i64 %extent, %extent.wanted
  br i1 %same, label %next, label %no
next:
  %step.at = getelementptr i64, ptr %steps, i64 %a
  %step = load i64, ptr %step.at
  %stride.at = getelementptr i64, ptr %strides, i64 %a
  store i64 %step, ptr %stride.at
  br label %axis
yes:
  ret i1 true
no:
  ret i1 false
}

; Whether an array of any strides, of a row's shape, has a byte between the same bounds as a
; donated array.
define internal i1 @meets(ptr %plan, ptr %row, ptr %view, ptr %rows, ptr %addresses, i64 %count) {
start:
  %data.at = getelementptr i8, ptr %view, i64 DATA_AT
  %data = load i64, ptr %data.at
  %steps.at = getelementptr i8, ptr %view, i64 STRIDES_AT
  %steps = load ptr, ptr %steps.at
  %rank.at = getelementptr i64, ptr %row, i64 1
  %rank = load i64, ptr %rank.at
  %first.at = getelementptr i64, ptr %row, i64 2
  %first = load i64, ptr %first.at
  %extents = getelementptr i64, ptr %plan, i64 %first
  %item.at = getelementptr i64, ptr %row, i64 4
  %item = load i64, ptr %item.at
  %top = add i64 %data, %item
  %bytes.at = getelementptr i64, ptr %row, i64 5
  %bytes = load i64, ptr %bytes.at
  %empty = icmp eq i64 %bytes, 0
  br i1 %empty, label %no, label %axis
axis:
  %a = phi i64 [ 0, %start ], [ %a.next, %reach ]
  %low = phi i64 [ %data, %start ], [ %low.next, %reach ]
  %high = phi i64 [ %top, %start ], [ %high.next, %reach ]
  %a.next = add i64 %a, 1
  %a.end = icmp eq i64 %a, %rank
  br i1 %a.end, label %argument, label %reach
reach:
  %extent.at = getelementptr i64, ptr %extents, i64 %a
  %extent = load i64, ptr %extent.at
  %step.at = getelementptr i64, ptr %steps, i64 %a
  %step = load i64, ptr %step.at
  %last = sub i64 %extent, 1
  %way = mul i64 %last, %step
  %down = icmp slt i64 %way, 0
  %below = select i1 %down, i64 %way, i64 0
  %above = select i1 %down, i64 0, i64 %way
  %low.next = add i64 %low, %below
  %high.next = add i64 %high, %above
  br label %axis
argument:
  %i = phi i64 [ 0, %axis ], [ %i.next, %next ]
  %i.next = add i64 %i, 1
  %i.end = icmp eq i64 %i, %count
  br i1 %i.end, label %no, label %look
look:
  %words = mul i64 %i, ARGUMENT_WORDS
  %other = getelementptr i64, ptr %rows, i64 %words
  %donated.at = getelementptr i64, ptr %other, i64 3
  %donated = load i64, ptr %donated.at
  %gives = icmp ne i64 %donated, 0
  %length.at = getelementptr i64, ptr %other, i64 5
  %length = load i64, ptr %length.at
  %full = icmp ne i64 %length, 0
  %begin.at = getelementptr i64, ptr %addresses, i64 %i
  %begin = load i64, ptr %begin.at
  %end = add i64 %begin, %length
  %under = icmp ult i64 %low, %end
  %over = icmp ult i64 %begin, %high
  %both = and i1 %under, %over
  %real = and i1 %gives, %full
  %met = and i1 %both, %real
  br i1 %met, label %yes, label %next
next:
  br label %argument
yes:
  ret i1 true
no:
  ret i1 false
}

; A new reference to a block of a pool that only the pool refers to; null after an exception.
define internal ptr @borrow(ptr %pool, ptr %list_size, ptr %list_get, ptr %take, ptr %call_none) {
start:
  %count = call i64 %list_size(ptr %pool)
  br label %block
block:
  %n = phi i64 [ 0, %start ], [ %n.next, %look ]
  %n.next = add i64 %n, 1
  %none.left = icmp eq i64 %n, %count
  br i1 %none.left, label %make, label %look
look:
  %held = call ptr %list_get(ptr %pool, i64 %n)
  %references = load i32, ptr %held
  %free = icmp eq i32 %references, 1
  br i1 %free, label %found, label %block
found:
  call void %take(ptr %held)
  ret ptr %held
make:
  %made = call ptr %call_none(ptr %pool)
  ret ptr %made
}

; The first 64-byte aligned address of a block.
define internal ptr @aligned(ptr %block) {
  %data.at = getelementptr i8, ptr %block, i64 DATA_AT
  %data = load i64, ptr %data.at
  %above = add i64 %data, 63
  %address = and i64 %above, -64
  %pointer = inttoptr i64 %address to ptr
  ret ptr %pointer
}

define ptr @direct(ptr %self, ptr %leaves) {
start:
  %plan = getelementptr i8, ptr %self, i64 BYTES_AT
LOADS
  %rows = getelementptr i64, ptr %plan, i64 FIELD_COUNT
  %row.words = mul i64 %arguments, ARGUMENT_WORDS
  %result.rows = getelementptr i64, ptr %rows, i64 %row.words
  %given.at = getelementptr i8, ptr %leaves, i64 TYPE_AT
  %given = load ptr, ptr %given.at
  %listed = icmp eq ptr %given, %list
  br i1 %listed, label %count, label %miss
count:
  %length = call i64 %list_size(ptr %leaves)
  %counted = icmp eq i64 %length, %arguments
  br i1 %counted, label %tables, label %miss
tables:
  %strides = alloca i64, i64 %extents
  %addresses = alloca ptr, i64 %arguments
  %targets = alloca ptr, i64 %results
  %status = alloca [3 x i64], align 16
  br label %argument

argument:
  %i = phi i64 [ 0, %tables ], [ %i.next, %fitting ]
  %s = phi ptr [ %strides, %tables ], [ %s.next, %fitting ]
  %i.next = add i64 %i, 1
  %i.end = icmp eq i64 %i, %arguments
  br i1 %i.end, label %checked, label %check
check:
  %leaf = call ptr %list_get(ptr %leaves, i64 %i)
  %i.words = mul i64 %i, ARGUMENT_WORDS
  %row = getelementptr i64, ptr %rows, i64 %i.words
  %fits = call i1 @fits(ptr %plan, ptr %row, ptr %leaf, ptr %ndarray, ptr %s)
  br i1 %fits, label %fitting, label %miss
fitting:
  %data.at = getelementptr i8, ptr %leaf, i64 DATA_AT
  %data = load ptr, ptr %data.at
  %address.at = getelementptr ptr, ptr %addresses, i64 %i
  store ptr %data, ptr %address.at
  %rank.at = getelementptr i64, ptr %row, i64 1
  %rank = load i64, ptr %rank.at
  %s.next = getelementptr i64, ptr %s, i64 %rank
  br label %argument
checked:
  %donates = icmp ne i64 %donors, 0
  br i1 %donates, label %giving, label %outputs

; A donated array is whole, writable and given once; no other argument shows its memory.
giving:
  %slots = add i64 %mask, 1
  %owners = alloca ptr, i64 %slots
  %owners.bytes = mul i64 %slots, 8
  call void @llvm.memset.p0.i64(ptr %owners, i8 0, i64 %owners.bytes, i1 false)
  br label %donor
donor:
  %d = phi i64 [ 0, %giving ], [ %d.next, %donor.done ]
  %d.next = add i64 %d, 1
  %d.end = icmp eq i64 %d, %arguments
  br i1 %d.end, label %sharing, label %donor.check
donor.check:
  %d.words = mul i64 %d, ARGUMENT_WORDS
  %d.row = getelementptr i64, ptr %rows, i64 %d.words
  %d.donated.at = getelementptr i64, ptr %d.row, i64 3
  %d.donated = load i64, ptr %d.donated.at
  %d.gives = icmp ne i64 %d.donated, 0
  br i1 %d.gives, label %donor.flags, label %donor.done
donor.flags:
  %giver = call ptr %list_get(ptr %leaves, i64 %d)
  %giver.flags.at = getelementptr i8, ptr %giver, i64 FLAGS_AT
  %giver.flags = load i32, ptr %giver.flags.at
  %giver.fit = and i32 %giver.flags, WRITEABLE_CONTIGUOUS
  %fit = icmp eq i32 %giver.fit, WRITEABLE_CONTIGUOUS
  %giver.owns = call i1 @owns(ptr %giver, ptr %memory)
  %may.give = and i1 %fit, %giver.owns
  br i1 %may.give, label %donor.once, label %miss
donor.once:
  %giver.slot = call ptr @seek(ptr %owners, i64 %mask, ptr %giver)
  %giver.found = load ptr, ptr %giver.slot
  %once = icmp eq ptr %giver.found, null
  br i1 %once, label %donor.note, label %miss
donor.note:
  store ptr %giver, ptr %giver.slot
  br label %donor.done
donor.done:
  br label %donor
sharing:
  %n = phi i64 [ 0, %donor ], [ %n.next, %sharing.done ]
  %n.next = add i64 %n, 1
  %n.end = icmp eq i64 %n, %arguments
  br i1 %n.end, label %outputs, label %other
other:
  %n.words = mul i64 %n, ARGUMENT_WORDS
  %n.row = getelementptr i64, ptr %rows, i64 %n.words
  %n.donated.at = getelementptr i64, ptr %n.row, i64 3
  %n.donated = load i64, ptr %n.donated.at
  %n.gives = icmp ne i64 %n.donated, 0
  br i1 %n.gives, label %sharing.done, label %other.twice
other.twice:
  %kept = call ptr %list_get(ptr %leaves, i64 %n)
  %kept.slot = call ptr @seek(ptr %owners, i64 %mask, ptr %kept)
  %kept.found = load ptr, ptr %kept.slot
  %new = icmp eq ptr %kept.found, null
  br i1 %new, label %other.owner, label %miss
other.owner:
  %kept.owns = call i1 @owns(ptr %kept, ptr %memory)
  %base.at = getelementptr i8, ptr %kept, i64 BASE_AT
  %base = load ptr, ptr %base.at
  %baseless = icmp eq ptr %base, null
  %apart = or i1 %kept.owns, %baseless
  br i1 %apart, label %sharing.done, label %other.view
other.view:
  %base.type.at = getelementptr i8, ptr %base, i64 TYPE_AT
  %base.type = load ptr, ptr %base.type.at
  %base.array = icmp eq ptr %base.type, %ndarray
  br i1 %base.array, label %other.based, label %other.foreign
other.based:
  %base.owns = call i1 @owns(ptr %base, ptr %memory)
  br i1 %base.owns, label %other.owned, label %other.foreign
other.owned:
  %base.slot = call ptr @seek(ptr %owners, i64 %mask, ptr %base)
  %base.found = load ptr, ptr %base.slot
  %base.new = icmp eq ptr %base.found, null
  br i1 %base.new, label %sharing.done, label %miss
other.foreign:
  %meets = call i1 @meets(
    ptr %plan, ptr %n.row, ptr %kept, ptr %rows, ptr %addresses, i64 %arguments)
  br i1 %meets, label %miss, label %sharing.done
sharing.done:
  br label %sharing

outputs:
  %made = call ptr %list_new(i64 %results)
  %unmade = icmp eq ptr %made, null
  br i1 %unmade, label %raise, label %result
result:
  %j = phi i64 [ 0, %outputs ], [ %j.next, %result.done ]
  %j.next = add i64 %j, 1
  %j.end = icmp eq i64 %j, %results
  br i1 %j.end, label %scratch, label %result.row
result.row:
  %j.words = mul i64 %j, RESULT_WORDS
  %j.row = getelementptr i64, ptr %result.rows, i64 %j.words
  %from.at = getelementptr i64, ptr %j.row, i64 3
  %from = load i64, ptr %from.at
  %fresh = icmp slt i64 %from, 0
  br i1 %fresh, label %result.new, label %result.donated
result.donated:
  %source = call ptr %list_get(ptr %leaves, i64 %from)
  call void %take(ptr %source)
  %source.at = getelementptr ptr, ptr %addresses, i64 %from
  %source.data = load ptr, ptr %source.at
  br label %result.done
result.new:
  %blocks.at = getelementptr i64, ptr %j.row, i64 4
  %blocks = load ptr, ptr %blocks.at
  %block = call ptr @borrow(
    ptr %blocks, ptr %list_size, ptr %list_get, ptr %take, ptr %call_none)
  %blockless = icmp eq ptr %block, null
  br i1 %blockless, label %drop.outputs, label %result.array
result.array:
  %block.data = call ptr @aligned(ptr %block)
  %j.descr = load ptr, ptr %j.row
  %j.rank.at = getelementptr i64, ptr %j.row, i64 1
  %j.rank = load i64, ptr %j.rank.at
  %j.rank.narrow = trunc i64 %j.rank to i32
  %j.first.at = getelementptr i64, ptr %j.row, i64 2
  %j.first = load i64, ptr %j.first.at
  %j.shape = getelementptr i64, ptr %plan, i64 %j.first
  call void %take(ptr %j.descr)
  %array = call ptr %new_array(ptr %ndarray, ptr %j.descr, i32 %j.rank.narrow, ptr %j.shape,
    ptr null, ptr %block.data, i32 NEW_FLAGS, ptr null)
  %arrayless = icmp eq ptr %array, null
  br i1 %arrayless, label %drop.block, label %result.base
result.base:
  %based = call i32 %set_base(ptr %array, ptr %block)
  %unbased = icmp ne i32 %based, 0
  br i1 %unbased, label %drop.array, label %result.done
result.done:
  %output = phi ptr [ %source, %result.donated ], [ %array, %result.base ]
  %target = phi ptr [ %source.data, %result.donated ], [ %block.data, %result.base ]
  %target.at = getelementptr ptr, ptr %targets, i64 %j
  store ptr %target, ptr %target.at
  %set = call i32 %list_set(ptr %made, i64 %j, ptr %output)
  br label %result

scratch:
  %wants.arena = icmp ne ptr %arenas, null
  br i1 %wants.arena, label %arena.borrow, label %run
arena.borrow:
  %lent = call ptr @borrow(
    ptr %arenas, ptr %list_size, ptr %list_get, ptr %take, ptr %call_none)
  %lacking = icmp eq ptr %lent, null
  br i1 %lacking, label %drop.outputs, label %arena.place
arena.place:
  %lent.data = call ptr @aligned(ptr %lent)
  br label %run
run:
  %arena = phi ptr [ null, %scratch ], [ %lent.data, %arena.place ]
  %borrowed = phi ptr [ %none, %scratch ], [ %lent, %arena.place ]
  %code.at = getelementptr i64, ptr %status, i64 1
  %interrupt.at = getelementptr i64, ptr %status, i64 2
  store i64 0, ptr %status
  store i64 0, ptr %code.at
  store ptr %interrupt, ptr %interrupt.at
  %thread = call ptr %save_thread()
  %failed = call i64 %entry(ptr %addresses, ptr %strides, ptr %targets, ptr %arena,
    ptr %imports, ptr %status)
  call void %restore_thread(ptr %thread)
  br i1 %wants.arena, label %arena.return, label %ran
arena.return:
  call void %drop(ptr %borrowed)
  br label %ran
ran:
  %succeeded = icmp eq i64 %failed, 0
  br i1 %succeeded, label %return, label %report
report:
  %unit = load i64, ptr %status
  %code = load i64, ptr %code.at
  %raised = call ptr (ptr, ptr, ...) %call_format(ptr %fail, ptr @two, i64 %unit, i64 %code)
  br label %drop.outputs
return:
  ret ptr %made

drop.array:
  call void %drop(ptr %array)
  br label %drop.outputs
drop.block:
  call void %drop(ptr %block)
  br label %drop.outputs
drop.outputs:
  call void %drop(ptr %made)
  br label %raise
raise:
  ret ptr null
miss:
  call void %take(ptr %none)
  ret ptr %none
}

@two = private constant [3 x i8] c"LL\\00"
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
"""


def direct_ir(layout: dict[str, int]) -> str:
    """The module's text.

    Parameters
    ----------
    layout : dict of str to int
        Offsets and flags that the text names in capitals (`chainrule.runtime.layout`).
    """
    loads = []
    for word, (name, kind) in enumerate(FIELDS.items()):
        loads.append(f"  %{name}.field = getelementptr i64, ptr %plan, i64 {word}")
        loads.append(f"  %{name} = load {kind}, ptr %{name}.field")
    numbers = {
        **layout,
        "FIELD_COUNT": len(FIELDS),
        "ARGUMENT_WORDS": len(ARGUMENT),
        "RESULT_WORDS": len(RESULT),
    }
    text = _TEXT.replace("LOADS", "\n".join(loads))
    for name in sorted(numbers, key=len, reverse=True):
        text = text.replace(name, str(numbers[name]))
    return text
